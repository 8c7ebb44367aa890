/**
 * `base64`.
 *
 * Spec: GNU coreutils 9.1, base64(1); RFC 4648 §4.
 */
import { afterInput, type Command, type CommandContext } from "../command.ts";
import { readOptions } from "../options.ts";
import { readFile } from "../system-files.ts";

/** After so many letters a line ends, unless `-w` says otherwise. */
const LINE_LENGTH = "76";

/** `base64 [-d] [-w COLUMNS] [FILE]`. */
export const base64: Command = {
  name: "base64",
  parse(args) {
    const given = readOptions(args, {
      command: "base64",
      letters: "dDiw:",
      long: { decode: "d", wrap: "w", "ignore-garbage": "i" },
      allowed: "base64 [-d] [-w COLUMNS] [FILE]",
    });
    const decodes = given.has("d") || given.has("D");
    const width = Number(given.last("w") ?? LINE_LENGTH);
    const [path = "-"] = given.words;
    return afterInput((context, input) => {
      const bytes = path === "-" ? input : readFile(context.host, path);
      if (bytes === null) {
        context.io.stderr(`base64: ${path}: No such file or directory\n`);
        return 1;
      }
      return decodes ? decode(context, bytes) : encode(context, bytes, width);
    });
  },
};

function encode({ io }: CommandContext, bytes: Uint8Array, width: number): number {
  const text = Buffer.from(bytes).toString("base64");
  if (width === 0) io.stdout(text);
  else for (let at = 0; at < text.length; at += width) io.stdout(`${text.slice(at, at + width)}\n`);
  return 0;
}

function decode({ io }: CommandContext, bytes: Uint8Array): number {
  const text = Buffer.from(bytes).toString("latin1").replace(/\n/g, "");
  const [good = ""] =
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?/.exec(text) ?? [];
  io.write(new Uint8Array(Buffer.from(good, "base64")));
  if (good.length === text.length) return 0;
  io.write(
    new Uint8Array(Buffer.from(text.slice(good.length).replace(/[^A-Za-z0-9+/].*/s, ""), "base64")),
  );
  io.stderr("base64: invalid input\n");
  return 1;
}

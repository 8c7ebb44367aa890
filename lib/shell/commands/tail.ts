/**
 * `tail`.
 *
 * Spec: GNU coreutils 9.1, tail(1).
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { NS_PER_S } from "../../base/units.ts";
import { type Program, sleep, waitFor } from "../../sim/process.ts";
import { type Command, type CommandContext, notModelled } from "../command.ts";
import { readFile } from "../system-files.ts";

/** How often `-f` looks whether a file has grown. Differs: the real one is told by inotify. */
const POLL_NS = NS_PER_S;

/** `tail [-f | -F] [-n N | -c N] [FILE]`. */
export const tail: Command = {
  name: "tail",
  parse(args) {
    let follow = false;
    let retry = false;
    let unit = "n";
    let count = "10";
    const paths: string[] = [];
    const left = [...args];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const sized = /^-([nc])(.*)$/.exec(word);
      if (word === "-f" || word === "-F") {
        follow = true;
        retry ||= word === "-F";
      } else if (sized !== null) {
        unit = sized[1] ?? "n";
        count = sized[2] === "" ? (left.shift() ?? "") : (sized[2] ?? "");
      } else if (/^-[0-9]+$/.test(word)) count = word.slice(1);
      else if (word.startsWith("-")) throw notModelled("tail", word, "options are -f -F -n N -c N");
      else paths.push(word);
    }
    if (!/^\+?[0-9]+$/.test(count)) throw notModelled("tail", count, "a number of lines or bytes");
    if (paths.length > 1) throw notModelled("tail", paths[1] ?? "", "one file at a time");
    const [path = null] = paths;
    return function* (context) {
      const bytes =
        path === null ? yield* context.io.stdin.readAll() : readFile(context.host, path);
      if (bytes === null) {
        context.io.stderr(`tail: cannot open '${path}' for reading: No such file or directory\n`);
        return retry ? yield* awaitFile(context, path ?? "") : 1;
      }
      context.io.write(lastPart(bytes, unit, count));
      return follow && path !== null ? yield* followFile(context, path, bytes.length) : 0;
    };
  },
};

function lastPart(bytes: Uint8Array, unit: string, count: string): Uint8Array {
  const number = Number(count);
  if (unit === "c") {
    return count.startsWith("+")
      ? bytes.slice(number - 1)
      : bytes.slice(Math.max(0, bytes.length - number));
  }
  const lines = fromUtf8(bytes).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const skipped = count.startsWith("+") ? number - 1 : Math.max(0, lines.length - number);
  return new Uint8Array(Buffer.from(lines.slice(skipped).join("")));
}

/** Waits until the file is there, and shows it from its start. */
function* awaitFile(context: CommandContext, path: string): Program<number> {
  while (readFile(context.host, path) === null) yield sleep(POLL_NS);
  context.io.stderr(`tail: '${path}' has appeared;  following new file\n`);
  return yield* followFile(context, path, 0);
}

function* followFile({ host, io }: CommandContext, path: string, start: number): Program<number> {
  let shown = start;
  for (;;) {
    // Nothing ever comes out of /dev/null: that wait has no end.
    yield path === "/dev/null" ? waitFor([]) : sleep(POLL_NS);
    const bytes = readFile(host, path);
    if (bytes === null || bytes.length <= shown) continue;
    io.write(bytes.slice(shown));
    shown = bytes.length;
  }
}

/**
 * `wc`.
 *
 * Spec: GNU coreutils 9.1, wc(1).
 */
import { fromUtf8 } from "../../base/bytes.ts";
import {
  afterInput,
  type Command,
  type CommandContext,
  immediate,
  notModelled,
} from "../command.ts";
import { readFile } from "../system-files.ts";

/** Counts lines, words and bytes. */
export const wc: Command = {
  name: "wc",
  parse(args) {
    const flags = args
      .filter((word) => /^-./.test(word))
      .join("")
      .replaceAll("-", "");
    const other = /[^lwc]/.exec(flags);
    if (other !== null) throw notModelled("wc", `-${other[0]}`, "options are -l -w -c");
    const paths = args.filter((word) => !/^-./.test(word));
    const [path = "-"] = paths;
    if (paths.length > 1) throw notModelled("wc", paths[1] ?? "", "one file at a time");
    const act = (context: CommandContext, input: Uint8Array): number => {
      const bytes = path === "-" ? input : readFile(context.host, path);
      if (bytes === null) {
        context.io.stderr(`wc: ${path}: No such file or directory\n`);
        return 1;
      }
      context.io.stdout(`${countText(bytes, flags)}${path === "-" ? "" : ` ${path}`}\n`);
      return 0;
    };
    if (path === "-") return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

/** The counts asked for; several are as wide as the number of bytes, or seven without a file. */
function countText(bytes: Uint8Array, flags: string): string {
  const text = fromUtf8(bytes);
  const counts: readonly (readonly [string, number])[] = [
    ["l", text.split("\n").length - 1],
    ["w", text.split(/\s+/).filter((word) => word !== "").length],
    ["c", bytes.length],
  ];
  const shown = counts.filter(([flag]) => flags === "" || flags.includes(flag));
  if (shown.length === 1) return String(shown[0]?.[1]);
  const width = String(bytes.length).length;
  return shown.map(([, count]) => String(count).padStart(width)).join(" ");
}

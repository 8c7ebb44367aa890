/**
 * `head`.
 *
 * Spec: GNU coreutils 9.1, head(1).
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

/** The beginning of a file, in bytes or lines; `/dev/zero` makes data for bulk transfers. */
export const head: Command = {
  name: "head",
  parse(given) {
    // The old form: a number of lines alone.
    const args = given.map((word, at) => (at === 0 ? word.replace(/^-([0-9]+)$/, "-n$1") : word));
    const match = /^-([cn]) ?([0-9]+)$/.exec(args.slice(0, args.length > 1 ? 2 : 1).join(" "));
    const joined = /^-[cn][0-9]+$/.test(args[0] ?? "");
    const path = args[match === null ? 0 : joined ? 1 : 2] ?? "-";
    if (match === null && path.startsWith("-") && path !== "-") {
      throw notModelled("head", path, "options are -c N and -n N");
    }
    const unit = match?.[1] ?? "n";
    const count = Number(match?.[2] ?? 10);
    const act = (context: CommandContext, input: Uint8Array): number => {
      if (path === "/dev/zero" && unit === "c") {
        context.io.write(new Uint8Array(count));
        return 0;
      }
      const bytes = path === "-" ? input : readFile(context.host, path);
      if (bytes === null) {
        context.io.stderr(`head: cannot open '${path}' for reading: No such file or directory\n`);
        return 1;
      }
      if (unit === "c") context.io.write(bytes.slice(0, count));
      else {
        const lines = fromUtf8(bytes).match(/[^\n]*\n|[^\n]+$/g) ?? [];
        context.io.stdout(lines.slice(0, count).join(""));
      }
      return 0;
    };
    if (path === "-") return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

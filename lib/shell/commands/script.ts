/** Command line of `script`, a program of this project's own: its steps, or none and they are read. */
import { runScript } from "../../apps/script.ts";
import { parseScript } from "../../apps/script-steps.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { appHost } from "../app.ts";
import type { Command } from "../command.ts";
import { splitWords } from "../parse.ts";

/** One socket, step by step. */
export const scriptCommand: Command = {
  name: "script",
  parse(args) {
    if (args.length > 0) {
      const steps = parseScript(args.join(" "), splitWords);
      return (context) => runScript(appHost(context), steps);
    }
    return function* (context) {
      const text = fromUtf8(yield* context.io.stdin.readAll());
      return yield* runScript(appHost(context), parseScript(text, splitWords));
    };
  },
};

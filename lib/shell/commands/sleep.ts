/**
 * `sleep`.
 *
 * Spec: GNU coreutils 9.1, sleep(1).
 */
import { sleep } from "../../sim/process.ts";
import { type Command, ToolError } from "../command.ts";
import { parseTime } from "../time.ts";

/** Waits in virtual time. */
export const sleepCommand: Command = {
  name: "sleep",
  parse(args) {
    if (args.length === 0) {
      throw new ToolError("sleep: missing operand\nTry 'sleep --help' for more information.", 1);
    }
    const duration = args.reduce((sum, word) => sum + parseTime("sleep", word), 0);
    return function* () {
      yield sleep(duration);
      return 0;
    };
  },
};

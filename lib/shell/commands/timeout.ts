/**
 * `timeout`.
 *
 * Spec: GNU coreutils 9.1, timeout(1).
 * Not modelled: -k, -s, --foreground, --preserve-status.
 */
import { waitFor } from "../../sim/process.ts";
import { type Command, notModelled, ToolError } from "../command.ts";
import { SIGTERM } from "../process-table.ts";
import { parseTime } from "../time.ts";

/** Exit status when the time was up. */
const TIMED_OUT = 124;

/** Runs a command and ends it when the time is up. */
export const timeout: Command = {
  name: "timeout",
  parse([time = "", ...words], parseNested) {
    if (time.startsWith("-")) throw notModelled("timeout", time, "timeout DURATION COMMAND …");
    if (words.length === 0) {
      const hint = "Try 'timeout --help' for more information.";
      throw new ToolError(`timeout: missing operand\n${hint}`, 125);
    }
    const limit = parseTime("timeout", time);
    const body = parseNested(words);
    return function* (context) {
      const child = context.host.processes.spawn(words.join(" "), body(context));
      const deadline = child.pid >= 0 ? context.host.namespace.cpu.now + limit : 0;
      while (child.status === null) {
        const left = deadline - context.host.namespace.cpu.now;
        if (left <= 0 && limit > 0) {
          child.kill(SIGTERM);
          return TIMED_OUT;
        }
        yield limit === 0 ? waitFor([child.exited]) : waitFor([child.exited], left);
      }
      return child.status;
    };
  },
};

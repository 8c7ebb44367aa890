/**
 * `kill`, as the shell has it built in.
 *
 * Spec: POSIX.1-2017, kill; texts of dash 0.5.12.
 */
import { type Command, immediate, notModelled } from "../command.ts";
import { SIGTERM } from "../process-table.ts";

/** Ends processes by pid. */
export const kill: Command = {
  name: "kill",
  parse(args) {
    const signal = /^-([0-9]+)$/.exec(args[0] ?? "");
    const pids = signal === null ? args : args.slice(1);
    const bad = pids.find((word) => !/^[0-9]+$/.test(word));
    if (bad !== undefined) throw notModelled("kill", bad, "kill [-SIGNAL_NUMBER] PID …");
    return immediate(({ host, io }) => {
      let status = 0;
      for (const pid of pids) {
        const process = host.processes.find(Number(pid));
        process?.kill(Number(signal?.[1] ?? SIGTERM));
        if (process === null) {
          io.stderr(`sh: 1: kill: No such process\n\n`);
          status = 1;
        }
      }
      return status;
    });
  },
};

/**
 * `kill`, as the shell has it built in.
 *
 * Spec: POSIX.1-2017, kill; texts of dash 0.5.12.
 */
import { type Command, immediate, notModelled } from "../command.ts";
import { SIGNALS, SIGTERM } from "../process-table.ts";

/** Ends processes by pid. */
export const kill: Command = {
  name: "kill",
  parse(args) {
    const [first = "", ...others] =
      args[0] === "-s" ? [`-${args[1] ?? ""}`, ...args.slice(2)] : args;
    const [, word = null] = /^-(?:SIG)?([0-9A-Z]+)$/i.exec(first) ?? [];
    const signal = word === null ? SIGTERM : signalOf(word);
    const pids = word === null ? args : others;
    const bad = pids.find((word) => !/^[0-9]+$/.test(word));
    if (bad !== undefined) throw notModelled("kill", bad, "kill [-SIGNAL] PID …");
    return immediate(({ host, io }) => {
      let status = 0;
      for (const pid of pids) {
        const { init } = host.processes;
        const process = host.processes.find(Number(pid));
        // Signal 0 only asks whether there is such a process.
        if (process !== null && signal !== 0) {
          if (process.pid === 1 && init !== null) init.signal(signal);
          else process.kill(signal);
        }
        if (process === null) {
          io.stderr(`sh: 1: kill: No such process\n\n`);
          status = 1;
        }
      }
      return status;
    });
  },
};

function signalOf(word: string): number {
  const number = /^[0-9]+$/.test(word) ? Number(word) : SIGNALS.get(word.toUpperCase());
  if (number !== undefined) return number;
  throw notModelled("kill", word, [...SIGNALS.keys()].join(" "));
}

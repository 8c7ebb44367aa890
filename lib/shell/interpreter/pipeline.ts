/**
 * Commands that are connected by pipes.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.2; bash(1) 5.2, Pipelines.
 */
import { Pipe } from "../../apps/pipe.ts";
import { utf8 } from "../../base/bytes.ts";
import { type Process, type Program, waitFor } from "../../sim/process.ts";
import type { CommandContext } from "../command.ts";
import type { ShellCommand } from "../grammar/syntax.ts";
import { SIGTERM } from "../process-table.ts";
import type { Interpreter } from "./interpreter.ts";

/**
 * Runs them, all but the last as processes of their own; the pipe between two ends when its writer
 * does. The status is the last one's, or with `pipefail` the last that is not 0.
 */
export function* connected(shell: Interpreter, commands: readonly ShellCommand[]): Program<number> {
  const { host } = shell.context;
  let { stdin } = shell.context.io;
  const writers: Process[] = [];
  try {
    for (const command of commands.slice(0, -1)) {
      const pipe = new Pipe();
      const write = (bytes: Uint8Array): void => pipe.write(bytes);
      const io = {
        ...shell.context.io,
        stdin,
        write,
        stdout: (text: string) => write(utf8(text)),
      };
      writers.push(host.processes.spawn(command.text, writer(shell, command, io, pipe)));
      stdin = pipe;
    }
    const last = commands.at(-1);
    const child = shell.child({ ...shell.context.io, stdin });
    const status = last === undefined ? 0 : yield* child.inSubshell(last);
    for (const process of writers) {
      while (process.status === null) yield waitFor([process.exited]);
    }
    if (status !== 0 || !shell.state.options.has("pipefail")) return status;
    return writers.findLast((process) => process.status !== 0)?.status ?? 0;
  } finally {
    for (const process of writers) process.kill(SIGTERM);
  }
}

function* writer(
  shell: Interpreter,
  command: ShellCommand,
  io: CommandContext["io"],
  pipe: Pipe,
): Program<number> {
  try {
    return yield* shell.child(io).inSubshell(command);
  } finally {
    pipe.end();
  }
}

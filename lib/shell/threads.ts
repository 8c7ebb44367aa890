/**
 * The threads of a server: programs beside its own that are gone as soon as it is.
 *
 * Kernel: kernel/exit.c (do_group_exit), 6.18.
 */
import type { Process, Program } from "../sim/process.ts";
import { type ProcessTable, SIGTERM } from "./process-table.ts";

/** Starts a thread. */
export type SpawnThread = (name: string, program: Program<number>) => Process;

/** Runs the program that `main` makes. What it starts by `spawn` ends with it, whatever ends it. */
export function* withThreads(
  processes: ProcessTable,
  main: (spawn: SpawnThread) => Program<number>,
): Program<number> {
  let threads: Process[] = [];
  const spawn: SpawnThread = (name, program) => {
    const thread = processes.spawn(name, program);
    threads = [...threads.filter(({ status }) => status === null), thread];
    return thread;
  };
  try {
    return yield* main(spawn);
  } finally {
    for (const thread of threads) thread.kill(SIGTERM);
  }
}

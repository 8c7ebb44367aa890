/**
 * Ctrl-C during work that never goes back to Node's event loop, as a run does: a handler of the
 * signal would wait until the work is done.
 */
import { runInNewContext } from "node:vm";

/** 128 and the number of SIGINT, as shells count. */
const INTERRUPTED = 130;

/**
 * What `work` returns. An interrupt ends the work wherever it is, and the program through its exit
 * handlers, which take half-written output away. The work's own `finally` blocks are not run.
 */
export function interruptible<T>(work: () => T): T {
  try {
    // V8 is told to stop by a thread of Node's that waits for the signal meanwhile.
    return runInNewContext("work()", { work }, { breakOnSigint: true, displayErrors: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") process.exit(INTERRUPTED);
    throw error;
  }
}

/** What `work` comes to, while an interrupt ends the program through its exit handlers too. */
export async function interruptibleWait<T>(work: Promise<T>): Promise<T> {
  const end = (): void => process.exit(INTERRUPTED);
  process.once("SIGINT", end);
  try {
    return await work;
  } finally {
    process.off("SIGINT", end);
  }
}

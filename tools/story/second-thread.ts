/**
 * A second thread that runs labs of a story. It is this program once more with the same arguments:
 * so it knows the same labs, and has its code as bytecode.
 */
import { on } from "node:events";
import { setFlagsFromString } from "node:v8";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { RunResult } from "../../lib/lab/run.ts";
import { packageFile } from "../package-files.ts";
import { Claims } from "./claims.ts";
import type { StageLab } from "./stage.ts";

/**
 * How much bytecode a function has run when V8 thinks of optimizing it: some fifteen times what is
 * usual. Most code of a story runs too shortly to earn that work back, and it would be done on the
 * processors that the two threads are on.
 */
const INTERRUPT_BUDGET = 1_000_000;

/** What the lab at a position gave; null if it could not be run. */
export interface LabResult {
  readonly at: number;
  readonly result: RunResult | null;
}

/** The thread, as the first one has it. */
export class SecondThread {
  /**
   * Results as soon as they are there, each alone in a list, and an end. Throws what has ended the
   * thread too soon.
   */
  readonly results: AsyncIterable<[LabResult]>;
  readonly #thread: Worker;

  /** Starts it. */
  constructor({ memory }: Claims<StageLab>) {
    const program = packageFile("build/tools/vethwork.js");
    this.#thread = new Worker(program, { argv: process.argv.slice(2), workerData: memory });
    this.results = on(this.#thread, "message", { close: ["exit"] }) as AsyncIterable<[LabResult]>;
  }

  /** Ends it, whatever it is doing. */
  stop(): void {
    void this.#thread.terminate();
  }
}

/** What the thread does: it runs the labs from the middle on that the first thread has not begun. */
export function runInSecondThread(labs: readonly StageLab[]): void {
  // Not before, for bytecode fits no process that has other flags than the one that made it. By now
  // both threads have loaded theirs.
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
  const claims = new Claims(labs, workerData as SharedArrayBuffer);
  for (const [at, lab] of claims.take(labs.length >> 1)) {
    const result: LabResult = { at, result: triedRun(() => lab.run()) };
    parentPort?.postMessage(result);
  }
}

/** What `run` returns; null if it throws. */
export function triedRun(run: () => RunResult): RunResult | null {
  try {
    return run();
  } catch {
    return null;
  }
}

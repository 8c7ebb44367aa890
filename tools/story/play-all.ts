/** Runs the labs of a story, in two threads if that takes less time. */
import { availableParallelism } from "node:os";
import type { RunResult } from "../../lib/lab/run.ts";
import { Claims } from "./claims.ts";
import { type LabResult, SecondThread, triedRun } from "./second-thread.ts";
import { PlayedLab, type Stage, type StageLab } from "./stage.ts";

/** Fewer labs than these have been run before a second thread is up. */
const MIN_LABS = 5;

/** Each part with its labs, run by `run`, in order. Throws what `run` does when the part's turn comes. */
export async function* playAll(
  parts: readonly Stage[],
  run: (lab: StageLab) => RunResult,
): AsyncGenerator<readonly [part: Stage, labs: readonly PlayedLab[]]> {
  const labs = parts.flatMap((part) => part.labs);
  const results = new Map<StageLab | undefined, RunResult | null>();
  const coming = inAnyOrder(labs, run);
  try {
    for (const part of parts) {
      while (!part.labs.every((lab) => results.has(lab))) {
        const next = await coming.next();
        if (next.done === true) break;
        results.set(labs[next.value.at], next.value.result);
      }
      // What could not be run is run again, so that the reason is heard now.
      yield [part, part.labs.map((lab) => new PlayedLab(lab, results.get(lab) ?? run(lab)))];
    }
  } finally {
    await coming.return(undefined);
  }
}

async function* inAnyOrder(
  labs: readonly StageLab[],
  run: (lab: StageLab) => RunResult,
): AsyncGenerator<LabResult, undefined> {
  const claims = new Claims(labs);
  const pays = labs.length >= MIN_LABS && availableParallelism() > 1;
  const second = pays ? new SecondThread(claims) : null;
  try {
    for (const [at, lab] of claims.take(0)) yield { at, result: triedRun(() => run(lab)) };
    if (second !== null) for await (const [result] of second.results) yield result;
  } finally {
    second?.stop();
  }
}

/**
 * Whether the emulator does with a lab what the kernel does. It is equal when its run equals one
 * of the kernel's outcomes on all interfaces at once: one that was recorded or one that is seen now.
 */
import { VethworkError } from "../../lib/base/errors.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { readInputText } from "../input.ts";
import { obstacle } from "../kernel/plan.ts";
import { runLabOnEmulator } from "./emulator.ts";
import { outcomeOf, runLabOnKernel } from "./kernel.ts";
import { compareAllTotals, compareOutcomes, type Outcome, totalsOf } from "./outcome.ts";
import { type Recordings, readRecordings } from "./recordings.ts";

/** What came of the comparison of one lab. */
export interface Verdict {
  /** The lab's file. */
  readonly lab: string;
  /** `totals` are equal labs that are compared by totals; `emulator-only` labs are not compared. */
  readonly verdict: "equal" | "totals" | "different" | "emulator-only";
  /** The first difference from the most frequent outcome, or why it was not compared. */
  readonly why: string;
  /** How many of the recorded runs had the outcome that the emulator has; 0 if none. */
  readonly share: number;
  /** Recorded runs. */
  readonly runs: number;
}

/** How many times a lab is run live before its difference counts. */
const LIVE_RUNS = 5;

/** Reads a lab's file. Throws `VethworkError`. */
export function readLab(file: string): Lab {
  return parseLab(readInputText(file), file);
}

/** Compares with the recordings alone. */
export function judgeRecorded(file: string, emulate = runLabOnEmulator): Verdict {
  const lab = readLab(file);
  const reason = obstacle(lab);
  if (reason !== null) return emulatorOnly(file, reason);
  const recordings = readRecordings(file);
  if (recordings === null) {
    throw new VethworkError("VW_KERNEL", `${file}: no recordings`, "vethwork verify --record LAB");
  }
  return judge(file, lab, recordings, emulate(file, lab));
}

/** Compares with the kernel that runs here, and with the recordings if there are any. */
export async function judgeLive(file: string, cpu: number | null): Promise<Verdict> {
  const lab = readLab(file);
  const reason = obstacle(lab);
  if (reason !== null) return emulatorOnly(file, reason);
  const actual = runLabOnEmulator(file, lab);
  const recordings = readRecordings(file) ?? NO_RECORDINGS;
  let live: Recordings = NO_RECORDINGS;
  for (let run = 0; run < LIVE_RUNS; run += 1) {
    live = withRun(live, lab, outcomeOf(await runLabOnKernel(file, lab, cpu)));
    const verdict = judge(file, lab, live, actual);
    if (verdict.verdict !== "different") return verdict;
    const recorded = judge(file, lab, recordings, actual);
    if (recorded.verdict !== "different") return recorded;
  }
  return judge(file, lab, live, actual);
}

const NO_RECORDINGS: Recordings = { kernel: "", runs: 0, outcomes: [], totals: [] };

function withRun(before: Recordings, lab: Lab, outcome: Outcome): Recordings {
  const { kernel, runs, outcomes, totals } = before;
  return lab.verify.compare === "totals"
    ? { kernel, runs: runs + 1, outcomes, totals: [...totals, totalsOf(outcome)] }
    : { kernel, runs: runs + 1, outcomes: [...outcomes, { ...outcome, count: 1 }], totals };
}

function judge(file: string, lab: Lab, kernel: Recordings, actual: Outcome): Verdict {
  const { runs, outcomes, totals } = kernel;
  const found = { lab: file, share: 0, runs };
  if (lab.verify.compare === "totals") {
    const why = totals.length === 0 ? "no run" : compareAllTotals(totals, totalsOf(actual));
    return why === null
      ? { ...found, verdict: "totals", why: "", share: runs }
      : { ...found, verdict: "different", why };
  }
  let first = "no run";
  for (const [index, outcome] of outcomes.entries()) {
    const why = compareOutcomes(lab, outcome, actual);
    if (why === null) return { ...found, verdict: "equal", why: "", share: outcome.count };
    if (index === 0) first = why;
  }
  return { ...found, verdict: "different", why: first };
}

function emulatorOnly(file: string, why: string): Verdict {
  return { lab: file, verdict: "emulator-only", why, share: 0, runs: 0 };
}

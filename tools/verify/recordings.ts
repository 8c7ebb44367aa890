/**
 * A lab's recordings of the real kernel, in the folder `kernel` beside it: `outcomes.json` with the
 * distinct outcomes and how often each was seen, and a pcapng file for each of them. Labs that are
 * compared by totals keep the totals of each run instead of captures.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCapture } from "../../lib/capture/read.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import type { CommandOutput } from "../../lib/lab/outputs.ts";
import type { KernelRun } from "../kernel/run.ts";
import { compareOutcomes, type Outcome, type TotalsOutcome, totalsOf } from "./outcome.ts";

/** A distinct outcome. */
export interface RecordedOutcome extends Outcome {
  /** How many runs came to it. */
  readonly count: number;
}

/** What a folder of recordings holds. */
export interface Recordings {
  /** `uname -r` of the kernel that was recorded. */
  readonly kernel: string;
  readonly runs: number;
  /** The most frequent first; empty for labs that are compared by totals. */
  readonly outcomes: readonly RecordedOutcome[];
  readonly totals: readonly TotalsOutcome[];
}

interface Index {
  readonly kernel: string;
  readonly runs: number;
  readonly outcomes: readonly {
    readonly count: number;
    readonly capture: string;
    readonly outputs: readonly CommandOutput[];
  }[];
  readonly totals: readonly TotalsOutcome[];
}

const FOLDER = "kernel";
const INDEX = "outcomes.json";

/** The recordings beside a lab's file, or null if there are none. */
export function readRecordings(labFile: string): Recordings | null {
  const folder = join(dirname(labFile), FOLDER);
  let index: Index;
  try {
    index = JSON.parse(readFileSync(join(folder, INDEX), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const outcomes = index.outcomes.map(({ count, capture, outputs }) => {
    const path = join(folder, capture);
    return { count, outputs, capture: readCapture(readFileSync(path), path) };
  });
  return { kernel: index.kernel, runs: index.runs, outcomes, totals: index.totals };
}

/** Sorts runs of a lab by outcome and writes them beside its file, in the place of what was there. */
export function writeRecordings(labFile: string, lab: Lab, runs: readonly KernelRun[]): Recordings {
  const byTotals = lab.verify.compare === "totals";
  const decoded = runs.map((run) => ({
    run,
    outcome: { capture: readCapture(run.capture), outputs: run.outputs.map(plainOutput) },
  }));
  const groups = byTotals ? [] : grouped(lab, decoded);
  const totals = byTotals ? decoded.map(({ outcome }) => totalsOf(outcome)) : [];
  const index: Index = {
    kernel: runs[0]?.kernel ?? "",
    runs: runs.length,
    outcomes: groups.map(({ count, example }, number) => ({
      count,
      capture: `outcome-${number + 1}.pcapng`,
      outputs: example.outcome.outputs,
    })),
    totals,
  };
  const folder = join(dirname(labFile), FOLDER);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (/^outcome-[0-9]+\.pcapng$/.test(name)) rmSync(join(folder, name));
  }
  for (const [number, { example }] of groups.entries()) {
    writeFileSync(join(folder, `outcome-${number + 1}.pcapng`), example.run.capture);
  }
  writeFileSync(join(folder, INDEX), `${JSON.stringify(index, null, 1)}\n`);
  const outcomes = groups.map(({ count, example }) => ({ count, ...example.outcome }));
  return { kernel: index.kernel, runs: index.runs, outcomes, totals };
}

interface Decoded {
  readonly run: KernelRun;
  readonly outcome: Outcome;
}

function grouped(lab: Lab, runs: readonly Decoded[]): { count: number; example: Decoded }[] {
  const groups: { count: number; example: Decoded }[] = [];
  for (const run of runs) {
    const same = groups.find(
      ({ example }) => compareOutcomes(lab, example.outcome, run.outcome) === null,
    );
    if (same === undefined) groups.push({ count: 1, example: run });
    else same.count += 1;
  }
  return groups.sort((a, b) => b.count - a.count);
}

function plainOutput({ on, run, status, stdout }: CommandOutput): CommandOutput {
  return { on, run, status, stdout };
}

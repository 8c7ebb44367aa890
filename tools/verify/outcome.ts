/**
 * What one run of a lab came to, on the kernel or on the emulator, and whether two runs came to the
 * same.
 */
import { type Mac, parseMac } from "../../lib/base/mac.ts";
import type { Capture } from "../../lib/capture/capture.ts";
import { compareRuns } from "../../lib/capture/compare.ts";
import { comparePace } from "../../lib/capture/pace.ts";
import { compareTotals, type StreamTotals, totals } from "../../lib/capture/totals.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { type CommandOutput, compareOutputs } from "../../lib/lab/outputs.ts";
import { linkEndMac } from "../kernel/plan.ts";

/** A run, compared frame by frame. */
export interface Outcome {
  readonly capture: Capture;
  readonly outputs: readonly CommandOutput[];
}

/** What is known of runs whose frames differ every time. */
export interface TotalsOutcome {
  readonly totals: readonly StreamTotals[];
  readonly outputs: readonly CommandOutput[];
}

/** The totals of a run. */
export function totalsOf({ capture, outputs }: Outcome): TotalsOutcome {
  return { totals: totals(capture), outputs };
}

/** Where two runs differ first, in words, or null. */
export function compareOutcomes(lab: Lab, expected: Outcome, actual: Outcome): string | null {
  const options = { fixedMacs: fixedMacsOf(lab), damages: damages(lab) };
  return (
    compareRuns(expected.capture, actual.capture, options) ??
    comparePace(expected.capture, actual.capture) ??
    compareOutputs(expected.outputs, actual.outputs)
  );
}

/** The same for totals: where a run leaves what the others had. */
export function compareAllTotals(
  expected: readonly TotalsOutcome[],
  actual: TotalsOutcome,
): string | null {
  const [first] = expected;
  return (
    compareTotals(
      expected.map((one) => one.totals),
      actual.totals,
    ) ?? compareOutputs(first?.outputs ?? [], actual.outputs)
  );
}

/** Whether a line of the lab turns bits over. */
function damages(lab: Lab): boolean {
  const lines = (lab.topology?.links ?? []).flatMap((link) => link.lines);
  return lines.some((line) => line !== null && line.exact.corrupt.size > 0);
}

/** Addresses that the lab gives to devices, in links or in commands. */
function fixedMacsOf(lab: Lab): Set<Mac> {
  const macs = new Set<Mac>();
  for (const link of lab.topology?.links ?? []) {
    for (const end of link.ends) macs.add(linkEndMac(end));
  }
  const commands = [
    ...(lab.topology?.setup ?? []).map(({ command }) => command.value),
    ...lab.steps.flatMap((step) => (step.kind === "run" ? [step.command.value] : [])),
  ];
  for (const command of commands) {
    for (const [mac] of command.matchAll(/\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/gi)) {
      macs.add(parseMac(mac));
    }
  }
  return macs;
}

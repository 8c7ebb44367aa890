/** `vethwork diff`: the first frame and field in which two captures differ. */
import type { Command } from "commander";
import type { Capture } from "../../lib/capture/capture.ts";
import { compareRuns } from "../../lib/capture/compare.ts";
import { diffCaptures } from "../../lib/capture/diff.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { readInput } from "../input.ts";

/** The captures differ. */
const DIFFERENT = 1;

interface DiffFlags {
  readonly normalise?: boolean;
  readonly json?: boolean;
}

/** Registers the command. */
export function addDiffCommand(program: Command): void {
  program
    .command("diff")
    .description("say how two captures differ")
    .argument("<a>", "a pcap or pcapng file")
    .argument("<b>", "another")
    .option("-n, --normalise", "leave out what differs from run to run: numbers drawn, times")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExit status: 0 the same, 1 different, 2 bad input.")
    .action((a: string, b: string, flags: DiffFlags) => {
      const difference = compare(readCapture(readInput(a), a), readCapture(readInput(b), b), flags);
      if (difference !== null) process.exitCode = DIFFERENT;
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ difference })}\n`);
      else if (difference !== null) process.stdout.write(`${difference}\n`);
    });
}

function compare(a: Capture, b: Capture, flags: DiffFlags): string | null {
  if (flags.normalise !== true) return diffCaptures(b, a);
  return compareRuns(a, b, { expectedName: "in the first", actualName: "in the second" });
}

/** Runs a lab's file on the emulator and gives what the kernel's engine gives: frames and outputs. */
import { readFileSync } from "node:fs";
import { readCapture } from "../../lib/capture/read.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import type { CommandOutput } from "../../lib/lab/outputs.ts";
import type { CommandReport, Report } from "../../lib/lab/report.ts";
import { runLab } from "../../lib/lab/run.ts";
import { filesBeside } from "../input.ts";
import type { Outcome } from "./outcome.ts";

/** Exit status that is compared for a command that never ended. */
const NEVER_ENDED = -1;

/** The outcome of a lab on the emulator. `text` is the lab's text if it is not that of the file. */
export function runLabOnEmulator(labFile: string, lab: Lab, text?: string): Outcome {
  const merged = new MemorySink();
  const { report } = runLab(text ?? readFileSync(labFile, "utf8"), {
    file: labFile,
    readFile: filesBeside(labFile),
    sink: (name) => (name === MERGED_CAPTURE ? merged : null),
  });
  return { capture: readCapture(merged.bytes()), outputs: foregroundOutputs(lab, report) };
}

/** Outputs of the commands that the lab waits for; programs beside the steps are left out. */
function foregroundOutputs(lab: Lab, report: Report): CommandOutput[] {
  const commands = report.steps.flatMap(({ command }) => command ?? []);
  let next = lab.processes.length;
  const outputs: CommandOutput[] = [];
  const take = (counts: boolean): void => {
    const command = commands[next];
    next += 1;
    if (counts && command !== undefined) outputs.push(outputOf(command));
  };
  for (const step of lab.steps) {
    if (step.kind === "run") take(!step.background);
    if (step.kind === "parallel") for (const _ of step.commands) take(true);
  }
  for (const one of lab.expectations) if (one.kind === "command") take(true);
  return outputs;
}

function outputOf({ on, run, status, stdout }: CommandReport): CommandOutput {
  return { on, run, status: status ?? NEVER_ENDED, stdout };
}

/** `vethwork run`: runs a lab, writes what it leaves behind, says what happened. */
import type { Command } from "commander";
import type { ByteSink } from "../../lib/capture/sink.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import { TeeSink } from "../../lib/lab/captures.ts";
import { reportAsJson, reportAsText } from "../../lib/lab/report.ts";
import { type RunResult, runLab } from "../../lib/lab/run.ts";
import { wholeNumber } from "../arguments.ts";
import { filesBeside, readInputText } from "../input.ts";
import { interruptible } from "../interrupt.ts";
import { type Output, OutputFile, OutputFolder, STANDARD_OUTPUT } from "../output.ts";
import { ProgressLine } from "../progress.ts";

/** The lab's check failed. */
const FAILED = 1;

interface RunFlags {
  readonly output?: string;
  readonly write?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Registers the command. */
export function addRunCommand(program: Command): void {
  program
    .command("run")
    .description("run a lab and say what happened")
    .argument("<lab>", "the lab's YAML file; - for standard input")
    .option("-o, --output <folder>", "write captures, dumps, outputs and the report there")
    .option("-w, --write <file>", "write the merged capture as pcapng; - for a pipe")
    .option("--seed <number>", "instead of the lab's own seed", wholeNumber(0))
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 all that the lab expects holds, 1 something does not, 2 bad input." +
        "\nInto Wireshark: vethwork run LAB -w - | wireshark -k -i -",
    )
    .action((lab: string, flags: RunFlags) => {
      const result = interruptible(() => run(lab, flags));
      if (!result.passed) process.exitCode = FAILED;
    });
}

function run(lab: string, flags: RunFlags): RunResult {
  const text = readInputText(lab);
  const outputs = new Outputs(flags);
  const progress = new ProgressLine();
  try {
    const result = runLab(text, {
      file: lab,
      readFile: filesBeside(lab),
      sink: (name) => outputs.open(name),
      progress: progress.report,
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    });
    outputs.commit();
    progress.end();
    sayWhatHappened(result, flags);
    return result;
  } finally {
    progress.end();
  }
}

function sayWhatHappened({ report }: RunResult, flags: RunFlags): void {
  const text = flags.json === true ? reportAsJson(report) : reportAsText(report);
  const piped = flags.write === "-";
  (piped ? process.stderr : process.stdout).write(text);
  if (flags.json === true || piped || flags.output === undefined) return;
  process.stdout.write(`written to ${flags.output}: ${MERGED_CAPTURE} and more\n`);
}

/** What a run writes; nothing is made before the lab has been checked. */
class Outputs {
  readonly #flags: RunFlags;
  readonly #open: Output[] = [];
  #folder: OutputFolder | null = null;

  constructor(flags: RunFlags) {
    this.#flags = flags;
  }

  open(name: string): ByteSink | null {
    const inFolder = this.#inFolder(name);
    const { write } = this.#flags;
    if (write === undefined || name !== MERGED_CAPTURE) return inFolder;
    const file = write === "-" ? STANDARD_OUTPUT : new OutputFile(write);
    this.#open.push(file);
    return inFolder === null ? file : new TeeSink(inFolder, file);
  }

  commit(): void {
    for (const output of this.#open) output.commit();
  }

  #inFolder(name: string): ByteSink | null {
    const { output } = this.#flags;
    if (output === undefined) return null;
    if (this.#folder === null) {
      this.#folder = new OutputFolder(output);
      this.#open.push(this.#folder);
    }
    return this.#folder.file(name);
  }
}

/** `vethwork story`: tells what Services are in nine labs, on the terminal, and leaves the captures. */
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { VethworkError } from "../../lib/base/errors.ts";
import { interruptible } from "../interrupt.ts";
import { makeFolder, OutputFolder } from "../output.ts";
import { STORY_FOLDER } from "../shipped-labs.ts";
import { COLOURED, Page, PLAIN } from "../story/page.ts";
import { type PlayedLab, type Stage, stagesIn } from "../story/stage.ts";
import { tell } from "../story/tell.ts";

/** Something that a lab of the story expects does not hold. */
const FAILED = 1;

interface StoryFlags {
  readonly output: string;
  readonly from?: string;
}

/** Registers the command. */
export function addStoryCommand(program: Command): void {
  program
    .command("story")
    .description("tell how Kubernetes Services work, in nine labs")
    .argument("[part...]", "only these parts: S1 … S9")
    .option("-o, --output <folder>", "captures, dumps and reports go there", "out")
    .option("--from <folder>", "another story: folders with a story.md beside labs")
    .addHelpText("after", "\nExit status: 0 all that the labs expect holds, 1 not, 2 bad input.")
    .action((parts: string[], flags: StoryFlags) => {
      const stages = stagesIn(flags.from ?? STORY_FOLDER);
      const wanted = chosen(stages, parts);
      makeFolder(flags.output);
      for (const stage of wanted) interruptible(() => tellOne(stage, flags.output));
    });
}

function tellOne(stage: Stage, output: string): void {
  const isTerminal = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  const page = new Page(isTerminal ? COLOURED : PLAIN);
  const labs = stage.play();
  const place = join(output, stage.name);
  for (const lab of labs) write(lab, join(place, lab.name));
  tell(stage, labs, place, page);
  process.stdout.write(page.text);
  if (labs.some(({ run }) => !run.passed)) process.exitCode = FAILED;
}

function write({ run }: PlayedLab, place: string): void {
  makeFolder(dirname(place));
  const folder = new OutputFolder(place);
  for (const [name, bytes] of run.artefacts) folder.file(name).write(bytes);
  folder.commit();
}

/** `S3` and `3` are the third part. Throws `VW_USAGE` for one that is not there. */
function chosen(stages: readonly Stage[], parts: readonly string[]): readonly Stage[] {
  if (parts.length === 0) return stages;
  return parts.map((part) => {
    const stage = stages[Number(/^[Ss]?([0-9]+)$/.exec(part)?.[1] ?? 0) - 1];
    if (stage !== undefined) return stage;
    throw new VethworkError("VW_USAGE", `no part "${part}"`, `S1 to S${stages.length}`);
  });
}

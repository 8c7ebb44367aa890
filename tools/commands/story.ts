/** `vethwork story`: tells what Services are in nine labs, on the terminal, and leaves the captures. */
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { Command } from "commander";
import { VethworkError } from "../../lib/base/errors.ts";
import { interruptible, interruptibleWait } from "../interrupt.ts";
import { makeFolder, OutputFolder } from "../output.ts";
import { STORY_FOLDER } from "../shipped-labs.ts";
import { COLOURED, Page, PLAIN } from "../story/page.ts";
import { playAll } from "../story/play-all.ts";
import { runInSecondThread } from "../story/second-thread.ts";
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
    .action(async (names: string[], { output, from }: StoryFlags) => {
      const parts = chosen(stagesIn(from ?? STORY_FOLDER), names);
      if (isMainThread) await interruptibleWait(tellAll(parts, output));
      else runInSecondThread(parts.flatMap(({ labs }) => labs));
    });
}

async function tellAll(parts: readonly Stage[], output: string): Promise<void> {
  const isTerminal = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  makeFolder(output);
  for await (const [part, labs] of playAll(parts, (lab) => interruptible(() => lab.run()))) {
    const page = new Page(isTerminal ? COLOURED : PLAIN);
    const place = join(output, part.name);
    for (const lab of labs) write(lab, join(place, lab.name));
    tell(part, labs, place, page);
    process.stdout.write(page.text);
    if (labs.some(({ run }) => !run.passed)) process.exitCode = FAILED;
  }
}

function write({ run }: PlayedLab, place: string): void {
  makeFolder(dirname(place));
  const folder = new OutputFolder(place);
  for (const [name, bytes] of run.artefacts) folder.file(name).write(bytes);
  folder.commit();
}

/** `S3` and `3` are the third part. Throws `VW_USAGE` for one that is not there. */
function chosen(stages: readonly Stage[], names: readonly string[]): readonly Stage[] {
  if (names.length === 0) return stages;
  return names.map((name) => {
    const stage = stages[Number(/^[Ss]?([0-9]+)$/.exec(name)?.[1] ?? 0) - 1];
    if (stage !== undefined) return stage;
    throw new VethworkError("VW_USAGE", `no part "${name}"`, `S1 to S${stages.length}`);
  });
}

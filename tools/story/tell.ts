/** Tells a story: its words, with what its labs gave where the script asks for it. */
import { VethworkError } from "../../lib/base/errors.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import type { CommandReport } from "../../lib/lab/report.ts";
import { costTable } from "./costs.ts";
import { framesOf, outputOf, timelineOf } from "./excerpts.ts";
import type { Page } from "./page.ts";
import type { DisplayFilter, Passage } from "./script.ts";
import type { PlayedLab, Stage } from "./stage.ts";

/** Tells one story on a page. `place` is the folder of its captures. Throws `VW_STORY`. */
export function tell(stage: Stage, labs: readonly PlayedLab[], place: string, page: Page): void {
  const { title, passages } = stage.script;
  const played = new Played(stage.name, labs);
  page.heading(title);
  for (const passage of passages) tellPassage(passage, played, place, page);
  for (const { run } of labs) {
    for (const { problem } of run.report.expectations) {
      if (problem !== "") page.paragraph(`FAILED: ${problem}`);
    }
  }
}

function tellPassage(passage: Passage, played: Played, place: string, page: Page): void {
  switch (passage.kind) {
    case "text":
      page.paragraph(passage.text);
      break;
    case "show": {
      const command = played.step(passage.lab, passage.step);
      page.command(`${command.on}$`, command.run, outputOf(command, passage.only));
      break;
    }
    case "timeline": {
      const { startedAtNs } = played.step(passage.lab, passage.step);
      page.block(timelineOf(played.lab(passage.lab), startedAtNs, passage.only));
      break;
    }
    case "frames":
      page.block(framesOf(played.lab(passage.lab), passage));
      break;
    case "costs":
      page.block(costTable(passage.labs.map((name) => played.lab(name))));
      break;
    case "wireshark": {
      const path = [place, passage.lab, MERGED_CAPTURE].filter((part) => part !== "");
      page.filters(path.join("/"), filterLines(passage.filters));
    }
  }
}

/** The labs of a story and their steps, by name. */
class Played {
  readonly #story: string;
  readonly #labs: readonly PlayedLab[];

  constructor(story: string, labs: readonly PlayedLab[]) {
    this.#story = story;
    this.#labs = labs;
  }

  lab(name: string): PlayedLab {
    const found = this.#labs.find((lab) => lab.name === name);
    if (found !== undefined) return found;
    const known = this.#labs.map((lab) => lab.name);
    throw new VethworkError("VW_STORY", `${this.#story}: no lab "${name}"`, known.join(", "));
  }

  step(lab: string, name: string): CommandReport {
    const commands = this.lab(lab).run.report.steps.flatMap(({ command }) => command ?? []);
    const found = commands.find((command) => command.name === name);
    if (found !== undefined) return found;
    const known = commands.map((command) => command.name).filter((one) => one !== "");
    throw new VethworkError("VW_STORY", `${this.#story}: no step "${name}"`, known.join(", "));
  }
}

function filterLines(filters: readonly DisplayFilter[]): string[] {
  const width = Math.max(...filters.map(({ filter }) => filter.length));
  return filters.map(({ filter, shows }) => `${filter.padEnd(width)}   ${shows}`);
}

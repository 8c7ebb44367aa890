/** Tells a story: its words, with what its labs gave where the script asks for it. */

import { fromUtf8 } from "../../lib/base/bytes.ts";
import { VethworkError } from "../../lib/base/errors.ts";
import type { CapturedFrame } from "../../lib/capture/capture.ts";
import { interfaceName } from "../../lib/capture/capture.ts";
import { Dumper } from "../../lib/capture/dump.ts";
import { parseFilter } from "../../lib/capture/filter.ts";
import { Direction } from "../../lib/capture/tap.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import type { EventReport } from "../../lib/lab/report.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { readInputText } from "../input.ts";
import { costTable } from "./costs.ts";
import type { Page } from "./page.ts";
import type { DisplayFilter, Passage } from "./script.ts";
import type { PlayedLab, Stage } from "./stage.ts";

/** What a left-out part of an output is. */
const LEFT_OUT = "…";

type FramesPassage = Extract<Passage, { kind: "frames" }>;

/** Tells one story on a page. `place` is where its captures are; "" if they were not written. */
export function tell(stage: Stage, labs: readonly PlayedLab[], place: string, page: Page): void {
  page.heading(stage.script.title);
  for (const passage of stage.script.passages) tellPassage(passage, stage, labs, place, page);
  for (const { run } of labs) {
    for (const { problem } of run.report.expectations) {
      if (problem !== "") page.paragraph(`FAILED: ${problem}`);
    }
  }
}

function tellPassage(
  passage: Passage,
  stage: Stage,
  labs: readonly PlayedLab[],
  place: string,
  page: Page,
): void {
  switch (passage.kind) {
    case "text":
      page.paragraph(passage.text);
      return;
    case "show": {
      const step = stepNamed(stage, labOf(stage, labs, passage.lab), passage.step);
      page.command(...transcript(step, passage.only));
      return;
    }
    case "timeline":
      page.block(timeline(stage, labOf(stage, labs, passage.lab), passage.step, passage.only));
      return;
    case "frames":
      page.block(frames(labOf(stage, labs, passage.lab), passage));
      return;
    case "costs": {
      const costed = passage.labs.map((name) => {
        const { run, capture } = labOf(stage, labs, name);
        const file = stage.labFile(name);
        return { name, run, capture, lab: parseLab(readInputText(file), file) };
      });
      page.block(costTable(costed));
      return;
    }
    case "wireshark":
      page.filters(captureOf(place, passage.lab), filterLines(passage.filters));
  }
}

function labOf(stage: Stage, labs: readonly PlayedLab[], name: string): PlayedLab {
  const found = labs.find((lab) => lab.name === name);
  if (found !== undefined) return found;
  const known = labs.map((lab) => lab.name).join(", ");
  throw new VethworkError("VW_STORY", `${stage.name}: no lab "${name}"`, known);
}

function stepNamed(stage: Stage, { run }: PlayedLab, name: string): EventReport {
  const { steps } = run.report;
  const found = steps.find(({ command }) => command?.name === name);
  if (found !== undefined) return found;
  const known = steps.flatMap(({ command }) => (command?.name ? [command.name] : []));
  throw new VethworkError("VW_STORY", `${stage.name}: no step "${name}"`, known.join(", "));
}

/** The prompt, the command and its output. */
function transcript(
  { command }: EventReport,
  only: readonly RegExp[],
): [prompt: string, line: string, output: string] {
  if (command === null) return ["", "", ""];
  const { on, run, stdout, stderr, status } = command;
  const lines = chosen(linesOf(stdout + stderr), only);
  const hasFailed = status !== 0 && status !== null;
  if (hasFailed && only.length === 0) lines.push(`(exit status ${status})`);
  return [`${on}$`, run, lines.join("\n")];
}

/** The lines that match, with a sign for those between them. */
function chosen(lines: readonly string[], only: readonly RegExp[]): string[] {
  if (only.length === 0) return [...lines];
  const kept: string[] = [];
  for (const line of lines) {
    if (only.some((expression) => expression.test(line))) kept.push(line);
    else if (kept.at(-1) !== LEFT_OUT) kept.push(LEFT_OUT);
  }
  return kept;
}

function timeline(stage: Stage, played: PlayedLab, step: string, only: readonly RegExp[]): string {
  const { startedAtNs } = stepNamed(stage, played, step);
  const lines = linesOf(fromUtf8(played.run.artefacts.get("timeline.txt") ?? new Uint8Array(0)));
  const later = lines.filter((line) => Number.parseFloat(line) * 1e9 >= startedAtNs);
  return later
    .filter((line) => only.length === 0 || only.some((one) => one.test(line)))
    .map((line) => line.trimStart())
    .join("\n");
}

/** The frames, as tcpdump prints them but for TCP's options. */
function frames({ capture }: PlayedLab, { interfaces, filter, most }: FramesPassage): string {
  const passes = parseFilter(filter);
  const dumpers = capture.interfaces.map(() => new Dumper());
  const rows: [string, string][] = [];
  for (const frame of capture.frames) {
    const text = dumpers[frame.interfaceIndex]?.describe(frame.bytes, frame.originalLength) ?? "";
    const name = interfaceName(capture, frame);
    if (
      !interfaces.some((one) => matches(one, name)) ||
      !passes(viewOf(frame), 0, frame.bytes.length)
    ) {
      continue;
    }
    const direction = frame.direction === Direction.IN ? "in" : "out";
    rows.push([`${name} ${direction}`, text.replace(/, (options \[|seq |ack |win ).*$/, "")]);
  }
  if (rows.length === 0) return "no frame";
  const width = Math.max(...rows.map(([where]) => where.length));
  const lines = rows.map(([where, text]) => `${where.padEnd(width)}  ${text}`);
  return lines.length > most ? [...lines.slice(0, most), LEFT_OUT].join("\n") : lines.join("\n");
}

/** `web-*` in a name of an interface stands for the Pods of a workload. */
function matches(wanted: string, name: string): boolean {
  if (!wanted.includes("*")) return wanted === name;
  const [before = "", after = ""] = wanted.split("*");
  return name.startsWith(before) && name.endsWith(after);
}

function viewOf({ bytes }: CapturedFrame): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function captureOf(place: string, lab: string): string {
  return [place, lab, MERGED_CAPTURE].filter((part) => part !== "").join("/");
}

function filterLines(filters: readonly DisplayFilter[]): string[] {
  const width = Math.max(...filters.map(({ filter }) => filter.length));
  return filters.map(({ filter, shows }) => `${filter.padEnd(width)}   ${shows}`);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line, at, all) => line !== "" || at < all.length - 1);
}

/** Parts of what a run gave: lines of an output, of the cluster's timeline, frames of its capture. */
import { fromUtf8 } from "../../lib/base/bytes.ts";
import { NS_PER_S, type Ns } from "../../lib/base/units.ts";
import { type CapturedFrame, interfaceName } from "../../lib/capture/capture.ts";
import { Dumper } from "../../lib/capture/dump.ts";
import { parseFilter } from "../../lib/capture/filter.ts";
import { Direction } from "../../lib/capture/tap.ts";
import type { CommandReport } from "../../lib/lab/report.ts";
import { matches } from "../../lib/lab/selection.ts";
import type { Passage } from "./script.ts";
import type { PlayedLab } from "./stage.ts";

/** Stands for what is left out. */
const LEFT_OUT = "…";
const TIMELINE = "timeline.txt";

/** What a command printed: all of it, with how it ended; or the lines that match one of `only`. */
export function outputOf(
  { stdout, stderr, status }: CommandReport,
  only: readonly RegExp[],
): string {
  const lines = linesOf(stdout + stderr);
  if (only.length > 0) return chosen(lines, only).join("\n");
  if (status !== 0 && status !== null) lines.push(`(exit status ${status})`);
  return lines.join("\n");
}

/** What happened in the cluster from `since` on; lines that match one of `only`, or all. */
export function timelineOf({ run }: PlayedLab, since: Ns, only: readonly RegExp[]): string {
  return linesOf(fromUtf8(run.artefacts.get(TIMELINE) ?? new Uint8Array(0)))
    .filter((line) => Number.parseFloat(line) * NS_PER_S >= since)
    .filter((line) => only.length === 0 || only.some((one) => one.test(line)))
    .map((line) => line.trimStart())
    .join("\n");
}

/** Frames that pass a filter on some interfaces, as tcpdump prints them but for TCP's options. */
export function framesOf(
  { capture }: PlayedLab,
  { interfaces, filter, most }: Extract<Passage, { kind: "frames" }>,
): string {
  const passes = parseFilter(filter);
  const wanted = interfaces.map(deviceName);
  const dumpers = capture.interfaces.map(() => new Dumper());
  const rows: [where: string, text: string][] = [];
  for (const frame of capture.frames) {
    // Frames that are not shown are looked at all the same: relative numbers count from them.
    const text = dumpers[frame.interfaceIndex]?.describe(frame.bytes, frame.originalLength) ?? "";
    const name = interfaceName(capture, frame);
    const { node, device } = deviceName(name);
    if (!wanted.some((one) => matches(one, node, device))) continue;
    if (!passes(viewOf(frame), 0, frame.bytes.length)) continue;
    const direction = frame.direction === Direction.IN ? "in" : "out";
    rows.push([`${name} ${direction}`, text.replace(/, (options \[|seq |ack |win ).*$/, "")]);
  }
  const width = Math.max(0, ...rows.map(([where]) => where.length));
  const lines = rows.map(([where, text]) => `${where.padEnd(width)}  ${text}`);
  return (lines.length > most ? [...lines.slice(0, most), LEFT_OUT] : lines).join("\n");
}

/** The lines that match, with a sign for those between them. */
function chosen(lines: readonly string[], only: readonly RegExp[]): string[] {
  const kept: string[] = [];
  for (const line of lines) {
    if (only.some((expression) => expression.test(line))) kept.push(line);
    else if (kept.at(-1) !== LEFT_OUT) kept.push(LEFT_OUT);
  }
  return kept;
}

function deviceName(name: string): { node: string; device: string } {
  const slash = name.lastIndexOf("/");
  return { node: name.slice(0, slash), device: name.slice(slash + 1) };
}

function viewOf({ bytes }: CapturedFrame): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, "").split("\n");
}

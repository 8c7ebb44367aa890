/**
 * Golden files: what a run must produce, kept beside the lab that produces it. The same code serves
 * the chai plugin and vethwork's own specs.
 *
 * A folder holds `expected.pcapng` (the artefact `merged.pcapng`), `expected.txt` (its text, whose
 * first line says how both were made) and `expected.NAME` for every other artefact `NAME`.
 *
 * `UPDATE_GOLDEN=1` writes them. Without it a mismatch writes `actual.*` beside them and says the
 * first difference in words. When `CI` is set nothing is ever written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, fromUtf8, utf8 } from "../lib/base/bytes.ts";
import { VethworkError } from "../lib/base/errors.ts";
import { diffCaptures } from "../lib/capture/diff.ts";
import { readCapture } from "../lib/capture/read.ts";
import { timeline } from "../lib/capture/timeline.ts";

/** The name of the artefact that becomes `expected.pcapng` and `expected.txt`. */
export const MERGED = "merged.pcapng";

/** What golden files may do: write, or only compare. */
export interface GoldenMode {
  /** Rewrite goldens instead of comparing. */
  readonly update: boolean;
  /** Write nothing, neither goldens nor `actual.*`. */
  readonly readOnly: boolean;
}

/** The mode that the environment asks for. */
export function goldenMode(environment: NodeJS.ProcessEnv = process.env): GoldenMode {
  const isCi = (environment["CI"] ?? "") !== "";
  return { update: environment["UPDATE_GOLDEN"] === "1" && !isCi, readOnly: isCi };
}

/** The files in a golden folder for the artefacts of a run: name without prefix, and content. */
export function goldenFiles(artefacts: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of artefacts) {
    if (name === MERGED) {
      files.set("pcapng", bytes);
      files.set("txt", utf8(timelineText(bytes)));
    } else {
      files.set(name, bytes);
    }
  }
  return files;
}

/** The text beside a golden capture. */
export function timelineText(capture: Uint8Array): string {
  const how = "# the text of expected.pcapng; UPDATE_GOLDEN=1 npm run spec makes both anew\n";
  return how + timeline(readCapture(capture, "expected.pcapng"));
}

/** The first difference of a run from the goldens in `folder`, or null; writes as `mode` says. */
export function compareWithFolder(
  folder: string,
  artefacts: ReadonlyMap<string, Uint8Array>,
  mode: GoldenMode = goldenMode(),
): string | null {
  const files = goldenFiles(artefacts);
  if (mode.update) {
    mkdirSync(folder, { recursive: true });
    for (const name of expectedNames(folder)) rmSync(join(folder, `expected.${name}`));
    for (const [name, bytes] of files) writeFileSync(join(folder, `expected.${name}`), bytes);
    removeActual(folder, [...files.keys()]);
    return null;
  }
  const problems: string[] = [];
  for (const [name, bytes] of files) {
    const problem = compareWithFile(join(folder, `expected.${name}`), bytes);
    if (problem !== null) problems.push(problem);
    if (!mode.readOnly) writeActual(folder, name, problem === null ? null : bytes);
  }
  for (const name of expectedNames(folder)) {
    if (!files.has(name)) problems.push(`expected.${name}: the run made no such artefact`);
  }
  return problems[0] ?? null;
}

/** The first difference of `actual` from the golden file, in words of its kind; null if equal. */
export function compareWithFile(file: string, actual: Uint8Array): string | null {
  if (!existsSync(file)) return `${file} is missing (UPDATE_GOLDEN=1 writes it)`;
  const expected = readFileSync(file);
  if (equalBytes(actual, expected)) return null;
  const isCapture = /\.pcap(ng)?$/.test(file);
  const difference = isCapture
    ? captureDifference(file, actual, expected)
    : textDifference(fromUtf8(actual), fromUtf8(expected));
  return `${file}: ${difference}`;
}

function captureDifference(file: string, actual: Uint8Array, expected: Uint8Array): string {
  try {
    return (
      diffCaptures(readCapture(actual, "actual"), readCapture(expected, file)) ??
      "the same frames, but other bytes of the file format"
    );
  } catch (error) {
    if (error instanceof VethworkError) return error.message;
    throw error;
  }
}

function textDifference(actual: string, expected: string): string {
  const [left, right] = [actual.split("\n"), expected.split("\n")];
  const at = left.findIndex((line, index) => line !== right[index]);
  const line = at === -1 ? left.length : at;
  const show = (text: string | undefined): string =>
    text === undefined ? "end of file" : JSON.stringify(text);
  return `line ${line + 1}: ${show(left[line])}, expected ${show(right[line])}`;
}

function expectedNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith("expected."))
    .map((name) => name.slice("expected.".length));
}

function writeActual(folder: string, name: string, bytes: Uint8Array | null): void {
  const file = join(folder, `actual.${name}`);
  if (bytes === null) rmSync(file, { force: true });
  else if (existsSync(folder)) writeFileSync(file, bytes);
}

function removeActual(folder: string, names: readonly string[]): void {
  for (const name of names) writeActual(folder, name, null);
}

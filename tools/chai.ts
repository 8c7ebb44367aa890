/**
 * `vethwork/chai`: assertions about runs and captures for chai.
 *
 *     import { expect, use } from "chai";
 *     import { vethworkChai } from "vethwork/chai";
 *     use(vethworkChai);
 *
 *     expect(run).to.equalFixture("fixtures/my-case");
 *     expect(capture).to.equalCapture("expected.pcapng");
 *     expect(capture).to.containFrame({ "tcp.flags": "S", "ip.ttl": 63 });
 *
 * Failures say the first difference in words. `UPDATE_GOLDEN=1` writes golden files anew, never
 * when `CI` is set; see `golden.ts`.
 */
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type {} from "chai";
import type { Capture } from "../lib/capture/capture.ts";
import { dissect, findField, type Layer } from "../lib/capture/dissect.ts";
import { writePcapng } from "../lib/capture/pcapng.ts";
import { readCapture } from "../lib/capture/read.ts";
import { timeline } from "../lib/capture/timeline.ts";
import { compareWithFile, compareWithFolder, goldenMode, MERGED } from "./golden.ts";

/** What a run left behind: file names and contents. */
export interface RunArtefacts {
  readonly artefacts: ReadonlyMap<string, Uint8Array>;
}

/** Fields that a frame must have, by the dissector's names; a text is compared as it is printed. */
export type FrameFields = Readonly<Record<string, string | number>>;

declare global {
  namespace Chai {
    interface Assertion {
      /** The run's artefacts are those kept in `folder`. */
      equalFixture(folder: string): Assertion;
      /** The capture is the one in `file`, byte for byte. */
      equalCapture(file: string): Assertion;
      /** Some frame of the capture has all of these fields. */
      containFrame(fields: FrameFields): Assertion;
    }
  }
}

/** The plugin: pass it to chai's `use`. */
export const vethworkChai: Chai.ChaiPlugin = (chai) => {
  chai.Assertion.addMethod("equalFixture", function (folder: string) {
    const { artefacts } = this._obj as RunArtefacts;
    const problem = compareWithFolder(folder, artefacts);
    this.assert(problem === null, problem ?? "", `expected the run to differ from ${folder}`, null);
  });

  chai.Assertion.addMethod("equalCapture", function (file: string) {
    const problem = compareCapture(bytesOf(this._obj), file);
    this.assert(
      problem === null,
      problem ?? "",
      `expected the capture to differ from ${file}`,
      null,
    );
  });

  chai.Assertion.addMethod("containFrame", function (fields: FrameFields) {
    const capture = captureOf(this._obj);
    const found = capture.frames.some(({ bytes }) => hasFields(dissect(bytes), fields));
    const wanted = JSON.stringify(fields);
    this.assert(
      found,
      `expected a frame with ${wanted}, ${nearest(capture, fields)}`,
      `expected no frame with ${wanted}`,
      null,
    );
  });
};

function compareCapture(actual: Uint8Array, file: string): string | null {
  const mode = goldenMode();
  if (mode.update) {
    writeFileSync(file, actual);
    return null;
  }
  const problem = compareWithFile(file, actual);
  if (problem !== null && !mode.readOnly) {
    const name = basename(file).replace(/^expected\./, "");
    writeFileSync(join(dirname(file), `actual.${name}`), actual);
  }
  return problem;
}

/** A capture as bytes, as the result of reading, or as part of a run. */
type CaptureLike = Uint8Array | Capture | RunArtefacts;

function bytesOf(subject: unknown): Uint8Array {
  const capture = subject as CaptureLike;
  if (capture instanceof Uint8Array) return capture;
  if ("artefacts" in capture) {
    const merged = capture.artefacts.get(MERGED);
    if (merged === undefined) throw new TypeError(`the run has no artefact ${MERGED}`);
    return merged;
  }
  return writePcapng(capture);
}

function captureOf(subject: unknown): Capture {
  const capture = subject as CaptureLike;
  const isCapture = !(capture instanceof Uint8Array) && "frames" in capture;
  return isCapture ? capture : readCapture(bytesOf(subject));
}

function hasFields(layers: readonly Layer[], fields: FrameFields): boolean {
  return Object.entries(fields).every(([path, wanted]) => {
    const field = findField(layers, path);
    return field !== null && (typeof wanted === "number" ? field.value : field.text) === wanted;
  });
}

/** The frame that has most of the fields, and what it has instead of the first other one. */
function nearest(capture: Capture, fields: FrameFields): string {
  let best = { index: -1, matching: 0, miss: "" };
  capture.frames.forEach(({ bytes }, index) => {
    const layers = dissect(bytes);
    const misses = Object.entries(fields).filter(
      ([path, one]) => !hasFields(layers, { [path]: one }),
    );
    const matching = Object.keys(fields).length - misses.length;
    if (matching <= best.matching) return;
    const path = misses[0]?.[0] ?? "";
    best = { index, matching, miss: `${path} ${findField(layers, path)?.text ?? "absent"}` };
  });
  return best.index === -1
    ? `but none of ${capture.frames.length} frames has any of them:\n${timeline(capture)}`
    : `the nearest is frame ${best.index + 1} with ${best.miss}:\n${timeline(capture)}`;
}

/**
 * The first difference of two captures in words: `frame 7: tcp.window 64, expected 63`. Frames are
 * compared as they are, in order; for two runs of a real kernel see `compare.ts`.
 */
import { equalBytes } from "../base/bytes.ts";
import { formatDuration } from "../base/units.ts";
import { type Capture, type CapturedFrame, interfaceName, nsSince } from "./capture.ts";
import { dissect } from "./dissect.ts";
import { Dumper } from "./dump.ts";

/** What else than bytes and interfaces is compared. */
export interface DiffOptions {
  /** Times since the first frame of each capture; compared unless false. */
  readonly times?: boolean;
  /** Directions, packet ids and comments; compared unless false. */
  readonly annotations?: boolean;
}

/** The first difference of `actual` from `expected`, or null. */
export function diffCaptures(
  actual: Capture,
  expected: Capture,
  options: DiffOptions = {},
): string | null {
  return (
    diffInterfaces(actual, expected) ??
    diffFrames(actual, expected, options) ??
    diffLength(actual, expected)
  );
}

/** The first field in which two frames differ: `tcp.window 64, expected 63`; null if none. */
function diffFrameBytes(actual: Buffer, expected: Buffer): string | null {
  if (equalBytes(actual, expected)) return null;
  const [left, right] = [flatten(actual), flatten(expected)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined) return `${b?.path} absent, expected ${b?.text}`;
    if (b === undefined) return `${a.path} ${a.text}, expected none`;
    if (a.path !== b.path) return `${a.path} ${a.text}, expected ${b.path} ${b.text}`;
    if (a.text !== b.text) return `${a.path} ${a.text}, expected ${b.text}`;
  }
  // Bits that no field shows: reserved ones, or bytes behind a damaged header.
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  return `byte ${at} is 0x${actual[at]?.toString(16)}, expected 0x${expected[at]?.toString(16)}`;
}

function diffInterfaces(actual: Capture, expected: Capture): string | null {
  const names = (capture: Capture): string[] => capture.interfaces.map(({ name }) => name);
  const [left, right] = [names(actual), names(expected)];
  for (const name of right) {
    if (!left.includes(name)) return `interface ${name || "without name"} is missing`;
  }
  for (const name of left) {
    if (!right.includes(name)) return `interface ${name || "without name"} is not expected`;
  }
  return null;
}

function diffFrames(actual: Capture, expected: Capture, options: DiffOptions): string | null {
  const [firstActual, firstExpected] = [actual.frames[0], expected.frames[0]];
  const count = Math.min(actual.frames.length, expected.frames.length);
  for (let index = 0; index < count; index += 1) {
    const [a, b] = [actual.frames[index], expected.frames[index]];
    if (a === undefined || b === undefined) break;
    const origin =
      firstActual === undefined || firstExpected === undefined
        ? null
        : ([firstActual, firstExpected] as const);
    const found =
      diffText("interface", interfaceName(actual, a), interfaceName(expected, b)) ??
      (options.times === false || origin === null ? null : diffTimes(a, b, origin)) ??
      diffFrameBytes(a.bytes, b.bytes) ??
      diffText("length on the wire", `${a.originalLength}`, `${b.originalLength}`) ??
      (options.annotations === false ? null : diffAnnotations(a, b));
    if (found !== null) return `frame ${index + 1}: ${found}`;
  }
  return null;
}

function diffTimes(
  actual: CapturedFrame,
  expected: CapturedFrame,
  [firstActual, firstExpected]: readonly [CapturedFrame, CapturedFrame],
): string | null {
  const [left, right] = [nsSince(firstActual, actual), nsSince(firstExpected, expected)];
  return left === right ? null : `time ${formatDuration(left)}, expected ${formatDuration(right)}`;
}

function diffAnnotations(actual: CapturedFrame, expected: CapturedFrame): string | null {
  const direction = ({ direction: way }: CapturedFrame): string =>
    ["unknown", "in", "out"][way] ?? "";
  return (
    diffText("direction", direction(actual), direction(expected)) ??
    diffText("packet id", `${actual.packetId}`, `${expected.packetId}`) ??
    diffText("comment", JSON.stringify(actual.comment), JSON.stringify(expected.comment))
  );
}

function diffText(what: string, actual: string, expected: string): string | null {
  return actual === expected ? null : `${what} ${actual}, expected ${expected}`;
}

function diffLength(actual: Capture, expected: Capture): string | null {
  const [left, right] = [actual.frames.length, expected.frames.length];
  if (left === right) return null;
  const shorter = Math.min(left, right);
  const next = (left > right ? actual : expected).frames[shorter];
  if (next === undefined) return null;
  const shown = new Dumper().describe(next.bytes, next.originalLength);
  const name = interfaceName(left > right ? actual : expected, next);
  return left > right
    ? `frame ${shorter + 1} is not expected: ${name} ${shown}`
    : `frame ${shorter + 1} is missing: ${name} ${shown}`;
}

function flatten(bytes: Buffer): { path: string; text: string }[] {
  return dissect(bytes).flatMap(({ name, fields }) =>
    fields.map((field) => ({ path: `${name}.${field.name}`, text: field.text })),
  );
}

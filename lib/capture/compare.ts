/**
 * Compares two recordings of one lab, normalised, and says the first difference in words:
 * `node1/eth0 frame 7: tcp.window 64 on the kernel, 63 here`. Checksums must be right on both
 * sides, even where both are wrong alike.
 */
import { type Capture, nsSince } from "./capture.ts";
import { Dumper } from "./dump.ts";
import type { NormalField } from "./normal-field.ts";
import { type NormalFrame, type NormaliseOptions, normalise } from "./normalise.ts";
import { CLOCK_PLAY_MS } from "./timestamp-clocks.ts";

/** How the two sides are called in the difference. */
export interface CompareOptions extends NormaliseOptions {
  /** The side that is right: "on the kernel" unless said otherwise. */
  readonly expectedName?: string;
  /** The other: "here" unless said otherwise. */
  readonly actualName?: string;
  /** Whether a line damages frames: checksums may then be wrong, on both sides alike. */
  readonly damages?: boolean;
}

/** The first difference between two recordings, or null if they show the same. */
export function compareRuns(
  expected: Capture,
  actual: Capture,
  options: CompareOptions = {},
): string | null {
  return new Comparison(options).compare(normalise(expected, options), normalise(actual, options));
}

type Frames = ReadonlyMap<string, readonly NormalFrame[]>;

/** A difference, and the frame at which it is seen, for choosing the earliest. */
interface Difference {
  readonly text: string;
  readonly at: NormalFrame | null;
  readonly index: number;
}

class Comparison {
  readonly #expectedName: string;
  readonly #actualName: string;
  readonly #damages: boolean;

  constructor(options: CompareOptions) {
    this.#expectedName = options.expectedName ?? "on the kernel";
    this.#actualName = options.actualName ?? "here";
    this.#damages = options.damages ?? false;
  }

  compare(expected: Frames, actual: Frames): string | null {
    for (const name of expected.keys()) {
      if (!actual.has(name))
        return `${name}: captured ${this.#expectedName}, not ${this.#actualName}`;
    }
    for (const name of actual.keys()) {
      if (!expected.has(name)) {
        return `${name}: captured ${this.#actualName}, not ${this.#expectedName}`;
      }
    }
    let earliest: Difference | null = null;
    for (const [name, frames] of expected) {
      const found = this.#interface(name, frames, actual.get(name) ?? []);
      if (found !== null && (earliest === null || isEarlier(found, earliest))) earliest = found;
    }
    return earliest === null ? null : earliest.text;
  }

  #interface(
    name: string,
    expected: readonly NormalFrame[],
    actual: readonly NormalFrame[],
  ): Difference | null {
    for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
      const [left, right] = [expected[index], actual[index]];
      const text = this.#checksums(left, right) ?? this.#frames(expected, actual, index);
      if (text !== null) {
        return { text: `${name} frame ${index + 1}${text}`, at: left ?? null, index };
      }
    }
    return null;
  }

  #checksums(left: NormalFrame | undefined, right: NormalFrame | undefined): string | null {
    const expected = wrongChecksum(left, this.#expectedName);
    const actual = wrongChecksum(right, this.#actualName);
    return this.#damages && expected !== null && actual !== null ? null : (expected ?? actual);
  }

  /** What is different at `index`: a frame too many or too few, two swapped, or a field. */
  #frames(
    expected: readonly NormalFrame[],
    actual: readonly NormalFrame[],
    index: number,
  ): string | null {
    const [left, right] = [expected[index], actual[index]];
    if (left === undefined) {
      return right === undefined ? null : ` is extra ${this.#actualName}: ${line(right)}`;
    }
    if (right === undefined) return ` is missing ${this.#actualName}: ${line(left)}`;
    const field = firstField(left, right);
    if (field === null) return null;
    const [nextLeft, nextRight] = [expected[index + 1], actual[index + 1]];
    const comesLater = nextRight !== undefined && looksLike(left, nextRight);
    const cameEarly = nextLeft !== undefined && looksLike(nextLeft, right);
    if (comesLater && cameEarly)
      return ` and the next are swapped ${this.#actualName}: ${line(left)}`;
    if (comesLater && !looksLike(left, right)) {
      return ` is extra ${this.#actualName}: ${line(right)}`;
    }
    if (cameEarly && !looksLike(left, right)) {
      return ` is missing ${this.#actualName}: ${line(left)}`;
    }
    const [path, leftText, rightText] = field;
    return `: ${path} ${leftText} ${this.#expectedName}, ${rightText} ${this.#actualName}`;
  }
}

/** Path and both texts of the first field that differs. */
function firstField(left: NormalFrame, right: NormalFrame): [string, string, string] | null {
  const count = Math.max(left.fields.length, right.fields.length);
  for (let index = 0; index < count; index += 1) {
    const [a, b] = [left.fields[index], right.fields[index]];
    if (a === undefined) return [b?.path ?? "", "absent", b?.text ?? ""];
    if (b === undefined || a.path !== b.path) {
      const missing = b === undefined || !right.fields.some(({ path }) => path === a.path);
      return missing ? [a.path, a.text, "absent"] : [b.path, "absent", b.text];
    }
    if (!areAlike(a, b)) return [a.path, a.text, b.text];
  }
  return null;
}

/** Whether two fields of the same path say the same. */
function areAlike(a: NormalField, b: NormalField): boolean {
  // One frame had both values.
  if (a.echo !== null && b.echo !== null && sharesFrame(a.echo, b.echo)) return true;
  if (a.offMs !== null && b.offMs !== null) return Math.abs(a.offMs - b.offMs) <= CLOCK_PLAY_MS;
  // Which values are wrong depends on what else is in the frame.
  return a.text === b.text || (saysWrong(a) && saysWrong(b));
}

function sharesFrame(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] <= b[1] && b[0] <= a[1];
}

/** Fields whose normal form depends on the frames before. */
const DEPENDENT = /(timestampEcho|ip\.id)$/;

/** A checksum of this frame, not of one that it quotes, that does not fit the frame. */
function isWrong(field: NormalField): boolean {
  return field.path.split(".").length === 2 && saysWrong(field);
}

function saysWrong({ path, text }: NormalField): boolean {
  return path.endsWith(".checksum") && text.startsWith("wrong");
}

/** Whether two frames are the same but for what depends on the frames before them. */
function looksLike(left: NormalFrame, right: NormalFrame): boolean {
  const stable = ({ fields }: NormalFrame): string =>
    fields
      .filter(({ path, offMs }) => offMs === null && !DEPENDENT.test(path))
      .map(({ path, text }) => `${path} ${text}`)
      .join("\n");
  return stable(left) === stable(right);
}

/** Outer checksums must be right on each side; those in a quoted packet need only be the same. */
function wrongChecksum(frame: NormalFrame | undefined, side: string): string | null {
  const field = frame?.fields.find(isWrong);
  return field === undefined ? null : `: ${field.path} ${field.text} ${side}`;
}

function isEarlier(a: Difference, b: Difference): boolean {
  if (a.at === null || b.at === null) return a.at !== null || (b.at === null && a.index < b.index);
  return nsSince(b.at.frame, a.at.frame) < 0;
}

function line({ frame }: NormalFrame): string {
  return new Dumper().describe(frame.bytes, frame.originalLength);
}

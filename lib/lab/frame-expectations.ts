/** Expectations on captures: how many frames pass a filter, and where. */
import { formatPlace, VethworkError } from "../base/errors.ts";
import type { Capture, CapturedFrame } from "../capture/capture.ts";
import { type FrameFilter, parseFilter } from "../capture/filter.ts";
import type { FrameExpectation } from "./schema/expect.ts";
import type { Located } from "./schema/kind.ts";
import { matches } from "./selection.ts";

/** What an expectation on captures says in words, and what is wrong, or "". */
export interface FrameCheck {
  readonly what: string;
  readonly problem: string;
}

/** Checks that the filter is one. Throws `VW_FILTER` at its place in the lab. */
export function checkFilter({ filter }: FrameExpectation): void {
  filterOf(filter);
}

/** Counts the frames. An interface that was never captured is bad input. */
export function checkFrames(expectation: FrameExpectation, capture: Capture): FrameCheck {
  const { atLeast, atMost, filter, on, place } = expectation;
  const interfaces = on.length === 0 ? null : on.map((one) => interfaceIndexes(one, capture));
  const wanted = interfaces === null ? null : new Set(interfaces.flat());
  const count = countFrames(filterOf(filter), capture.frames, wanted);
  const names = on.map(({ value }) => `${value.node}/${value.device}`).join(", ");
  const what = `${rangeInWords(atLeast, atMost)} with ${filter.value}${names === "" ? "" : ` on ${names}`}`;
  const problem = count < atLeast || count > atMost ? `${count} frames, not ${what}` : "";
  return { what, problem: problem === "" ? "" : `${formatPlace(place)}: ${problem}` };
}

function countFrames(
  filter: FrameFilter,
  frames: readonly CapturedFrame[],
  wanted: ReadonlySet<number> | null,
): number {
  let count = 0;
  for (const frame of frames) {
    if (wanted !== null && !wanted.has(frame.interfaceIndex)) continue;
    if (passes(filter, frame)) count += 1;
  }
  return count;
}

function passes(filter: FrameFilter, { bytes }: CapturedFrame): boolean {
  return filter(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** The filter; what is wrong in it is said at the place where it stands in the lab. */
function filterOf({ value, place }: Located<string>): FrameFilter {
  try {
    return parseFilter(value);
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    const where = error.place === null ? "" : ` at column ${error.place.column} of the filter`;
    throw new VethworkError(error.code, `${error.problem}${where}`, error.hint, place);
  }
}

function interfaceIndexes(one: FrameExpectation["on"][number], capture: Capture): number[] {
  const { node, device } = one.value;
  const indexes = capture.interfaces.flatMap(({ name }, index) => {
    const slash = name.lastIndexOf("/");
    return matches(one.value, name.slice(0, slash), name.slice(slash + 1)) ? [index] : [];
  });
  if (indexes.length === 0) {
    const known = capture.interfaces.map(({ name }) => name).join(", ");
    throw new VethworkError(
      "VW_LAB",
      `"${node}/${device}" was not captured`,
      `captured: ${known}`,
      one.place,
    );
  }
  return indexes;
}

function rangeInWords(atLeast: number, atMost: number): string {
  if (atLeast === atMost) return `${atLeast}`;
  if (atMost === Number.POSITIVE_INFINITY) return `at least ${atLeast}`;
  return atLeast === 0 ? `at most ${atMost}` : `${atLeast} to ${atMost}`;
}

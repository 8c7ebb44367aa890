/**
 * Compares the times of two recordings that show the same frames: where a protocol waits (a
 * retransmission, a repeated question, a delayed answer) both must wait about as long.
 */
import { formatDuration, NS_PER_MS, type Ns } from "../base/units.ts";
import { type Capture, framesOf, nsSince } from "./capture.ts";

/** Shorter pauses are those of programs that start and of processors that are busy. */
const SHORTEST: Ns = 150 * NS_PER_MS;
/** How much two pauses may differ: timers are rounded, and programs start in between. */
const PLAY: Ns = 120 * NS_PER_MS;
const PLAY_SHARE = 0.1;

/** The first pause that is longer or shorter than it should be, in words; null if none is. */
export function comparePace(expected: Capture, actual: Capture): string | null {
  for (const [index, { name }] of expected.interfaces.entries()) {
    const other = actual.interfaces.findIndex((one) => one.name === name);
    const [left, right] = [pauses(expected, index), pauses(actual, other)];
    for (const [frame, pause] of left.entries()) {
      const here = right[frame];
      if (here === undefined || Math.max(pause, here) < SHORTEST) continue;
      if (Math.abs(pause - here) > PLAY + pause * PLAY_SHARE) {
        const [there, actually] = [rounded(pause), rounded(here)];
        return `${name} frame ${frame + 2}: ${there} after the one before on the kernel, ${actually} here`;
      }
    }
  }
  return null;
}

/** From each frame of an interface to the next. */
function pauses(capture: Capture, interfaceIndex: number): Ns[] {
  const frames = framesOf(capture, interfaceIndex);
  return frames.slice(1).map((frame, index) => {
    const before = frames[index];
    return before === undefined ? 0 : nsSince(before, frame);
  });
}

function rounded(pause: Ns): string {
  return formatDuration(Math.round(pause / NS_PER_MS) * NS_PER_MS);
}

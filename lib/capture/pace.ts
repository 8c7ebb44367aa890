/**
 * Compares the times of two recordings that show the same frames: where a protocol waits (a
 * retransmission, a repeated question, a delayed answer) both must wait about as long.
 */
import { formatDuration, NS_PER_MS, NS_PER_S, type Ns } from "../base/units.ts";
import { type Capture, framesOf, nsSince } from "./capture.ts";
import { dissect } from "./dissect.ts";

/** Shorter pauses are those of programs that start and of processors that are busy. */
const SHORTEST: Ns = 150 * NS_PER_MS;
/** How much two pauses of a conversation may differ: timers are rounded, programs wake up late. */
const PLAY: Ns = 120 * NS_PER_MS;
/** The same for pauses between conversations, in which programs start, perhaps several. */
const PLAY_BETWEEN: Ns = NS_PER_S;
const PLAY_SHARE = 0.1;

/** Fields that say who talks with whom. */
const WHO: ReadonlySet<string> = new Set([
  "arp.senderIp",
  "arp.targetIp",
  "ip.source",
  "ip.destination",
  "tcp.sourcePort",
  "tcp.destinationPort",
  "udp.sourcePort",
  "udp.destinationPort",
]);

/** The time before a frame. */
interface Pause {
  readonly ns: Ns;
  readonly play: Ns;
}

/** The first pause that is longer or shorter than it should be, in words; null if none is. */
export function comparePace(expected: Capture, actual: Capture): string | null {
  for (const [index, { name }] of expected.interfaces.entries()) {
    const other = actual.interfaces.findIndex((one) => one.name === name);
    const [left, right] = [pauses(expected, index), pauses(actual, other)];
    for (const [frame, { ns: pause, play }] of left.entries()) {
      const here = right[frame]?.ns;
      if (here === undefined || Math.max(pause, here) < SHORTEST) continue;
      if (Math.abs(pause - here) > play + pause * PLAY_SHARE) {
        const [there, actually] = [rounded(pause), rounded(here)];
        return `${name} frame ${frame + 2}: ${there} after the one before on the kernel, ${actually} here`;
      }
    }
  }
  return null;
}

/** From each frame of an interface to the next. */
function pauses(capture: Capture, interfaceIndex: number): Pause[] {
  const frames = framesOf(capture, interfaceIndex);
  const known = new Set<string>();
  const all = frames.map((frame, index): Pause => {
    const before = frames[index - 1];
    const about = conversation(frame.bytes);
    const play = known.has(about) ? PLAY : PLAY_BETWEEN;
    known.add(about);
    return { ns: before === undefined ? 0 : nsSince(before, frame), play };
  });
  return all.slice(1);
}

/** What frames of one exchange have in common, either way round. */
function conversation(bytes: Buffer): string {
  const fields = dissect(bytes).flatMap((layer) => layer.fields.map((field) => ({ layer, field })));
  return fields
    .filter(({ layer, field }) => WHO.has(`${layer.name}.${field.name}`))
    .map(({ field }) => field.text)
    .sort()
    .join(" ");
}

function rounded(pause: Ns): string {
  return formatDuration(Math.round(pause / NS_PER_MS) * NS_PER_MS);
}

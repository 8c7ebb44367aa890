/**
 * TCP timestamps in a comparison: a value is told by whether the clock of its sender advanced as it
 * should since the flow's first frame, an echo by which frames of the peer had that value.
 *
 * Spec: RFC 7323 §3, §5.4.
 */
import { NS_PER_MS } from "../base/units.ts";
import * as tcp from "../wire/tcp.ts";
import { type CapturedFrame, nsSince } from "./capture.ts";
import { type Field, findField, type Layer } from "./dissect.ts";
import type { Flows, Ports } from "./flows.ts";
import type { NormalValue } from "./normal-field.ts";

/** Play of the timestamp clock against capture times: ticks are cut, frames are captured later. */
export const CLOCK_PLAY_MS = 5;

/** Timestamps that one side of a connection has sent on one interface. */
interface ClockTrack {
  readonly isn: number;
  readonly firstFrame: CapturedFrame;
  readonly firstValue: number;
  /** The value of each frame, in order. */
  readonly values: number[];
}

/** How many segments of each flow there are. */
export type SegmentCounts = ReadonlyMap<string, number>;

/** The clocks of a run; those of one interface at a time. */
export class TimestampClocks {
  readonly #flows: Flows;
  /** How many segments of each flow the interface with the most has seen. */
  readonly #most = new Map<string, number>();
  /** How many of them the interface has that is being normalised. */
  #here: SegmentCounts = new Map();
  #tracks = new Map<string, ClockTrack>();

  /** `counts`: of each interface. */
  constructor(flows: Flows, counts: readonly SegmentCounts[]) {
    this.#flows = flows;
    for (const [flow, count] of counts.flatMap((one) => [...one])) {
      this.#most.set(flow, Math.max(count, this.#most.get(flow) ?? 0));
    }
  }

  /** Begins with the frames of another interface. */
  begin(here: SegmentCounts): void {
    this.#tracks = new Map();
    this.#here = here;
  }

  /** Takes note of the segment whose header `layer` is. */
  track(frame: CapturedFrame, layer: Layer, ports: Ports): void {
    const value = findField([layer], "tcp.timestampValue")?.value;
    const key = this.#flows.flow(ports);
    const isn = findField([layer], "tcp.sequence")?.value ?? 0;
    const isSyn = ((findField([layer], "tcp.flags")?.value ?? 0) & tcp.FLAG_SYN) !== 0;
    const track = this.#tracks.get(key);
    if (track !== undefined && (!isSyn || track.isn === isn)) {
      // A frame without the option keeps its number.
      track.values.push(value ?? -1);
    } else if (value !== undefined) {
      this.#tracks.set(key, { isn, firstFrame: frame, firstValue: value, values: [value] });
    }
  }

  /** What the timestamp value of a segment becomes. */
  value(frame: CapturedFrame, ports: Ports, field: Field): NormalValue {
    const offMs = offOf(this.#tracks.get(this.#flows.flow(ports)), frame, field.value) ?? 0;
    const text = Math.abs(offMs) <= CLOCK_PLAY_MS ? "clock" : `clock off by ${offMs} ms`;
    return { text, echo: null, offMs };
  }

  /** What the timestamp echo of a segment becomes. */
  echo(frame: CapturedFrame, ports: Ports, field: Field): NormalValue {
    if (field.value === 0) return { text: field.text, echo: null, offMs: null };
    const flow = this.#flows.reverse(ports);
    const peer = this.#tracks.get(flow);
    const offMs = this.#missesSome(flow) ? offOf(peer, frame, field.value) : null;
    const first = peer?.values.indexOf(field.value) ?? -1;
    if (first === -1) return { text: "no frame's", echo: null, offMs };
    const last = peer?.values.lastIndexOf(field.value) ?? first;
    const text = first === last ? `frame ${first + 1}'s` : `frame ${first + 1}–${last + 1}'s`;
    return { text: `the peer's ${text}`, echo: [first, last], offMs };
  }

  /** Whether frames of a flow pass this interface by, so that an echo may be of one of those. */
  #missesSome(flow: string): boolean {
    return (this.#here.get(flow) ?? 0) < (this.#most.get(flow) ?? 0);
  }
}

/** By how many ms a value is off the clock at the time of a frame; null if there is no clock. */
function offOf(track: ClockTrack | undefined, frame: CapturedFrame, value: number): number | null {
  if (track === undefined) return null;
  const elapsedMs = nsSince(track.firstFrame, frame) / NS_PER_MS;
  return Math.round(((value - track.firstValue) | 0) - elapsedMs);
}

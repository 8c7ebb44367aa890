/**
 * The echo request that ping sends again and again: identifier, sequence number, the time of
 * sending at the beginning of the data, and what fills the rest.
 *
 * Spec: RFC 792 (Echo); iputils 20221126, ping/ping.c (ping4_send_probe), ping_common.c (fill).
 */
import { NS_PER_US, type Ns } from "../../base/units.ts";
import { finish, sum } from "../../wire/checksum.ts";

/** Length of an ICMP header in bytes. */
export const ICMP_HEADER = 8;
/** `struct timeval` at the beginning of the data, in bytes. */
export const TIMEVAL = 16;
/** No packet is longer; what is asked for beyond is refused alike. */
const LONGEST = 0xffff;
const ECHO_REQUEST = 8;

/** The request of one run, whose bytes are written anew for each number. */
export class EchoRequest {
  readonly identifier: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #hasTime: boolean;

  /** `size`: bytes behind the ICMP header; `pattern` fills them, or a count does. */
  constructor(identifier: number, size: number, pattern: Uint8Array | null) {
    this.identifier = identifier;
    const length = Math.min(size, LONGEST);
    this.bytes = new Uint8Array(ICMP_HEADER + length);
    this.#view = new DataView(this.bytes.buffer);
    this.#hasTime = size >= TIMEVAL;
    for (let index = 0; index < length; index += 1) {
      const filler = pattern === null ? index : (pattern[index % pattern.length] ?? 0);
      this.bytes[ICMP_HEADER + index] = filler;
    }
  }

  /** Makes it the request of that number, sent at `now`; the run began at `epochSeconds`. */
  write(sequence: number, now: Ns, epochSeconds: number): void {
    const view = this.#view;
    view.setUint8(0, ECHO_REQUEST);
    view.setUint8(1, 0);
    view.setUint16(2, 0);
    view.setUint16(4, this.identifier);
    view.setUint16(6, sequence);
    if (this.#hasTime) {
      const us = Math.floor(now / NS_PER_US);
      setTime(view, ICMP_HEADER, epochSeconds + Math.floor(us / 1e6));
      setTime(view, ICMP_HEADER + 8, us % 1e6);
    }
    view.setUint16(2, finish(sum(view, 0, this.bytes.length)));
  }
}

/** The round trip time that an answer tells by its data, in us; -1 if it has no time in it. */
export function roundTripUs(
  answer: DataView,
  size: number,
  receivedAt: Ns,
  epochSeconds: number,
): number {
  if (size < ICMP_HEADER + TIMEVAL) return -1;
  const seconds = answer.getUint32(ICMP_HEADER, true) - epochSeconds;
  const sentUs = seconds * 1e6 + answer.getUint32(ICMP_HEADER + 8, true);
  return Math.floor(receivedAt / NS_PER_US) - sentUs;
}

function setTime(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

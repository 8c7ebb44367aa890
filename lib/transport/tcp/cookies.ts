/**
 * SYN cookies: when the queue of requests overflows, all that must be remembered goes into the
 * sequence number and the timestamp of the SYN-ACK.
 *
 * Spec: RFC 4987 §3.6. Kernel: net/ipv4/syncookies.c, 6.18.
 *
 * Differs: the keyed hash is the run's own random generator over the same inputs, not SipHash;
 * its value shows on the wire only as a random sequence number.
 */
import type { Random } from "../../sim/random.ts";
import { RandomStream } from "../../sim/random.ts";
import type { Segment } from "./segment.ts";

/** MSS values that a cookie can say, by their index (RFC 4987's table as in Linux). */
const COOKIE_MSS: readonly number[] = [536, 1300, 1440, 1460];
/** Length of a count period in s, and how many are accepted. */
const COOKIE_PERIOD_NS = 60 * 1_000_000_000;
const MAX_COOKIE_AGE = 2;
const COOKIE_BITS = 24;
const COOKIE_MASK = (1 << COOKIE_BITS) - 1;
/** Low bits of the timestamp: window scale (15 for none), SACK, ECN. */
const TS_OPTION_BITS = 6;
const TS_NO_SCALE = 15;
const TS_SACK = 0x10;
const TS_ECN = 0x20;

/** Makes and checks cookies with one secret. */
export class Cookies {
  readonly #secret: number;

  constructor(random: Random, hostName: string) {
    this.#secret = random.stream(`${hostName}:tcp:cookie`).uint32();
  }

  /** The sequence number for a SYN whose MSS option was `mss`. */
  make(segment: Segment, mss: number, now: number): number {
    let index = COOKIE_MSS.length - 1;
    while (index > 0 && mss < (COOKIE_MSS[index] ?? 0)) index -= 1;
    const count = Math.floor(now / COOKIE_PERIOD_NS);
    const data = (this.#hash(segment, count, 1) + index) & COOKIE_MASK;
    return (this.#hash(segment, 0, 0) + segment.seq + (count << COOKIE_BITS) + data) | 0;
  }

  /** The MSS that the cookie acknowledged by `segment` says, or 0 if it is none of ours. */
  check(segment: Segment, now: number): number {
    const cookie = (segment.ack - 1) | 0;
    const sseq = (segment.seq - 1) | 0;
    const rest = (cookie - this.#hash(segment, 0, 0) - sseq) | 0;
    const count = Math.floor(now / COOKIE_PERIOD_NS);
    const age = (count - (rest >>> COOKIE_BITS)) & 0xff;
    if (age >= MAX_COOKIE_AGE) return 0;
    const index =
      ((rest & COOKIE_MASK) - (this.#hash(segment, count - age, 1) & COOKIE_MASK)) & COOKIE_MASK;
    return COOKIE_MSS[index] ?? 0;
  }

  #hash(segment: Segment, count: number, which: number): number {
    const name = `${segment.source} ${segment.destination} ${segment.sourcePort} ${segment.destinationPort} ${count} ${which}`;
    return new RandomStream(this.#secret, name).int32();
  }
}

/** The timestamp of a SYN-ACK with cookie: options in its low bits, not later than now. */
export function encodeTimestamp(tsMs: number, scale: number, sack: boolean, ecn: boolean): number {
  const bits = (scale < 0 ? TS_NO_SCALE : scale) | (sack ? TS_SACK : 0) | (ecn ? TS_ECN : 0);
  const value = ((tsMs & ~((1 << TS_OPTION_BITS) - 1)) | bits) >>> 0;
  return (value > tsMs >>> 0 ? value - (1 << TS_OPTION_BITS) : value) | 0;
}

/** What such a timestamp says when it is echoed. */
export function decodeTimestamp(echo: number): { scale: number; sack: boolean; ecn: boolean } {
  const scale = echo & 15;
  return {
    scale: scale === TS_NO_SCALE ? -1 : scale,
    sack: (echo & TS_SACK) !== 0,
    ecn: (echo & TS_ECN) !== 0,
  };
}

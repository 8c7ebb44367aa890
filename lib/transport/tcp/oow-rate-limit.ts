/**
 * How often segments outside of the window are answered: two hosts that each take the other's ACK
 * for such a segment would otherwise never stop.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_oow_rate_limited), 6.18.
 */
import type { Ns } from "../../base/units.ts";
import { JIFFY_NS, jiffiesAt } from "../../sim/jiffies.ts";
import { FLAG_SYN } from "../../wire/tcp.ts";
import type { Segment } from "./segment.ts";

/**
 * Whether less than `limitMs` (`tcp_invalid_ratelimit`) went by since `last`, the moment of the last
 * answer or 0.
 */
export function isTooSoon(last: Ns, now: Ns, limitMs: number): boolean {
  if (last === 0) return false;
  const elapsed = (jiffiesAt(now) - jiffiesAt(last)) * JIFFY_NS;
  return elapsed >= 0 && elapsed < limitMs * 1_000_000;
}

/** Whether a segment may be part of such an exchange: data and FINs are not, SYNs are. */
export function mayLoop(segment: Segment): boolean {
  return segment.seq === segment.endSeq || (segment.flags & FLAG_SYN) !== 0;
}

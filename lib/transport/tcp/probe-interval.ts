/**
 * How long to wait before the next probe of a closed window.
 *
 * Kernel: include/net/tcp.h (tcp_probe0_base, tcp_probe0_when), net/ipv4/tcp_timer.c
 * (tcp_clamp_probe0_to_user_timeout), 6.18.
 */
import { msToJiffies, usToJiffies } from "../../sim/jiffies.ts";
import { jiffies } from "./clock.ts";
import { RTO_MAX } from "./constants.ts";
import { rtoMinUs } from "./rtt.ts";
import type { Tcb } from "./tcb.ts";

/** A probe interval that does not pass the user timeout. */
export function clampProbe0(tp: Tcb, when: number): number {
  if (tp.userTimeoutMs === 0 || tp.probesStamp === 0) return when;
  const timeout = msToJiffies(tp.userTimeoutMs);
  const elapsed = Math.max(0, jiffies(tp) - tp.probesStamp);
  return Math.min(Math.max(timeout - elapsed, 1), when);
}

/** First interval of window probes: the RTO, at least 200 ms. */
export function probe0Base(tp: Tcb): number {
  return Math.max(tp.rto, usToJiffies(rtoMinUs(tp)));
}

/** Interval of window probes with back-off (`tcp_probe0_when`). */
export function probe0When(tp: Tcb, max: number): number {
  const backoff = Math.min(31 - Math.clz32(RTO_MAX / 50) + 1, tp.backoff);
  return Math.min(probe0Base(tp) * 2 ** backoff, max);
}

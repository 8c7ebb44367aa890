/**
 * A congestion window that is not used loses its worth: what was used of it is remembered, and
 * after a pause it shrinks.
 *
 * Spec: RFC 2861, RFC 5681 §4.1. Kernel: net/ipv4/tcp_output.c (tcp_cwnd_validate,
 * tcp_cwnd_application_limited, tcp_cwnd_restart), 6.18.
 */
import { after } from "../../wire/sequence.ts";
import { jiffies } from "./clock.ts";
import { CaEvent, currentSsthresh, isCwndLimited } from "./congestion.ts";
import { CaState, INIT_CWND } from "./constants.ts";
import type { Tcb } from "./tcb.ts";

/** Remembers how much of the congestion window is used (`tcp_cwnd_validate`). @hot */
export function validateCwnd(tp: Tcb, limited: boolean): void {
  if (
    !after(tp.cwndUsageSeq, tp.sndUna) ||
    limited ||
    (!tp.isCwndLimited && tp.packetsOut > tp.maxPacketsOut)
  ) {
    tp.isCwndLimited = limited;
    tp.maxPacketsOut = tp.packetsOut;
    tp.cwndUsageSeq = tp.sndNxt;
  }
  if (isCwndLimited(tp)) {
    tp.sndCwndUsed = 0;
    tp.cwndStamp = jiffies(tp);
    return;
  }
  if (tp.packetsOut > tp.sndCwndUsed) tp.sndCwndUsed = tp.packetsOut;
  const idle = jiffies(tp) - tp.cwndStamp;
  if (tp.env.sysctls.tcpSlowStartAfterIdle !== 0 && idle >= tp.rto) applicationLimited(tp);
}

/** RFC 2861: a window that was not used for an RTO is halved towards what was used. */
function applicationLimited(tp: Tcb): void {
  if (tp.caState === CaState.OPEN && !tp.noSpace) {
    const used = Math.max(tp.sndCwndUsed, initialCwnd(tp));
    if (used < tp.sndCwnd) {
      tp.sndSsthresh = currentSsthresh(tp);
      tp.sndCwnd = (tp.sndCwnd + used) >> 1;
    }
    tp.sndCwndUsed = 0;
  }
  tp.cwndStamp = jiffies(tp);
}

/** The congestion window that a connection starts with. */
export function initialCwnd(tp: Tcb): number {
  const cwnd = tp.route === null || tp.route.initcwnd === 0 ? INIT_CWND : tp.route.initcwnd;
  return Math.min(cwnd, tp.sndCwndClamp);
}

/** After an idle RTO the window starts anew (`tcp_slow_start_after_idle_check`). @hot */
export function slowStartAfterIdle(tp: Tcb): void {
  if (tp.env.sysctls.tcpSlowStartAfterIdle === 0 || tp.packetsOut > 0) return;
  let delta = jiffies(tp) - tp.lsndtime;
  if (delta <= tp.rto) return;
  tp.ca.event(tp, CaEvent.CWND_RESTART);
  tp.sndSsthresh = currentSsthresh(tp);
  let cwnd = tp.sndCwnd;
  const restart = Math.min(initialCwnd(tp), cwnd);
  for (delta -= tp.rto; delta > 0 && cwnd > restart; delta -= tp.rto) cwnd >>= 1;
  tp.sndCwnd = Math.max(cwnd, restart);
  tp.cwndStamp = jiffies(tp);
  tp.sndCwndUsed = 0;
}

/**
 * When the write timer fires next: after the RTO, or earlier for a tail loss probe.
 *
 * Spec: RFC 6298, RFC 8985 §7. Kernel: net/ipv4/tcp_output.c (tcp_schedule_loss_probe),
 * net/ipv4/tcp_input.c (tcp_rearm_rto), 6.18.
 */
import { usToJiffies } from "../../sim/jiffies.ts";
import { clearXmitTimer, resetXmitTimer, rtoUs } from "./clock.ts";
import {
  CaState,
  PENDING_LOSS_PROBE,
  PENDING_REO_TIMEOUT,
  PENDING_RETRANS,
  TIMEOUT_INIT,
  TIMEOUT_MIN_US,
} from "./constants.ts";
import { rtoMinUs } from "./rtt.ts";
import type { Tcb } from "./tcb.ts";
import { isSack } from "./tcb-queries.ts";

/** How far in the future the RTO of the first unacknowledged segment lies, in us. @hot */
function rtoDeltaUs(tp: Tcb): number {
  const head = tp.rtxQueue.head;
  if (head === null) return rtoUs(tp);
  const due = Math.floor(head.sentAt / 1000) + rtoUs(tp);
  return due - Math.floor(tp.mstamp / 1000);
}

/** Arms the write timer for the oldest segment, or stops it (`tcp_rearm_rto`). @hot */
export function rearmRto(tp: Tcb): void {
  if (tp.packetsOut === 0) {
    clearXmitTimer(tp);
    return;
  }
  let rto = tp.rto;
  if (tp.pending === PENDING_REO_TIMEOUT || tp.pending === PENDING_LOSS_PROBE) {
    rto = usToJiffies(Math.max(rtoDeltaUs(tp), 1));
  }
  resetXmitTimer(tp, PENDING_RETRANS, rto);
}

/** Arms a tail loss probe if the state allows one. @hot */
export function scheduleLossProbe(tp: Tcb, advancingRto: boolean): boolean {
  const early = tp.env.sysctls.tcpEarlyRetrans;
  if ((early !== 3 && early !== 4) || tp.packetsOut === 0 || !isSack(tp)) return false;
  if (tp.caState !== CaState.OPEN && tp.caState !== CaState.CWR) return false;
  let timeout = TIMEOUT_INIT;
  if (tp.srttUs > 0) {
    const extra = tp.packetsOut === 1 ? rtoMinUs(tp) : TIMEOUT_MIN_US;
    timeout = usToJiffies((tp.srttUs >> 2) + extra);
  }
  const rto = advancingRto ? rtoUs(tp) : rtoDeltaUs(tp);
  if (rto > 0) timeout = Math.min(timeout, usToJiffies(rto));
  resetXmitTimer(tp, PENDING_LOSS_PROBE, timeout);
  return true;
}

/** Arms the timer that waits for reordered segments (`icsk_pending` REO_TIMEOUT). */
export function armReorderTimer(tp: Tcb, timeoutUs: number): void {
  const wait = usToJiffies(timeoutUs + TIMEOUT_MIN_US);
  resetXmitTimer(tp, PENDING_REO_TIMEOUT, Math.min(wait, tp.rto));
}

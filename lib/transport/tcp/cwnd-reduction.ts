/**
 * The congestion window while it is being reduced: proportional rate reduction.
 *
 * Spec: RFC 6937. Kernel: net/ipv4/tcp_input.c (tcp_init_cwnd_reduction, tcp_cwnd_reduction), 6.18.
 */
import { setCaState } from "./ca-state.ts";
import { jiffies } from "./clock.ts";
import { CaEvent } from "./congestion.ts";
import { CaState, ECN_OK, ECN_QUEUE_CWR, INFINITE_SSTHRESH } from "./constants.ts";
import type { Tcb } from "./tcb.ts";
import { packetsInFlight } from "./tcb-queries.ts";

/** Begins a reduction of the window (`tcp_init_cwnd_reduction`). */
export function initCwndReduction(tp: Tcb): void {
  tp.highSeq = tp.sndNxt;
  tp.tlpHighSeq = 0;
  tp.sndCwndCnt = 0;
  tp.priorCwnd = tp.sndCwnd;
  tp.prrDelivered = 0;
  tp.prrOut = 0;
  tp.sndSsthresh = tp.ca.ssthresh(tp);
  queueCwr(tp);
}

/** Congestion without loss: ECN, a line that is full, or a tail probe that repaired a loss. */
export function enterCwr(tp: Tcb): void {
  tp.priorSsthresh = 0;
  if (tp.caState >= CaState.CWR) return;
  tp.undoMarker = 0;
  initCwndReduction(tp);
  setCaState(tp, CaState.CWR);
}

/** Proportional rate reduction (RFC 6937): how much may be sent for what was delivered. */
export function reduceCwnd(tp: Tcb, delivered: number, lost: number, advanced: boolean): void {
  if (delivered <= 0 || tp.priorCwnd === 0) return;
  const delta = tp.sndSsthresh - packetsInFlight(tp);
  tp.prrDelivered += delivered;
  let count: number;
  if (delta < 0) {
    count =
      Math.floor((tp.sndSsthresh * tp.prrDelivered + tp.priorCwnd - 1) / tp.priorCwnd) - tp.prrOut;
  } else {
    count = Math.max(tp.prrDelivered - tp.prrOut, delivered);
    if (advanced && lost === 0) count += 1;
    count = Math.min(delta, count);
  }
  count = Math.max(count, tp.prrOut > 0 ? 0 : 1);
  tp.sndCwnd = packetsInFlight(tp) + count;
}

/** Ends a reduction: the window is the threshold now. */
export function endCwndReduction(tp: Tcb): void {
  if (tp.sndSsthresh < INFINITE_SSTHRESH && (tp.caState === CaState.CWR || tp.undoMarker !== 0)) {
    tp.sndCwnd = tp.sndSsthresh;
    tp.cwndStamp = jiffies(tp);
  }
  tp.ca.event(tp, CaEvent.COMPLETE_CWR);
}

/** The next new segment tells the peer of the reduction (RFC 3168 §6.1.2). */
export function queueCwr(tp: Tcb): void {
  if ((tp.ecnFlags & ECN_OK) !== 0) tp.ecnFlags |= ECN_QUEUE_CWR;
}

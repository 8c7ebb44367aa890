/**
 * The interface of congestion control, and Reno, which the others fall back on. All arithmetic is
 * in integers, as in the kernel, so windows grow at the same segment.
 *
 * Spec: RFC 5681. Kernel: net/ipv4/tcp_cong.c, include/net/tcp.h (tcp_congestion_ops), 6.18.
 */
import { CaState } from "./constants.ts";
import type { Tcb } from "./tcb.ts";
import { inSlowStart } from "./tcb-queries.ts";

/** Events that a congestion control is told about. */
export const CaEvent = {
  TX_START: 0,
  CWND_RESTART: 1,
  COMPLETE_CWR: 2,
  LOSS: 3,
} as const;
export type CaEvent = (typeof CaEvent)[keyof typeof CaEvent];

/** A congestion control of one connection. */
export interface CongestionControl {
  readonly name: string;
  /** The transfer begins. */
  init(tp: Tcb): void;
  /** Slow start threshold after a loss. */
  ssthresh(tp: Tcb): number;
  /** Grows `sndCwnd` after `acked` segments were acknowledged. */
  congAvoid(tp: Tcb, ack: number, acked: number): void;
  /** The window to go back to when a loss was none. */
  undoCwnd(tp: Tcb): number;
  setState(tp: Tcb, state: CaState): void;
  event(tp: Tcb, event: CaEvent): void;
  /** Segments were acknowledged, with an RTT sample in us or -1. */
  pktsAcked(tp: Tcb, acked: number, rttUs: number): void;
}

/** New Reno. */
export class Reno implements CongestionControl {
  readonly name: string = "reno";

  init(_tp: Tcb): void {}

  ssthresh(tp: Tcb): number {
    return Math.max(tp.sndCwnd >>> 1, 2);
  }

  congAvoid(tp: Tcb, _ack: number, acked: number): void {
    if (!isCwndLimited(tp)) return;
    let left = acked;
    if (inSlowStart(tp)) {
      left = slowStart(tp, left);
      if (left === 0) return;
    }
    congAvoidAi(tp, tp.sndCwnd, left);
  }

  undoCwnd(tp: Tcb): number {
    return Math.max(tp.sndCwnd, tp.priorCwnd);
  }

  setState(_tp: Tcb, _state: CaState): void {}
  event(_tp: Tcb, _event: CaEvent): void {}
  pktsAcked(_tp: Tcb, _acked: number, _rttUs: number): void {}
}

/** Whether more window would be used if there were more (`tcp_is_cwnd_limited`). */
export function isCwndLimited(tp: Tcb): boolean {
  if (tp.isCwndLimited) return true;
  // In slow start the window may grow to twice what was used.
  return inSlowStart(tp) && tp.sndCwnd < 2 * tp.maxPacketsOut;
}

/** Slow start: one segment for each acknowledged; returns what is left above the threshold. */
export function slowStart(tp: Tcb, acked: number): number {
  const cwnd = Math.min(tp.sndCwnd + acked, tp.sndSsthresh);
  const left = acked - (cwnd - tp.sndCwnd);
  tp.sndCwnd = Math.min(cwnd, tp.sndCwndClamp);
  return left;
}

/** Additive increase: one segment for each `window` acknowledged. */
export function congAvoidAi(tp: Tcb, window: number, acked: number): void {
  if (tp.sndCwndCnt >= window) {
    tp.sndCwndCnt = 0;
    tp.sndCwnd += 1;
  }
  tp.sndCwndCnt += acked;
  if (tp.sndCwndCnt >= window) {
    const delta = Math.floor(tp.sndCwndCnt / window);
    tp.sndCwndCnt -= delta * window;
    tp.sndCwnd += delta;
  }
  tp.sndCwnd = Math.min(tp.sndCwnd, tp.sndCwndClamp);
}

/** The threshold that a connection has now, which a loss later would lower (`tcp_current_ssthresh`). */
export function currentSsthresh(tp: Tcb): number {
  if (tp.caState === CaState.CWR || tp.caState === CaState.RECOVERY) return tp.sndSsthresh;
  return Math.max(tp.sndSsthresh, (tp.sndCwnd >>> 1) + (tp.sndCwnd >>> 2));
}

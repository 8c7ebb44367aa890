/**
 * The states Open and Disorder, and the step from one state of loss recovery to another.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_set_ca_state, tcp_try_keep_open), 6.18.
 */
import { CaState, EVER_RETRANS } from "./constants.ts";
import type { Tcb } from "./tcb.ts";
import { leftOut } from "./tcb-queries.ts";

/** Enters a state of congestion control. */
export function setCaState(tp: Tcb, state: CaState): void {
  tp.ca.setState(tp, state);
  tp.caState = state;
}

/** Goes to Open, or to Disorder while something is missing. */
export function tryKeepOpen(tp: Tcb): void {
  const state = leftOut(tp) > 0 || anyRetransDone(tp) ? CaState.DISORDER : CaState.OPEN;
  if (tp.caState === state) return;
  setCaState(tp, state);
  tp.highSeq = tp.sndNxt;
}

/** Whether some retransmission was sent in this episode. */
export function anyRetransDone(tp: Tcb): boolean {
  if (tp.retransOut > 0) return true;
  const head = tp.rtxQueue.head;
  return head !== null && (head.sacked & EVER_RETRANS) !== 0;
}

/**
 * Taking a reduction back that turns out to have been wrong: the segment was late, not lost.
 *
 * Spec: RFC 3522 (Eifel), RFC 3708 (D-SACK). Kernel: net/ipv4/tcp_input.c (tcp_try_undo_recovery,
 * tcp_try_undo_loss, tcp_try_undo_dsack, tcp_try_undo_partial), 6.18.
 */
import { before } from "../../wire/sequence.ts";
import { anyRetransDone, setCaState, tryKeepOpen } from "./ca-state.ts";
import { jiffies } from "./clock.ts";
import { CaState, ECN_QUEUE_CWR, LOST, TcpState } from "./constants.ts";
import { RACK_RECOVERY_THRESH } from "./rack.ts";
import { checkReordering } from "./sacktag.ts";
import type { Tcb } from "./tcb.ts";
import { isSack } from "./tcb-queries.ts";

/** A reduction begins: from now on it is counted what would show it to be wrong. */
export function initUndo(tp: Tcb): void {
  tp.undoMarker = tp.sndUna || 1;
  tp.undoRetrans = tp.retransOut;
  if (tp.tlpHighSeq !== 0 && tp.tlpRetrans) tp.undoRetrans += 1;
  if (tp.undoRetrans === 0) tp.undoRetrans = -1;
}

/** All that was sent before the loss is acknowledged. True: stay in the state for now. */
export function tryUndoRecovery(tp: Tcb): boolean {
  if (mayUndo(tp)) undoCwndReduction(tp, false);
  else if (tp.rack.reoWndPersist > 0) tp.rack.reoWndPersist -= 1;
  if (preventsReopen(tp)) return true;
  if (tp.caState !== CaState.OPEN) setCaState(tp, CaState.OPEN);
  return false;
}

/** Every retransmission has been reported as a duplicate, so none was needed. */
export function tryUndoDsack(tp: Tcb): boolean {
  if (tp.undoMarker === 0 || tp.undoRetrans !== 0) return false;
  tp.rack.reoWndPersist = Math.min(RACK_RECOVERY_THRESH, tp.rack.reoWndPersist + 1);
  undoCwndReduction(tp, false);
  return true;
}

/** Leaves Loss if the timeout was spurious, which F-RTO knows (`frtoUndo`) or the timestamps do. */
export function tryUndoLoss(tp: Tcb, frtoUndo: boolean): boolean {
  if (!frtoUndo && !mayUndo(tp)) return false;
  undoCwndReduction(tp, true);
  tp.retransmits = 0;
  if (preventsReopen(tp)) return true;
  if (frtoUndo || isSack(tp)) setCaState(tp, CaState.OPEN);
  return true;
}

/** In Recovery: a partial ACK that answers an original. True: nothing more is to be done. */
export function tryUndoPartial(tp: Tcb, priorSndUna: number): boolean {
  if (tp.undoMarker === 0 || !packetDelayed(tp)) return false;
  checkReordering(tp, priorSndUna);
  if (tp.retransOut > 0) return true;
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  undoCwndReduction(tp, true);
  tryKeepOpen(tp);
  return false;
}

function mayUndo(tp: Tcb): boolean {
  return tp.undoMarker !== 0 && (tp.undoRetrans === 0 || packetDelayed(tp));
}

/** The ACK answers the original, not the retransmission (Eifel). */
function packetDelayed(tp: Tcb): boolean {
  if (tp.retransStamp !== 0) {
    return tp.sawTstamp && tp.rcvTsecr !== 0 && before(tp.rcvTsecr, tp.retransStamp);
  }
  // The ACK of a SYN has cleared the stamp, whether the SYN was repeated or not.
  if (tp.state === TcpState.SYN_SENT) return false;
  return isSack(tp) || before(tp.sndUna, tp.highSeq);
}

/** Without SACK, holding the state until something above is ACKed avoids false recoveries. */
function preventsReopen(tp: Tcb): boolean {
  if (tp.sndUna !== tp.highSeq || isSack(tp)) return false;
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  return true;
}

function undoCwndReduction(tp: Tcb, unmarkLoss: boolean): void {
  if (unmarkLoss) {
    for (let skb = tp.rtxQueue.head; skb !== null; skb = skb.next) skb.sacked &= ~LOST;
    tp.lostOut = 0;
    tp.retransmitHint = null;
  }
  if (tp.priorSsthresh !== 0) {
    tp.sndCwnd = tp.ca.undoCwnd(tp);
    if (tp.priorSsthresh > tp.sndSsthresh) {
      tp.sndSsthresh = tp.priorSsthresh;
      tp.ecnFlags &= ~ECN_QUEUE_CWR;
    }
  }
  tp.cwndStamp = jiffies(tp);
  tp.undoMarker = 0;
  tp.rack.advanced = true;
}

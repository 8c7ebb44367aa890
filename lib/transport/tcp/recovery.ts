/**
 * The states of loss recovery: Open, Disorder, CWR, Recovery, Loss; what enters and leaves them,
 * and when a reduction turns out to have been wrong.
 *
 * Spec: RFC 5681, RFC 6675, RFC 6937 (PRR), RFC 5682 (F-RTO), RFC 3522 (Eifel).
 * Kernel: net/ipv4/tcp_input.c (tcp_fastretrans_alert), 6.18.
 */

import { after, before } from "../../wire/sequence.ts";
import {
  type AckState,
  FLAG_DATA_SACKED,
  FLAG_ECE,
  FLAG_LOST_RETRANS,
  FLAG_ORIG_SACK_ACKED,
  FLAG_SET_XMIT_TIMER,
  FLAG_SND_UNA_ADVANCED,
  REXMIT_LOST,
  REXMIT_NEW,
} from "./ack-flags.ts";
import { jiffies } from "./clock.ts";
import { CaEvent, currentSsthresh } from "./congestion.ts";
import {
  CaState,
  ECN_OK,
  ECN_QUEUE_CWR,
  EVER_RETRANS,
  INFINITE_SSTHRESH,
  LOST,
  SACKED_ACKED,
  TcpState,
} from "./constants.ts";
import { fragment } from "./queue.ts";
import { markLost, RACK_RECOVERY_THRESH, rackMarkLost, rackTimeoutUs } from "./rack.ts";
import { checkReordering } from "./sacktag.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, isSack, leftOut, packetsInFlight, windowEnd } from "./tcb-queries.ts";

/** Enters a state of congestion control. */
export function setCaState(tp: Tcb, state: CaState): void {
  tp.ca.setState(tp, state);
  tp.caState = state;
}

/** Handles an ACK that may mean loss (`tcp_fastretrans_alert`). */
export function fastRetransAlert(
  tp: Tcb,
  priorSndUna: number,
  dupacks: number,
  ack: AckState,
): void {
  const ece = (ack.flag & FLAG_ECE) !== 0;
  const advanced = (ack.flag & FLAG_SND_UNA_ADVANCED) !== 0;
  if (tp.packetsOut === 0 && tp.sackedOut > 0) tp.sackedOut = 0;
  if (ece) tp.priorSsthresh = 0;
  if (tp.caState === CaState.OPEN) tp.retransStamp = 0;
  else if (!before(tp.sndUna, tp.highSeq) && leaveAtHighSeq(tp)) return;

  switch (tp.caState) {
    case CaState.RECOVERY:
      if (!advanced) {
        if (!isSack(tp)) addRenoSack(tp, dupacks);
      } else if (tryUndoPartial(tp, priorSndUna)) {
        return;
      }
      if (tryUndoDsack(tp)) tryToOpen(tp, ece);
      identifyLoss(tp, ack);
      if ((tp.caState as CaState) !== CaState.RECOVERY) {
        if (tp.lostOut === 0) return;
        enterRecovery(tp, ece);
      }
      break;
    case CaState.LOSS:
      processLoss(tp, dupacks, ack);
      identifyLoss(tp, ack);
      if ((tp.caState as CaState) !== CaState.OPEN && (ack.flag & FLAG_LOST_RETRANS) === 0) return;
      if (!recoverByDefault(tp, dupacks, advanced, ece, ack)) return;
      break;
    default:
      if (!recoverByDefault(tp, dupacks, advanced, ece, ack)) return;
  }
  ack.rexmit = REXMIT_LOST;
}

/** High water mark acknowledged: leaves CWR and Recovery. True if nothing more is to be done. */
function leaveAtHighSeq(tp: Tcb): boolean {
  if (tp.caState === CaState.CWR) {
    if (tp.sndUna !== tp.highSeq) {
      endCwndReduction(tp);
      setCaState(tp, CaState.OPEN);
    }
  } else if (tp.caState === CaState.RECOVERY) {
    if (!isSack(tp)) tp.sackedOut = 0;
    if (tryUndoRecovery(tp)) return true;
    endCwndReduction(tp);
  }
  return false;
}

function recoverByDefault(
  tp: Tcb,
  dupacks: number,
  advanced: boolean,
  ece: boolean,
  ack: AckState,
): boolean {
  if (!isSack(tp)) {
    if (advanced) tp.sackedOut = 0;
    addRenoSack(tp, dupacks);
  }
  if (tp.caState <= CaState.DISORDER) tryUndoDsack(tp);
  identifyLoss(tp, ack);
  if (tp.lostOut === 0) {
    tryToOpen(tp, ece);
    return false;
  }
  enterRecovery(tp, ece);
  return true;
}

/** Marks what is lost: by RACK, or by duplicate ACKs if the peer has no SACK. */
function identifyLoss(tp: Tcb, ack: AckState): void {
  if (tp.rtxQueue.empty) return;
  if (!isSack(tp)) {
    markLostNewReno(tp, (ack.flag & FLAG_SND_UNA_ADVANCED) !== 0);
    return;
  }
  const before = tp.retransOut;
  if (rackMarkLost(tp)) ack.flag &= ~FLAG_SET_XMIT_TIMER;
  if (before > tp.retransOut) ack.flag |= FLAG_LOST_RETRANS;
}

function markLostNewReno(tp: Tcb, advanced: boolean): void {
  const duplicate = tp.caState < CaState.RECOVERY && tp.sackedOut >= tp.reordering;
  if (!duplicate && !(tp.caState === CaState.RECOVERY && advanced)) return;
  const head = tp.rtxQueue.head;
  if (head === null || (head.sacked & LOST) !== 0) return;
  if (head.pcount > 1 && head.length > head.gsoSize) {
    fragment(tp, tp.rtxQueue, head, head.gsoSize, head.gsoSize);
  }
  markLost(tp, head);
}

/** Without SACK each duplicate ACK stands for one segment that left the network. */
function addRenoSack(tp: Tcb, dupacks: number): void {
  if (dupacks === 0) return;
  const before = tp.sackedOut;
  tp.sackedOut += dupacks;
  checkRenoReordering(tp, 0);
  tp.delivered += Math.max(0, tp.sackedOut - before);
}

/** ACKed segments without SACK: the hole is filled, so fewer are beyond it. */
export function removeRenoSacks(tp: Tcb, acked: number): void {
  if (acked > 0) {
    tp.delivered += Math.max(acked - tp.sackedOut, 1);
    tp.sackedOut = Math.max(0, tp.sackedOut - (acked - 1));
  }
  checkRenoReordering(tp, acked);
}

/** More duplicate ACKs than segments are missing: they were reordered, `acked` of them just now. */
function checkRenoReordering(tp: Tcb, acked: number): void {
  const holes = Math.min(Math.max(tp.lostOut, 1), tp.packetsOut);
  if (tp.sackedOut + holes <= tp.packetsOut) return;
  tp.sackedOut = Math.max(0, tp.packetsOut - holes);
  tp.reordering = Math.min(tp.packetsOut + acked, tp.env.sysctls.tcpMaxReordering);
  tp.reordSeen += 1;
}

/** Enters fast recovery. */
export function enterRecovery(tp: Tcb, ece: boolean): void {
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  tp.priorSsthresh = 0;
  initUndo(tp);
  if (!inCwndReduction(tp)) {
    if (!ece) tp.priorSsthresh = currentSsthresh(tp);
    initCwndReduction(tp);
  }
  setCaState(tp, CaState.RECOVERY);
}

/** Congestion without loss: ECN, or a tail probe that repaired one. */
function enterCwr(tp: Tcb): void {
  tp.priorSsthresh = 0;
  if (tp.caState >= CaState.CWR) return;
  tp.undoMarker = 0;
  initCwndReduction(tp);
  setCaState(tp, CaState.CWR);
}

/** The RTO passed: everything is presumed lost (`tcp_enter_loss`). */
export function enterLoss(tp: Tcb): void {
  const fresh = tp.caState < CaState.RECOVERY;
  timeoutMarkLost(tp);
  if (
    tp.caState <= CaState.DISORDER ||
    !after(tp.highSeq, tp.sndUna) ||
    (tp.caState === CaState.LOSS && tp.retransmits === 0)
  ) {
    tp.priorSsthresh = currentSsthresh(tp);
    tp.priorCwnd = tp.sndCwnd;
    tp.sndSsthresh = tp.ca.ssthresh(tp);
    tp.ca.event(tp, CaEvent.LOSS);
    initUndo(tp);
  }
  tp.sndCwnd = packetsInFlight(tp) + 1;
  tp.sndCwndCnt = 0;
  tp.cwndStamp = jiffies(tp);
  const reordering = tp.env.sysctls.tcpReordering;
  if (tp.caState <= CaState.DISORDER && tp.sackedOut >= reordering) {
    tp.reordering = Math.min(tp.reordering, reordering);
  }
  setCaState(tp, CaState.LOSS);
  tp.highSeq = tp.sndNxt;
  tp.tlpHighSeq = 0;
  queueCwr(tp);
  tp.frto = tp.env.sysctls.tcpFrto !== 0 && (fresh || tp.retransmits > 0);
}

function timeoutMarkLost(tp: Tcb): void {
  const head = tp.rtxQueue.head;
  const reneged = head !== null && (head.sacked & SACKED_ACKED) !== 0;
  if (reneged || !isSack(tp)) tp.sackedOut = 0;
  for (let skb = head; skb !== null; skb = skb.next) {
    if (reneged) skb.sacked &= ~SACKED_ACKED;
    else if (skb !== head && rackTimeoutUs(tp, skb, 0) > 0) continue;
    markLost(tp, skb);
  }
  tp.retransmitHint = null;
}

/** In Loss: F-RTO finds out whether the timeout was spurious. */
function processLoss(tp: Tcb, dupacks: number, ack: AckState): void {
  const recovered = !before(tp.sndUna, tp.highSeq);
  const advanced = (ack.flag & FLAG_SND_UNA_ADVANCED) !== 0;
  if (advanced && tryUndoLoss(tp, false)) return;
  if (tp.frto) {
    if ((ack.flag & FLAG_ORIG_SACK_ACKED) !== 0 && tryUndoLoss(tp, true)) return;
    if (after(tp.sndNxt, tp.highSeq)) {
      if ((ack.flag & FLAG_DATA_SACKED) !== 0 || dupacks > 0) tp.frto = false;
    } else if (advanced && !recovered) {
      tp.highSeq = tp.sndNxt;
      if (!tp.writeQueue.empty && after(windowEnd(tp), tp.sndNxt)) {
        ack.rexmit = REXMIT_NEW;
        return;
      }
      tp.frto = false;
    }
  }
  if (recovered) {
    tryUndoRecovery(tp);
    return;
  }
  if (!isSack(tp)) {
    if (after(tp.sndNxt, tp.highSeq) && dupacks > 0) addRenoSack(tp, dupacks);
    else if (advanced) tp.sackedOut = 0;
  }
  ack.rexmit = REXMIT_LOST;
}

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

function queueCwr(tp: Tcb): void {
  if ((tp.ecnFlags & ECN_OK) !== 0) tp.ecnFlags |= ECN_QUEUE_CWR;
}

function initUndo(tp: Tcb): void {
  tp.undoMarker = tp.sndUna || 1;
  tp.undoRetrans = tp.retransOut;
  if (tp.tlpHighSeq !== 0 && tp.tlpRetrans) tp.undoRetrans += 1;
  if (tp.undoRetrans === 0) tp.undoRetrans = -1;
}

/** Whether some retransmission was sent in this episode. */
function anyRetransDone(tp: Tcb): boolean {
  if (tp.retransOut > 0) return true;
  const head = tp.rtxQueue.head;
  return head !== null && (head.sacked & EVER_RETRANS) !== 0;
}

function tryToOpen(tp: Tcb, ece: boolean): void {
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  if (ece) enterCwr(tp);
  if (tp.caState !== CaState.CWR) tryKeepOpen(tp);
}

/** Goes to Open, or to Disorder while something is missing. */
export function tryKeepOpen(tp: Tcb): void {
  const state = leftOut(tp) > 0 || anyRetransDone(tp) ? CaState.DISORDER : CaState.OPEN;
  if (tp.caState === state) return;
  setCaState(tp, state);
  tp.highSeq = tp.sndNxt;
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

function mayUndo(tp: Tcb): boolean {
  return tp.undoMarker !== 0 && (tp.undoRetrans === 0 || packetDelayed(tp));
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
  tp.rackAdvanced = true;
}

function tryUndoRecovery(tp: Tcb): boolean {
  if (mayUndo(tp)) undoCwndReduction(tp, false);
  else if (tp.rackReoWndPersist > 0) tp.rackReoWndPersist -= 1;
  if (preventsReopen(tp)) return true;
  if (tp.caState !== CaState.OPEN) setCaState(tp, CaState.OPEN);
  return false;
}

/** Without SACK, holding the state until something above is ACKed avoids false recoveries. */
function preventsReopen(tp: Tcb): boolean {
  if (tp.sndUna !== tp.highSeq || isSack(tp)) return false;
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  return true;
}

function tryUndoDsack(tp: Tcb): boolean {
  if (tp.undoMarker === 0 || tp.undoRetrans !== 0) return false;
  tp.rackReoWndPersist = Math.min(RACK_RECOVERY_THRESH, tp.rackReoWndPersist + 1);
  undoCwndReduction(tp, false);
  return true;
}

function tryUndoLoss(tp: Tcb, frtoUndo: boolean): boolean {
  if (!frtoUndo && !mayUndo(tp)) return false;
  undoCwndReduction(tp, true);
  tp.retransmits = 0;
  if (preventsReopen(tp)) return true;
  if (frtoUndo || isSack(tp)) setCaState(tp, CaState.OPEN);
  return true;
}

function tryUndoPartial(tp: Tcb, priorSndUna: number): boolean {
  if (tp.undoMarker === 0 || !packetDelayed(tp)) return false;
  checkReordering(tp, priorSndUna);
  if (tp.retransOut > 0) return true;
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  undoCwndReduction(tp, true);
  tryKeepOpen(tp);
  return false;
}

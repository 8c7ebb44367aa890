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
import { anyRetransDone, setCaState, tryKeepOpen } from "./ca-state.ts";
import { jiffies } from "./clock.ts";
import { CaEvent, currentSsthresh } from "./congestion.ts";
import { CaState, LOST, SACKED_ACKED } from "./constants.ts";
import { endCwndReduction, enterCwr, initCwndReduction, queueCwr } from "./cwnd-reduction.ts";
import { probeLost } from "./mtu-probe.ts";
import { fragment } from "./queue.ts";
import { markLost, rackMarkLost, rackTimeoutUs } from "./rack.ts";
import { addRenoSack } from "./reno-sacks.ts";
import { simpleRetransmit } from "./simple-retransmit.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, isSack, packetsInFlight, windowEnd } from "./tcb-queries.ts";
import { initUndo, tryUndoDsack, tryUndoLoss, tryUndoPartial, tryUndoRecovery } from "./undo.ts";

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
  if (probeLost(tp)) {
    simpleRetransmit(tp);
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

function tryToOpen(tp: Tcb, ece: boolean): void {
  if (!anyRetransDone(tp)) tp.retransStamp = 0;
  if (ece) enterCwr(tp);
  if (tp.caState !== CaState.CWR) tryKeepOpen(tp);
}

/**
 * RACK: a segment is lost if one sent later was delivered and a reordering window has passed.
 *
 * Spec: RFC 8985 §6. Kernel: net/ipv4/tcp_recovery.c, 6.18.
 */

import { after, before } from "../../wire/sequence.ts";
import type { AckState } from "./ack-flags.ts";
import { usBetween } from "./clock.ts";
import { CaState, EVER_RETRANS, LOST, SACKED_ACKED, SACKED_RETRANS } from "./constants.ts";
import { armReorderTimer } from "./loss-probe.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";

/** `tcp_recovery`: the reordering window stays as it is, whatever D-SACKs say. */
const STATIC_REO_WND = 2;
/** `tcp_recovery`: three duplicate ACKs do not make the reordering window zero. */
const NO_DUPTHRESH = 4;

/** Loss recoveries for which a larger reordering window is kept. */
export const RACK_RECOVERY_THRESH = 16;

/** Marks a segment as lost (`tcp_mark_skb_lost`). */
export function markLost(tp: Tcb, skb: SendSkb): void {
  const sacked = skb.sacked;
  if ((sacked & SACKED_ACKED) !== 0) return;
  const hint = tp.retransmitHint;
  if (
    (hint === null && tp.retransOut >= tp.lostOut) ||
    (hint !== null && before(skb.seq, hint.seq))
  ) {
    tp.retransmitHint = skb;
  }
  if ((sacked & LOST) === 0) {
    tp.lostOut += skb.pcount;
    skb.sacked |= LOST;
    tp.lost += skb.pcount;
  } else if ((sacked & SACKED_RETRANS) !== 0) {
    skb.sacked &= ~SACKED_RETRANS;
    tp.retransOut -= skb.pcount;
    tp.lost += skb.pcount;
  }
}

/** Whether the segment sent at `at` left after the one sent at `otherAt`. */
function sentAfter(at: number, otherAt: number, endSeq: number, otherEndSeq: number): boolean {
  const us = Math.floor(at / 1000);
  const otherUs = Math.floor(otherAt / 1000);
  return us > otherUs || (us === otherUs && after(endSeq, otherEndSeq));
}

/** How long reordered segments are waited for, in us. */
function reorderWindowUs(tp: Tcb): number {
  if (tp.reordSeen === 0) {
    const byDupthresh = (tp.env.sysctls.tcpRecovery & NO_DUPTHRESH) === 0;
    if (tp.caState >= CaState.RECOVERY || (byDupthresh && tp.sackedOut >= tp.reordering)) return 0;
  }
  const min = tp.rttMinUs >= 0xffffffff ? 0x3fffffff : tp.rttMinUs >>> 2;
  return Math.min(min * tp.rack.reoWndSteps, tp.srttUs >>> 3);
}

/** Time left until the segment counts as lost, in us. */
export function rackTimeoutUs(tp: Tcb, skb: SendSkb, windowUs: number): number {
  return tp.rack.rttUs + windowUs - usBetween(skb.sentAt, tp.mstamp);
}

/** Marks what is lost by now; returns how long to wait for the rest in us, 0 for no wait. */
function detectLoss(tp: Tcb): number {
  const windowUs = reorderWindowUs(tp);
  let wait = 0;
  let next: SendSkb | null = null;
  for (let skb = tp.sorted.head; skb !== null; skb = next) {
    next = skb.sortedNext;
    if ((skb.sacked & LOST) !== 0 && (skb.sacked & SACKED_RETRANS) === 0) continue;
    if (!sentAfter(tp.rack.at, skb.sentAt, tp.rack.endSeq, skb.endSeq)) break;
    const remaining = rackTimeoutUs(tp, skb, windowUs);
    if (remaining <= 0) {
      markLost(tp, skb);
      tp.sorted.remove(skb);
    } else {
      wait = Math.max(wait, remaining);
    }
  }
  return wait;
}

/** After an ACK moved RACK on: marks losses, arms the reorder timer. True if it is armed. */
export function rackMarkLost(tp: Tcb): boolean {
  if (!tp.rack.advanced) return false;
  tp.rack.advanced = false;
  const wait = detectLoss(tp);
  if (wait > 0) armReorderTimer(tp, wait);
  return wait > 0;
}

/** The reorder timer fired: marks losses. */
export function rackDetectOnTimeout(tp: Tcb): void {
  detectLoss(tp);
}

/** A segment was delivered: remembers the newest one sent among them. @hot */
export function rackAdvance(tp: Tcb, sacked: number, endSeq: number, sentAt: number): void {
  const rtt = usBetween(sentAt, tp.mstamp);
  // A retransmission that is answered faster than ever was not the one that arrived.
  if (rtt < tp.rttMinUs && (sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0) return;
  tp.rack.advanced = true;
  tp.rack.rttUs = rtt;
  if (sentAfter(sentAt, tp.rack.at, endSeq, tp.rack.endSeq)) {
    tp.rack.at = sentAt;
    tp.rack.endSeq = endSeq;
  }
}

/** Adapts the reordering window to D-SACKs, once a round (`tcp_rack_update_reo_wnd`). */
export function rackUpdateWindow(tp: Tcb, ack: AckState): void {
  if (ack.priorDelivered === 0 || (tp.env.sysctls.tcpRecovery & STATIC_REO_WND) !== 0) return;
  if (before(ack.priorDelivered, tp.rack.lastDelivered)) tp.rack.dsackSeen = false;
  if (tp.rack.dsackSeen) {
    tp.rack.reoWndSteps = Math.min(255, tp.rack.reoWndSteps + 1);
    tp.rack.dsackSeen = false;
    tp.rack.lastDelivered = tp.delivered;
    tp.rack.reoWndPersist = RACK_RECOVERY_THRESH;
  } else if (tp.rack.reoWndPersist === 0) {
    tp.rack.reoWndSteps = 1;
  }
}

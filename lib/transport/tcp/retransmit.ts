/**
 * Sending again: one segment, or all that is marked lost as far as the window allows; and the
 * tail loss probe.
 *
 * Spec: RFC 6298 §5, RFC 8985 §7.3. Kernel: net/ipv4/tcp_output.c (__tcp_retransmit_skb,
 * tcp_xmit_retransmit_queue, tcp_send_loss_probe), 6.18.
 */

import { after, before } from "../../wire/sequence.ts";
import { FLAG_CWR, FLAG_ECE, FLAG_SYN } from "../../wire/tcp.ts";
import { resetXmitTimer } from "./clock.ts";
import {
  EVER_RETRANS,
  LOST,
  NAGLE_OFF,
  PENDING_REO_TIMEOUT,
  PENDING_RETRANS,
  SACKED_ACKED,
  SACKED_RETRANS,
} from "./constants.ts";
import { rearmRto } from "./loss-probe.ts";
import { currentMss, tsoSegs } from "./mss.ts";
import { PUSH_LOSS_PROBE, smallQueueCheck, writeXmit } from "./output.ts";
import { fragment, setTsoSegs, unlinkRtx } from "./queue.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, packetsInFlight, windowEnd } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";

/** Sends a segment again and counts it; true if it left (`tcp_retransmit_skb`). */
export function retransmitSkb(tp: Tcb, skb: SendSkb, segs: number): boolean {
  const sent = resend(tp, skb, segs);
  if (sent) {
    skb.sacked |= SACKED_RETRANS | EVER_RETRANS;
    tp.retransOut += skb.pcount;
  }
  if (tp.retransStamp === 0) tp.retransStamp = Math.floor(skb.sentAt / 1_000_000) | 0 || 1;
  if (tp.undoRetrans < 0) tp.undoRetrans = 0;
  tp.undoRetrans += skb.pcount;
  return sent;
}

/** Sends as much of `skb` again as `segs` segments and the peer's window hold. */
function resend(tp: Tcb, skb: SendSkb, segs: number): boolean {
  // What follows says nothing about the probe any more.
  tp.mtuSearch.probeSize = 0;
  if (before(skb.seq, tp.sndUna) && !dropAcked(tp, skb)) return false;
  const mss = currentMss(tp);
  let available = (windowEnd(tp) - skb.seq) | 0;
  if (available <= 0) {
    if (skb.seq !== tp.sndUna) return false;
    available = mss;
  }
  let length = mss * segs;
  if (length > available) length = available - (available % mss) || available;
  if (skb.length > length) {
    fragment(tp, tp.rtxQueue, skb, length, mss);
  } else {
    const before = skb.pcount;
    adjust(tp, skb, before - setTsoSegs(skb, mss));
    const room = Math.min(available, mss);
    if (skb.length < room) tryCollapse(tp, skb, room);
  }
  // RFC 3168 §6.1.1.1: a SYN that gets no answer is repeated without ECN. The answer to the first
  // one may still agree to it.
  const ecnSyn = FLAG_SYN | FLAG_ECE | FLAG_CWR;
  if ((skb.flags & ecnSyn) === ecnSyn && tp.env.sysctls.tcpEcnFallback !== 0) {
    skb.flags &= ~(FLAG_ECE | FLAG_CWR);
  }
  tp.totalRetrans += skb.pcount;
  skb.sacked |= EVER_RETRANS;
  if (!transmitSkb(tp, skb, skb.flags, skb.seq, tp.rcvNxt)) return false;
  tp.sorted.push(skb);
  return true;
}

/** Cuts off what was acknowledged since the segment was queued (`tcp_trim_head`). */
export function trimHead(tp: Tcb, skb: SendSkb): void {
  const acked = (tp.sndUna - skb.seq) | 0;
  skb.payloadAt += acked;
  skb.length -= acked;
  skb.truesize -= acked;
  tp.wmemQueued -= acked;
  skb.seq = tp.sndUna;
  if (skb.pcount > 1) setTsoSegs(skb, skb.gsoSize);
}

/** Sends all that is marked lost, as the congestion window allows. */
export function xmitRetransmitQueue(tp: Tcb): void {
  if (tp.packetsOut === 0) return;
  const head = tp.rtxQueue.head;
  const maxSegs = tsoSegs(tp, currentMss(tp));
  let hole: SendSkb | null = null;
  let rearm = false;
  for (let skb = tp.retransmitHint ?? head; skb !== null; skb = skb.next) {
    if (hole === null) tp.retransmitHint = skb;
    const segs = Math.min(tp.sndCwnd - packetsInFlight(tp), maxSegs);
    if (segs <= 0 || tp.retransOut >= tp.lostOut) break;
    if ((skb.sacked & LOST) === 0) {
      if (hole === null && (skb.sacked & (SACKED_RETRANS | SACKED_ACKED)) === 0) hole = skb;
      continue;
    }
    if ((skb.sacked & (SACKED_ACKED | SACKED_RETRANS)) !== 0) continue;
    if (smallQueueCheck(tp, skb, 1) || !retransmitSkb(tp, skb, segs)) break;
    if (inCwndReduction(tp)) tp.prrOut += skb.pcount;
    if (skb === head && tp.pending !== PENDING_REO_TIMEOUT) rearm = true;
  }
  if (rearm) resetXmitTimer(tp, PENDING_RETRANS, tp.rto);
}

/** The tail loss probe: new data if there is, else the last segment again. */
export function sendLossProbe(tp: Tcb): void {
  // At most one probe is out at a time.
  if (tp.tlpHighSeq !== 0) {
    rearmRto(tp);
    return;
  }
  tp.tlpRetrans = false;
  const head = tp.writeQueue.head;
  const mss = currentMss(tp);
  let sent = false;
  if (
    head !== null &&
    !after(head.length > mss ? (head.seq + mss) | 0 : head.endSeq, windowEnd(tp))
  ) {
    const before = tp.packetsOut;
    writeXmit(tp, mss, NAGLE_OFF, PUSH_LOSS_PROBE);
    if (tp.packetsOut > before) sent = true;
  } else {
    sent = probeWithTail(tp, mss);
  }
  if (sent) {
    tp.tlpHighSeq = tp.sndNxt;
    tp.pending = 0;
  }
  rearmRto(tp);
}

function probeWithTail(tp: Tcb, mss: number): boolean {
  let skb = tp.rtxQueue.tail;
  if (skb === null) return false;
  // Still on its way through this host: it cannot be lost yet.
  if (skb.pcount > 1 && skb.length > (skb.pcount - 1) * mss) {
    skb = fragment(tp, tp.rtxQueue, skb, (skb.pcount - 1) * mss, mss);
  }
  if (!resend(tp, skb, 1)) return false;
  tp.tlpRetrans = true;
  return true;
}

/** Whether something of the segment is left to send. */
function dropAcked(tp: Tcb, skb: SendSkb): boolean {
  if ((skb.flags & FLAG_SYN) !== 0) {
    skb.flags &= ~FLAG_SYN;
    skb.seq = (skb.seq + 1) | 0;
    if (!before(skb.seq, tp.sndUna)) return true;
  }
  if (before(skb.endSeq, tp.sndUna)) return false;
  trimHead(tp, skb);
  return true;
}

function adjust(tp: Tcb, skb: SendSkb, decrease: number): void {
  if (decrease === 0) return;
  tp.packetsOut -= decrease;
  if ((skb.sacked & SACKED_ACKED) !== 0) tp.sackedOut -= decrease;
  if ((skb.sacked & SACKED_RETRANS) !== 0) tp.retransOut -= decrease;
  if ((skb.sacked & LOST) !== 0) tp.lostOut -= decrease;
}

/** Joins small segments that follow, so that one packet carries them (`tcp_retrans_try_collapse`). */
function tryCollapse(tp: Tcb, skb: SendSkb, room: number): void {
  if (tp.env.sysctls.tcpRetransCollapse === 0 || (skb.flags & FLAG_SYN) !== 0) return;
  if (skb.pcount > 1 || (skb.sacked & SACKED_ACKED) !== 0) return;
  let space = room - skb.length;
  for (let next = skb.next; next !== null; next = skb.next) {
    if (next.pcount > 1 || (next.sacked & SACKED_ACKED) !== 0 || skb.eor) return;
    space -= next.length;
    if (space < 0 || after(next.endSeq, windowEnd(tp))) return;
    collapse(tp, skb, next);
  }
}

function collapse(tp: Tcb, skb: SendSkb, next: SendSkb): void {
  tp.memory.merge(skb, next);
  skb.truesize += next.length;
  tp.wmemQueued += next.length;
  if (tp.highestSack === next) tp.highestSack = skb;
  skb.endSeq = next.endSeq;
  skb.flags |= next.flags;
  skb.sacked |= next.sacked & EVER_RETRANS;
  skb.eor = next.eor;
  tp.retransmitHint = null;
  adjust(tp, next, next.pcount);
  unlinkRtx(tp, next);
}

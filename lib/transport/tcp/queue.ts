/**
 * Operations on queued segments: counting them in MSS, cutting them, joining them.
 *
 * Kernel: net/ipv4/tcp_output.c (tcp_set_skb_tso_segs, tcp_fragment, tcp_grow_skb), 6.18.
 */

import { before } from "../../wire/sequence.ts";
import { FLAG_FIN, FLAG_PSH } from "../../wire/tcp.ts";
import { LOST, SACKED_ACKED, SACKED_RETRANS } from "./constants.ts";
import { SKB_OVERHEAD } from "./segment-memory.ts";
import type { SendQueue, SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";

/** Counts the segments that `skb` makes at this MSS. @hot */
export function setTsoSegs(skb: SendSkb, mss: number): number {
  if (skb.length <= mss) {
    skb.gsoSize = 0;
    skb.pcount = 1;
  } else {
    skb.gsoSize = mss;
    skb.pcount = Math.ceil(skb.length / mss);
  }
  return skb.pcount;
}

/**
 * Cuts `skb` so that it keeps `length` bytes; the rest follows it in `queue`. Scoreboard marks are
 * inherited and counters corrected. Returns the rest.
 */
export function fragment(
  tp: Tcb,
  queue: SendQueue,
  skb: SendSkb,
  length: number,
  mss: number,
): SendSkb {
  const part = tp.memory.take();
  const oldCount = skb.pcount;
  part.seq = (skb.seq + length) | 0;
  part.endSeq = skb.endSeq;
  skb.endSeq = part.seq;
  part.flags = skb.flags;
  skb.flags &= ~(FLAG_FIN | FLAG_PSH);
  part.sacked = skb.sacked;
  part.eor = skb.eor;
  skb.eor = false;
  tp.memory.split(skb, part, length);
  part.truesize = SKB_OVERHEAD + part.length;
  skb.truesize -= part.length;
  tp.wmemQueued += SKB_OVERHEAD;
  part.sentAt = skb.sentAt;
  part.txDelivered = skb.txDelivered;
  part.txDeliveredAt = skb.txDeliveredAt;
  setTsoSegs(skb, mss);
  setTsoSegs(part, mss);
  queue.insertAfter(skb, part);
  if (queue === tp.rtxQueue) {
    if (skb.sorted) tp.sorted.insertAfter(skb, part);
    // Cut by another MSS, the segments may count differently.
    if (!before(tp.sndNxt, part.endSeq)) adjustCounts(tp, skb, oldCount - skb.pcount - part.pcount);
  } else {
    part.sorted = false;
  }
  return part;
}

/** `tcp_adjust_pcount`: `decrease` segments fewer than were counted. */
function adjustCounts(tp: Tcb, skb: SendSkb, decrease: number): void {
  if (decrease === 0) return;
  tp.packetsOut -= decrease;
  if ((skb.sacked & SACKED_ACKED) !== 0) tp.sackedOut -= decrease;
  if ((skb.sacked & SACKED_RETRANS) !== 0) tp.retransOut -= decrease;
  if ((skb.sacked & LOST) !== 0) tp.lostOut -= decrease;
}

/** Takes up to `amount` bytes from the next unsent segment into `skb`. @hot */
export function growSkb(tp: Tcb, skb: SendSkb, amount: number): void {
  const next = skb.next;
  if (next === null || skb.eor) return;
  const count = Math.min(amount, next.length);
  if (count === 0 || next.payload === null) return;
  const at = next.payloadAt;
  if (skb.payload === next.payload && skb.payloadAt + skb.length === at) skb.length += count;
  else tp.memory.append(skb, next.payload.bytes, at, at + count, skb.length + amount);
  next.payloadAt += count;
  next.length -= count;
  next.truesize -= count;
  skb.truesize += count;
  skb.endSeq = (skb.endSeq + count) | 0;
  next.seq = (next.seq + count) | 0;
  if (next.length > 0) return;
  skb.endSeq = next.endSeq;
  skb.eor = next.eor;
  skb.flags |= next.flags;
  tp.writeQueue.remove(next);
  freeSkb(tp, next);
}

/** Gives a segment's memory back. @hot */
function freeSkb(tp: Tcb, skb: SendSkb): void {
  tp.wmemQueued -= skb.truesize;
  tp.memory.release(skb, tp.framesOut === 0);
}

/** Takes an acknowledged segment out of the retransmission queue. @hot */
export function unlinkRtx(tp: Tcb, skb: SendSkb): void {
  tp.rtxQueue.remove(skb);
  tp.sorted.remove(skb);
  freeSkb(tp, skb);
}

/** Throws away all that was to be sent or was not acknowledged (`tcp_write_queue_purge`). */
export function purgeWriteQueues(tp: Tcb): void {
  for (let skb = tp.rtxQueue.head; skb !== null; skb = tp.rtxQueue.head) unlinkRtx(tp, skb);
  for (let skb = tp.writeQueue.head; skb !== null; skb = tp.writeQueue.head) {
    tp.writeQueue.remove(skb);
    freeSkb(tp, skb);
  }
  tp.packetsOut = 0;
  tp.backoff = 0;
  tp.highestSack = null;
  tp.retransmitHint = null;
}

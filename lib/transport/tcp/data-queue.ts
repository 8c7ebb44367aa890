/**
 * Received data: in order it goes to the reader, ahead of order it waits, twice received it is
 * thrown away.
 *
 * Spec: RFC 9293 §3.10.7.4. Kernel: net/ipv4/tcp_input.c (tcp_data_queue, tcp_data_queue_ofo,
 * tcp_prune_queue), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_FIN } from "../../wire/tcp.ts";
import {
  acceptCwr,
  checkCe,
  enterQuickackMode,
  eventDataReceived,
  measureRcvMss,
} from "./ack-policy.ts";
import { collapseOutOfOrder, collapseReceived } from "./collapse.ts";
import { ACK_NOMEM, ACK_NOW, ACK_SCHED, MAX_QUICKACKS } from "./constants.ts";
import { receiveFin } from "./fin.ts";
import { extendDsack, newOutOfOrder, removeSacks, setDsack } from "./receive-sack.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { condensedSize, sizeWithoutHead } from "./segment-memory.ts";
import type { Tcb } from "./tcb.ts";
import { isSack, receiveWindow } from "./tcb-queries.ts";
import { clampWindow, growWindow } from "./window.ts";

/** Takes a segment whose sequence numbers were found acceptable (`tcp_data_queue`). @hot */
export function queueData(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  if (segment.seq === segment.endSeq) {
    pool.consume(segment);
    return;
  }
  acceptCwr(tp, segment);
  tp.dsack = false;
  if (segment.seq === tp.rcvNxt) {
    if (receiveWindow(tp) === 0) {
      // RFC 9293 §3.10.7.4: a FIN is taken even by a window of 0.
      if (segment.length === 0 && (segment.flags & FLAG_FIN) !== 0) queueInOrder(tp, segment, pool);
      else outOfWindow(tp, segment, pool, DropReason.TCP_ZEROWINDOW);
      return;
    }
    queueInOrder(tp, segment, pool);
    return;
  }
  if (!after(segment.endSeq, tp.rcvNxt)) {
    setDsack(tp, segment.seq, segment.endSeq);
    outOfWindow(tp, segment, pool, DropReason.TCP_OLD_DATA);
    return;
  }
  if (!before(segment.seq, (tp.rcvNxt + receiveWindow(tp)) | 0)) {
    outOfWindow(tp, segment, pool, DropReason.TCP_OVERWINDOW);
    return;
  }
  if (before(segment.seq, tp.rcvNxt)) {
    setDsack(tp, segment.seq, tp.rcvNxt);
    if (receiveWindow(tp) === 0) {
      outOfWindow(tp, segment, pool, DropReason.TCP_ZEROWINDOW);
      return;
    }
    queueInOrder(tp, segment, pool);
    return;
  }
  queueOutOfOrder(tp, segment, pool);
}

function queueInOrder(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  if (!hasRoom(tp, segment, pool)) {
    tp.ack.pending |= ACK_NOMEM | ACK_NOW;
    scheduleAck(tp);
    tp.wait.wake();
    if (!tp.receiveQueue.empty && segment.length > 0) {
      pool.drop(segment, DropReason.PROTO_MEM);
      return;
    }
  }
  const fin = (segment.flags & FLAG_FIN) !== 0;
  trimToNext(tp, segment);
  queueRcv(tp, segment);
  if (segment.length > 0) eventDataReceived(tp, segment);
  if (fin) receiveFin(tp, pool);
  if (!tp.outOfOrder.empty) {
    drainOutOfOrder(tp, pool);
    // RFC 5681 §4.2: filling a gap is acknowledged at once.
    if (tp.outOfOrder.empty) tp.ack.pending |= ACK_NOW;
  }
  if (tp.numSacks > 0) removeSacks(tp);
  tp.wait.wake();
}

/** Appends a segment to the receive queue and moves `rcvNxt`. @hot */
export function queueRcv(tp: Tcb, segment: Segment): void {
  tp.rcvNxt = segment.endSeq;
  const { tail } = tp.receiveQueue;
  if (tail === null || !joinTail(tail, segment)) charge(tp, segment, segment.truesize);
  tp.receiveQueue.push(segment);
}

/**
 * Puts a segment behind one whose memory has room for it, at no cost (`tcp_try_coalesce`). The
 * charge moves to the later one: the memory is free when both were read. @hot
 */
function joinTail(tail: Segment, segment: Segment): boolean {
  if (tail.endSeq !== segment.seq || segment.length > tail.tailroom) return false;
  segment.tailroom = tail.tailroom - segment.length;
  segment.charged = tail.charged;
  tail.charged = 0;
  return true;
}

function charge(tp: Tcb, segment: Segment, size: number): void {
  segment.charged = size;
  tp.rmemAlloc += size;
}

/** Cuts off what was received before. @hot */
function trimToNext(tp: Tcb, segment: Segment): void {
  const old = (tp.rcvNxt - segment.seq) | 0;
  if (old <= 0) return;
  const cut = Math.min(old, segment.length);
  segment.seq = (segment.seq + cut) | 0;
  segment.dataAt += cut;
  segment.length -= cut;
}

function outOfWindow(tp: Tcb, segment: Segment, pool: SegmentPool, reason: DropReason): void {
  enterQuickackMode(tp, MAX_QUICKACKS);
  scheduleAck(tp);
  pool.drop(segment, reason);
}

function scheduleAck(tp: Tcb): void {
  tp.ack.pending |= ACK_SCHED;
}

/** Puts a segment into the out-of-order queue, cutting overlaps (`tcp_data_queue_ofo`). */
function queueOutOfOrder(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  checkCe(tp, segment);
  if (!hasRoom(tp, segment, pool)) {
    pool.drop(segment, DropReason.PROTO_MEM);
    return;
  }
  measureRcvMss(tp, segment);
  scheduleAck(tp);
  const { seq, endSeq } = segment;
  if (tp.outOfOrder.empty) {
    if (isSack(tp)) {
      tp.numSacks = 1;
      tp.selectiveAcks[0] = seq;
      tp.selectiveAcks[1] = endSeq;
    }
    tp.outOfOrder.push(segment);
    keepAhead(tp, segment);
    return;
  }
  let place = tp.outOfOrder.tail;
  while (place !== null && !before(place.seq, segment.seq)) place = place.prev;
  if (place !== null && before(segment.seq, place.endSeq)) {
    if (!after(segment.endSeq, place.endSeq)) {
      setDsack(tp, seq, endSeq);
      pool.drop(segment, DropReason.TCP_OFOMERGE);
      if (isSack(tp)) newOutOfOrder(tp, seq, endSeq);
      return;
    }
    setDsack(tp, segment.seq, place.endSeq);
  }
  const next = place === null ? tp.outOfOrder.head : place.next;
  // A segment at the same place is replaced by the longer one.
  if (next !== null && next.seq === segment.seq && !after(segment.endSeq, next.endSeq)) {
    setDsack(tp, seq, endSeq);
    pool.drop(segment, DropReason.TCP_OFOMERGE);
    if (isSack(tp)) newOutOfOrder(tp, seq, endSeq);
    return;
  }
  tp.outOfOrder.insertAfter(place, segment);
  keepAhead(tp, segment);
  removeCovered(tp, segment, pool);
  if (isSack(tp)) newOutOfOrder(tp, seq, endSeq);
}

function removeCovered(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  for (let next = segment.next; next !== null; next = segment.next) {
    if (!after(segment.endSeq, next.seq)) return;
    if (before(segment.endSeq, next.endSeq)) {
      extendDsack(tp, next.seq, segment.endSeq);
      return;
    }
    tp.outOfOrder.remove(next);
    tp.rmemAlloc -= next.charged;
    extendDsack(tp, next.seq, next.endSeq);
    pool.drop(next, DropReason.TCP_OFOMERGE);
  }
}

/** Keeps a segment ahead of order: memory is charged as tightly as it can be packed. */
function keepAhead(tp: Tcb, segment: Segment): void {
  const before = segment.prev;
  const joined = before !== null && joinTail(before, segment);
  // Without SACK the window stays, so that the ACK counts as a duplicate one.
  if (isSack(tp)) {
    growWindow(tp, segment.length, joined ? sizeWithoutHead(segment) : segment.truesize);
  }
  if (joined) return;
  segment.truesize = condensedSize(segment);
  charge(tp, segment, segment.truesize);
}

/** Moves what is in order now to the receive queue (`tcp_ofo_queue`). */
function drainOutOfOrder(tp: Tcb, pool: SegmentPool): void {
  let highest = tp.rcvNxt;
  for (let segment = tp.outOfOrder.head; segment !== null; segment = tp.outOfOrder.head) {
    if (after(segment.seq, tp.rcvNxt)) return;
    if (before(segment.seq, highest)) {
      const seq = segment.seq;
      if (before(segment.endSeq, highest)) highest = segment.endSeq;
      extendDsack(tp, seq, highest);
    }
    tp.outOfOrder.remove(segment);
    tp.rmemAlloc -= segment.charged;
    if (!after(segment.endSeq, tp.rcvNxt)) {
      pool.drop(segment, DropReason.TCP_OFO_DROP);
      continue;
    }
    const fin = (segment.flags & FLAG_FIN) !== 0;
    trimToNext(tp, segment);
    queueRcv(tp, segment);
    highest = tp.rcvNxt;
    if (fin) {
      receiveFin(tp, pool);
      return;
    }
  }
}

/**
 * Whether the buffer takes the segment, after pruning if need be (`tcp_try_rmem_schedule`). What is
 * there already decides, not the segment, so a small buffer can be overdrawn by one.
 */
function hasRoom(tp: Tcb, segment: Segment, pool: SegmentPool): boolean {
  if (tp.rmemAlloc <= tp.rcvbuf) return true;
  clampWindow(tp);
  if (tp.rmemAlloc <= tp.rcvbuf) return true;
  collapseOutOfOrder(tp);
  collapseReceived(tp);
  if (tp.rmemAlloc <= tp.rcvbuf) return true;
  pruneOutOfOrder(tp, segment, pool);
  return tp.rmemAlloc <= tp.rcvbuf;
}

function pruneOutOfOrder(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  while (tp.rmemAlloc > tp.rcvbuf) {
    const last = tp.outOfOrder.tail;
    if (last === null || after(segment.seq, last.seq)) return;
    tp.outOfOrder.remove(last);
    tp.rmemAlloc -= last.charged;
    pool.drop(last, DropReason.TCP_OFO_QUEUE_PRUNE);
    // RFC 2018 §8: what was reported by SACK may be thrown away; start over.
    tp.numSacks = 0;
  }
}

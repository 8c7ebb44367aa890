/**
 * Packing received data tightly when its buffer is full: segments that waste memory are copied
 * into heads of up to a page, one behind the other. Nothing but the charge is different then, so
 * only the charge is changed here.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_collapse, tcp_collapse_ofo_queue), 6.18.
 */

import { after, before } from "../../wire/sequence.ts";
import { FLAG_FIN, FLAG_SYN } from "../../wire/tcp.ts";
import type { Segment } from "./segment.ts";
import { headSize, PAGE, SHARED_INFO_SIZE, SK_BUFF_SIZE } from "./segment-memory.ts";
import type { Tcb } from "./tcb.ts";
import { winFromSpace } from "./tcb-queries.ts";

/** Payload that a head of one page holds (`SKB_MAX_ORDER(0, 0)`). */
const PAGE_PAYLOAD = PAGE - SHARED_INFO_SIZE;

/** Packs what waits for the reader. */
export function collapseReceived(tp: Tcb): void {
  collapse(tp, tp.receiveQueue.head, null, tp.copiedSeq);
}

/** Packs what waits for gaps to be filled, one run without gaps after the other. */
export function collapseOutOfOrder(tp: Tcb): void {
  for (let head = tp.outOfOrder.head; head !== null; ) {
    let { truesize, endSeq } = head;
    let end = head.next;
    for (; end !== null && !after(end.seq, endSeq); end = end.next) {
      truesize += end.truesize;
      if (after(end.endSeq, endSeq)) endSeq = end.endSeq;
    }
    // A single small segment cannot be packed any tighter.
    if (truesize !== head.truesize || ((endSeq - head.seq) | 0) >= PAGE_PAYLOAD) {
      collapse(tp, head, end, head.seq);
    }
    head = end;
  }
}

/** Packs the segments from the first that is worth it up to `end`, data before `start` left out. */
function collapse(tp: Tcb, head: Segment | null, end: Segment | null, start: number): void {
  let first = head;
  while (first !== null && first !== end && !isBloated(tp, first, start)) first = first.next;
  if (first === null || first === end || !isPlain(first)) return;
  let seq = after(start, first.seq) ? start : first.seq;
  /** Room that is left in the head that is being filled, and the head's cost. */
  let room = 0;
  let cost = 0;
  const last = lastPlain(first, end);
  for (let segment: Segment | null = first; segment !== null && segment !== end; ) {
    tp.rmemAlloc -= segment.charged;
    segment.charged = 0;
    for (let left = (segment.endSeq - seq) | 0; left > 0; ) {
      if (room === 0) {
        room = Math.min(PAGE_PAYLOAD, (last.endSeq - seq) | 0);
        cost = headSize(room) + SK_BUFF_SIZE;
        segment.tailroom = headSize(room) - SHARED_INFO_SIZE - room;
      }
      const count = Math.min(left, room);
      left -= count;
      room -= count;
      seq = (seq + count) | 0;
      // The head is free again when the segment that ends in it was read.
      if (room === 0) {
        segment.charged += cost;
        tp.rmemAlloc += cost;
      }
    }
    if (segment === last) return;
    segment = segment.next;
  }
}

function isBloated(tp: Tcb, segment: Segment, start: number): boolean {
  if (!isPlain(segment)) return false;
  return winFromSpace(tp, segment.truesize) > segment.length || before(segment.seq, start);
}

function isPlain(segment: Segment): boolean {
  return (segment.flags & (FLAG_SYN | FLAG_FIN)) === 0;
}

/** The last segment before `end` that has no FIN. */
function lastPlain(first: Segment, end: Segment | null): Segment {
  let last = first;
  for (let next = first.next; next !== null && next !== end && isPlain(next); next = next.next) {
    last = next;
  }
  return last;
}

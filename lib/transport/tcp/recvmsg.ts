/**
 * Reading from a connection: bytes leave the receive queue, and the window opens again.
 *
 * Spec: RFC 9293 §3.10.3. Kernel: net/ipv4/tcp.c (tcp_recvmsg_locked), 6.18.
 */
import { cleanupRbuf } from "./ack-policy.ts";
import type { SegmentPool } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import { adjustReceiveSpace } from "./window.ts";

/** Bytes that could be read now. */
export function readable(tp: Tcb): number {
  let bytes = (tp.rcvNxt - tp.copiedSeq) | 0;
  if (bytes > 0 && tp.done) bytes -= 1;
  return bytes;
}

/** Copies at most `target.length` bytes to the reader; `peek` leaves them. Returns how many. */
export function readBytes(tp: Tcb, target: Uint8Array, pool: SegmentPool, peek: boolean): number {
  let copied = 0;
  let segment = tp.receiveQueue.head;
  let seq = tp.copiedSeq;
  while (segment !== null && copied < target.length) {
    const offset = (seq - segment.seq) | 0;
    const count = Math.min(segment.length - offset, target.length - copied);
    const next = segment.next;
    if (count > 0) {
      const at = segment.dataAt + offset;
      const frame = segment.frame;
      if (frame !== null) target.set(frame.read.at(at, at + count), copied);
      copied += count;
      seq = (seq + count) | 0;
    }
    if (!peek) {
      tp.copiedSeq = seq;
      adjustReceiveSpace(tp);
      if (offset + count >= segment.length) finishSegment(tp, pool);
    }
    segment = next;
  }
  if (!peek && copied > 0) cleanupRbuf(tp, copied);
  return copied;
}

/** Throws away at most `max` bytes (MSG_TRUNC). Returns how many. @hot */
export function discardBytes(tp: Tcb, max: number, pool: SegmentPool): number {
  let left = max;
  let segment = tp.receiveQueue.head;
  while (segment !== null && left > 0) {
    const offset = (tp.copiedSeq - segment.seq) | 0;
    const count = Math.min(segment.length - offset, left);
    tp.copiedSeq = (tp.copiedSeq + count) | 0;
    left -= count;
    adjustReceiveSpace(tp);
    if (offset + count < segment.length) break;
    finishSegment(tp, pool);
    segment = tp.receiveQueue.head;
  }
  if (left < max) cleanupRbuf(tp, max - left);
  return max - left;
}

/** Takes an empty FIN off the receive queue, when everything before it was read. */
export function consumeFin(tp: Tcb, pool: SegmentPool): void {
  while (tp.receiveQueue.head !== null && tp.receiveQueue.head.length === 0)
    finishSegment(tp, pool);
}

/** The first segment of the receive queue is used up; a FIN in it counts as read too. */
function finishSegment(tp: Tcb, pool: SegmentPool): void {
  const segment = tp.receiveQueue.shift();
  if (segment === null) return;
  tp.copiedSeq = segment.endSeq;
  tp.rmemAlloc -= segment.charged;
  pool.consume(segment);
}

/** Throws away all that was received. Returns whether data was lost by it. */
export function purgeReceived(tp: Tcb, pool: SegmentPool): boolean {
  let unread = false;
  for (let segment = tp.receiveQueue.head; segment !== null; segment = tp.receiveQueue.head) {
    if (segment.length - Math.max(0, (tp.copiedSeq - segment.seq) | 0) > 0) unread = true;
    finishSegment(tp, pool);
  }
  return unread;
}

/** Throws away what waits for a gap to be filled. */
export function purgeOutOfOrder(tp: Tcb, pool: SegmentPool): void {
  for (let segment = tp.outOfOrder.shift(); segment !== null; segment = tp.outOfOrder.shift()) {
    tp.rmemAlloc -= segment.charged;
    pool.consume(segment);
  }
}

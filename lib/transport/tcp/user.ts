/**
 * The system call side of a connection: who owns it, what is written to it, what is read from it,
 * how it is closed. Nothing here blocks; sockets wait and call again.
 *
 * Spec: RFC 9293 §3.10.2–3.10.4. Kernel: net/ipv4/tcp.c (tcp_sendmsg_locked, tcp_recvmsg_locked,
 * __tcp_close), net/core/sock.c (release_sock), 6.18.
 */

import { ECONNRESET } from "../../base/errno.ts";
import { after } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_PSH } from "../../wire/tcp.ts";
import { cleanupRbuf, DEFERRED_ACK, DEFERRED_MTU } from "./ack-policy.ts";
import {
  NAGLE_CORK,
  NAGLE_OFF,
  NAGLE_PUSH,
  SHUTDOWN_MASK,
  TcpState,
  TIMEWAIT_LEN,
} from "./constants.ts";
import { slowStartAfterIdle } from "./cwnd-usage.ts";
import { reduceMtu } from "./icmp-error.ts";
import { finTime } from "./input-in-state.ts";
import { currentMss, xmitSizeGoal } from "./mss.ts";
import { pushOne, pushPending, pushPendingFrames, sendFin } from "./output.ts";
import type { SegmentPool } from "./segment.ts";
import { sendAck, sendActiveReset } from "./send-ack.ts";
import type { SendSkb } from "./send-skb.ts";
import { done, setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { streamMemoryFree } from "./tcb-queries.ts";
import { adjustReceiveSpace } from "./window.ts";

/** Flags of system calls that read and write. */
export const MSG_PEEK = 2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_MORE = 0x8000;

/** What sockets need of the stack beside `TcbOwner`. */
export interface UserOwner {
  readonly segments: SegmentPool;
  /** Handles one segment of the backlog. */
  backlogReceive(tp: Tcb): void;
}

/** Begins a system call on the socket. */
export function lockSock(tp: Tcb): void {
  tp.owned = true;
}

/** Ends it: segments that came meanwhile are handled now (`release_sock`). */
export function releaseSock(tp: Tcb, owner: UserOwner): void {
  while (!tp.backlog.empty) owner.backlogReceive(tp);
  if ((tp.deferred & DEFERRED_MTU) !== 0) {
    tp.deferred &= ~DEFERRED_MTU;
    reduceMtu(tp);
  }
  if ((tp.deferred & DEFERRED_ACK) !== 0) {
    tp.deferred &= ~DEFERRED_ACK;
    if ((tp.ackPending & 1) !== 0) sendAck(tp);
  }
  tp.owned = false;
}

/**
 * Queues as much of `bytes` from `from` on as the send buffer takes, and sends what may be sent.
 * Returns how many bytes were taken; fewer than asked for means "wait for room" (`sk_stream_wait_
 * memory`), after which the caller goes on.
 */
export function queueBytes(tp: Tcb, bytes: Uint8Array, from: number, flags: number): number {
  const to = bytes.length;
  let at = from;
  let mss = currentMss(tp);
  let goal = xmitSizeGoal(tp, mss);
  while (at < to) {
    let skb = tp.writeQueue.tail;
    let room = skb === null ? 0 : goal - skb.length;
    if (skb === null || room <= 0 || skb.eor) {
      if (!streamMemoryFree(tp, 0)) {
        tp.noSpace = true;
        if (at > from) push(tp, flags & ~MSG_MORE, mss, NAGLE_PUSH, goal);
        return at - from;
      }
      skb = newSegment(tp);
      room = goal;
    }
    const count = Math.min(room, to - at);
    append(tp, skb, bytes, at, at + count, goal);
    if (at === from) skb.flags &= ~FLAG_PSH;
    at += count;
    if (at === to) {
      if ((flags & MSG_EOR) !== 0) skb.eor = true;
      break;
    }
    if (skb.length < goal) continue;
    if (forcedPush(tp)) {
      markPush(tp, skb);
      pushPending(tp, mss, NAGLE_PUSH);
    } else if (skb === tp.writeQueue.head) {
      pushOne(tp, mss);
    }
    mss = currentMss(tp);
    goal = xmitSizeGoal(tp, mss);
  }
  push(tp, flags, mss, tp.nonagle, goal);
  return at - from;
}

function newSegment(tp: Tcb): SendSkb {
  const skb = tp.memory.take();
  skb.seq = tp.writeSeq;
  skb.endSeq = tp.writeSeq;
  skb.flags = FLAG_ACK;
  tp.writeQueue.push(skb);
  tp.wmemQueued += skb.truesize;
  tp.nonagle &= ~NAGLE_PUSH;
  slowStartAfterIdle(tp);
  return skb;
}

function append(
  tp: Tcb,
  skb: SendSkb,
  bytes: Uint8Array,
  from: number,
  to: number,
  goal: number,
): void {
  const count = to - from;
  tp.memory.append(skb, bytes, from, to, goal);
  skb.truesize += count;
  tp.wmemQueued += count;
  tp.writeSeq = (tp.writeSeq + count) | 0;
  skb.endSeq = (skb.endSeq + count) | 0;
  skb.pcount = 0;
}

function markPush(tp: Tcb, skb: SendSkb): void {
  skb.flags |= FLAG_PSH;
  tp.pushedSeq = tp.writeSeq;
}

/** Half of the largest window since the last PSH (`forced_push`). */
function forcedPush(tp: Tcb): boolean {
  return after(tp.writeSeq, (tp.pushedSeq + (tp.maxWindow >>> 1)) | 0);
}

/** The end of a write (`tcp_push`). */
function push(tp: Tcb, flags: number, mss: number, nonagle: number, goal: number): void {
  const skb = tp.writeQueue.tail;
  if (skb === null) return;
  if ((flags & MSG_MORE) === 0 || forcedPush(tp)) markPush(tp, skb);
  if (shouldAutocork(tp, skb, goal)) {
    tp.tsqThrottled = true;
    return;
  }
  pushPending(tp, mss, (flags & MSG_MORE) !== 0 ? NAGLE_CORK : nonagle);
}

/** While frames are on their way through this host, more data may join them (autocorking). */
function shouldAutocork(tp: Tcb, skb: SendSkb, goal: number): boolean {
  return (
    skb.length < goal &&
    tp.env.sysctls.tcpAutocorking !== 0 &&
    !tp.rtxQueue.empty &&
    tp.framesOut > 0 &&
    tp.wmemAlloc > skb.truesize &&
    !skb.eor
  );
}

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

/** The first segment of the receive queue is used up; a FIN in it counts as read too. */
function finishSegment(tp: Tcb, pool: SegmentPool): void {
  const segment = tp.receiveQueue.shift();
  if (segment === null) return;
  tp.copiedSeq = segment.endSeq;
  tp.rmemAlloc -= segment.charged;
  pool.consume(segment);
}

/** Takes an empty FIN off the receive queue, when everything before it was read. */
export function consumeFin(tp: Tcb, pool: SegmentPool): void {
  while (tp.receiveQueue.head !== null && tp.receiveQueue.head.length === 0)
    finishSegment(tp, pool);
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

/** The state after our side closes; true if a FIN is to be sent (`tcp_close_state`). */
function closeState(tp: Tcb): boolean {
  switch (tp.state) {
    case TcpState.ESTABLISHED:
    case TcpState.SYN_RECV:
      setState(tp, TcpState.FIN_WAIT1);
      return true;
    case TcpState.CLOSE_WAIT:
      setState(tp, TcpState.LAST_ACK);
      return true;
    case TcpState.SYN_SENT:
      setState(tp, TcpState.CLOSE);
      return false;
    default:
      return false;
  }
}

/** No more will be sent (`tcp_shutdown`). */
export function shutdownSend(tp: Tcb): void {
  const sending =
    tp.state === TcpState.ESTABLISHED ||
    tp.state === TcpState.SYN_SENT ||
    tp.state === TcpState.CLOSE_WAIT;
  if (sending && closeState(tp)) sendFin(tp);
}

/**
 * The program closes a connection (`__tcp_close`, up to where SO_LINGER waits): the peer is told.
 * The socket is owned by the caller, who calls `orphan` afterwards.
 */
export function closeConnection(tp: Tcb, owner: UserOwner): void {
  const pool = owner.segments;
  tp.shutdown = SHUTDOWN_MASK;
  const unread = purgeReceived(tp, pool);
  if (tp.state !== TcpState.CLOSE) {
    if (unread) {
      // RFC 2525 §2.17: data that nobody read is a reason for RST.
      setState(tp, TcpState.CLOSE);
      sendActiveReset(tp);
    } else if (tp.linger && tp.lingerSeconds === 0) {
      disconnect(tp, pool);
    } else if (closeState(tp)) {
      sendFin(tp);
    }
  }
}

/** Nobody but the kernel holds the connection from here on. Releases the socket. */
export function orphan(tp: Tcb, owner: UserOwner): void {
  tp.dead = true;
  tp.owner.orphans += 1;
  releaseSock(tp, owner);
  if (tp.state === TcpState.FIN_WAIT2) closeInFinWait2(tp);
  purgeOutOfOrder(tp, owner.segments);
  if (tp.state === TcpState.CLOSE) done(tp);
}

function closeInFinWait2(tp: Tcb): void {
  if (tp.linger2 < 0) {
    setState(tp, TcpState.CLOSE);
    sendActiveReset(tp);
    return;
  }
  const timeout = finTime(tp);
  if (timeout > TIMEWAIT_LEN) tp.keepaliveTimer.armJiffies(timeout - TIMEWAIT_LEN);
  else tp.owner.enterTimeWait(tp, TcpState.FIN_WAIT2, timeout);
}

/** Ends a connection at once, with RST if the peer would wait for more (`tcp_disconnect`). */
export function disconnect(tp: Tcb, pool: SegmentPool): void {
  const before = tp.state;
  if (before !== TcpState.CLOSE) setState(tp, TcpState.CLOSE);
  if (needsReset(tp, before)) {
    sendActiveReset(tp);
    tp.err = ECONNRESET;
  } else if (before === TcpState.SYN_SENT) {
    tp.err = ECONNRESET;
  }
  purgeReceived(tp, pool);
  purgeOutOfOrder(tp, pool);
  done(tp);
}

function needsReset(tp: Tcb, state: TcpState): boolean {
  return (
    state === TcpState.ESTABLISHED ||
    state === TcpState.CLOSE_WAIT ||
    state === TcpState.FIN_WAIT1 ||
    state === TcpState.FIN_WAIT2 ||
    state === TcpState.SYN_RECV ||
    ((state === TcpState.CLOSING || state === TcpState.LAST_ACK) && tp.sndNxt !== tp.writeSeq)
  );
}

/** TCP_NODELAY. */
export function setNodelay(tp: Tcb, on: boolean): void {
  if (on) {
    tp.nonagle |= NAGLE_OFF | NAGLE_PUSH;
    pushPendingFrames(tp);
  } else {
    tp.nonagle &= ~NAGLE_OFF;
  }
}

/** TCP_CORK. */
export function setCork(tp: Tcb, on: boolean): void {
  if (on) {
    tp.nonagle |= NAGLE_CORK;
  } else {
    tp.nonagle &= ~NAGLE_CORK;
    if ((tp.nonagle & NAGLE_OFF) !== 0) tp.nonagle |= NAGLE_PUSH;
    pushPendingFrames(tp);
  }
}

/**
 * Writing to a connection: bytes go to the send queue, in segments as large as may leave at once.
 *
 * Spec: RFC 9293 §3.10.2. Kernel: net/ipv4/tcp.c (tcp_sendmsg_locked, tcp_push), 6.18.
 */
import { after } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_PSH } from "../../wire/tcp.ts";
import { NAGLE_CORK, NAGLE_OFF, NAGLE_PUSH } from "./constants.ts";
import { slowStartAfterIdle } from "./cwnd-usage.ts";
import { MSG_EOR, MSG_MORE } from "./msg-flags.ts";
import { currentMss, xmitSizeGoal } from "./mss.ts";
import { pushOne, pushPending, pushPendingFrames } from "./output.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { streamMemoryFree } from "./tcb-queries.ts";

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

function markPush(tp: Tcb, skb: SendSkb): void {
  skb.flags |= FLAG_PSH;
  tp.pushedSeq = tp.writeSeq;
}

/** Half of the largest window since the last PSH (`forced_push`). */
function forcedPush(tp: Tcb): boolean {
  return after(tp.writeSeq, (tp.pushedSeq + (tp.maxWindow >>> 1)) | 0);
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

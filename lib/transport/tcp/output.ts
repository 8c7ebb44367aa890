/**
 * What to send now: windows, Nagle, corks and frame sizes decide how much of the write queue
 * leaves, in which pieces.
 *
 * Spec: RFC 9293 §3.7.4, RFC 5681. Kernel: net/ipv4/tcp_output.c (tcp_write_xmit), 6.18.
 */
import { after } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_FIN } from "../../wire/tcp.ts";
import { jiffies, refreshMstamp, resetXmitTimer } from "./clock.ts";
import {
  CaState,
  NAGLE_CORK,
  NAGLE_OFF,
  NAGLE_PUSH,
  PENDING_LOSS_PROBE,
  PENDING_PROBE0,
  TcpState,
} from "./constants.ts";
import { validateCwnd } from "./cwnd-usage.ts";
import { rearmRto, scheduleLossProbe } from "./loss-probe.ts";
import { currentMss, tsoSegs } from "./mss.ts";
import { mustWait, nextProbe, probeSent } from "./mtu-probe.ts";
import { probe0Base } from "./probe-interval.ts";
import { fragment, growSkb, setTsoSegs } from "./queue.ts";
import { rateSkbSent } from "./rate.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, isWriteable, packetsInFlight, windowEnd } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";
import { expandSndbuf } from "./window.ts";

/** How `writeXmit` is asked: send all that may go, exactly one, or one as a loss probe. */
const PUSH_ALL = 0;
const PUSH_ONE = 1;
export const PUSH_LOSS_PROBE = 2;

const NS_PER_MS = 1_000_000;

let cwndLimited = false;

/**
 * Sends what windows and Nagle allow. Returns true if nothing is in flight though data waits, so
 * that the window must be probed. @hot
 */
export function writeXmit(tp: Tcb, mss: number, nonagle: number, pushOne: number): boolean {
  refreshMstamp(tp);
  let sent = 0;
  if (tp.mtuSearch.enabled && pushOne === PUSH_ALL) {
    sent = probePathMtu(tp);
    if (sent < 0) return false;
  }
  const maxSegs = tsoSegs(tp, mss);
  cwndLimited = false;
  for (let skb = tp.writeQueue.head; skb !== null; skb = tp.writeQueue.head) {
    if (!sendHead(tp, skb, mss, maxSegs, nonagle, pushOne)) break;
    sent += skb.pcount;
    if (pushOne !== PUSH_ALL) break;
  }
  cwndLimited = cwndLimited || packetsInFlight(tp) >= tp.sndCwnd;
  if (sent > 0 || cwndLimited) validateCwnd(tp, cwndLimited);
  if (sent > 0) {
    if (inCwndReduction(tp)) tp.prrOut += sent;
    if (pushOne !== PUSH_LOSS_PROBE) scheduleLossProbe(tp, false);
    return false;
  }
  return tp.packetsOut === 0 && !tp.writeQueue.empty;
}

/** Sends the head of the queue, or as much of it as may go; false if nothing may. @hot */
function sendHead(
  tp: Tcb,
  skb: SendSkb,
  mss: number,
  maxSegs: number,
  nonagle: number,
  pushOne: number,
): boolean {
  let quota = cwndQuota(tp);
  if (quota === 0) {
    if (pushOne !== PUSH_LOSS_PROBE) return false;
    quota = 1;
  }
  quota = Math.min(quota, maxSegs);
  const missing = quota * mss - skb.length;
  if (missing > 0) growSkb(tp, skb, missing);
  const segs = setTsoSegs(skb, mss);
  if (!windowAllows(tp, skb, mss)) return false;
  if (segs === 1) {
    if (!nagleTest(tp, skb, mss, skb.next === null ? nonagle : NAGLE_PUSH)) return false;
  } else if (pushOne === PUSH_ALL && shouldDefer(tp, skb, maxSegs)) {
    return false;
  }
  const limit = segs > 1 ? splitPoint(tp, skb, mss, quota, nonagle) : mss;
  if (skb.length > limit) fragment(tp, tp.writeQueue, skb, limit, mss);
  if (smallQueueCheck(tp, skb, 0) || skb.endSeq === skb.seq) return false;
  if (!transmitSkb(tp, skb, skb.flags, skb.seq, tp.rcvNxt)) return false;
  eventNewDataSent(tp, skb);
  if (skb.length < skb.pcount * mss) tp.sndSml = skb.endSeq;
  return true;
}

/** Sends a probe of the path MTU if one is due; how many segments left, -1 to send nothing. */
function probePathMtu(tp: Tcb): number {
  const skb = nextProbe(tp);
  if (skb === null) return mustWait ? -1 : 0;
  if (!transmitSkb(tp, skb, skb.flags, skb.seq, tp.rcvNxt)) return 0;
  eventNewDataSent(tp, skb);
  probeSent(tp, skb);
  return 1;
}

/** Sends what may be sent, and probes the window if nothing may (`__tcp_push_pending_frames`). */
export function pushPending(tp: Tcb, mss: number, nonagle: number): void {
  if (tp.state === TcpState.CLOSE) return;
  if (writeXmit(tp, mss, nonagle, PUSH_ALL)) checkProbeTimer(tp);
}

/** Sends exactly one segment, whatever follows it (`tcp_push_one`). */
export function pushOne(tp: Tcb, mss: number): void {
  writeXmit(tp, mss, NAGLE_PUSH, PUSH_ONE);
}

/** The peer's ACK or window may let more leave (`tcp_push_pending_frames`). @hot */
export function pushPendingFrames(tp: Tcb): void {
  const head = tp.writeQueue.head;
  if (head !== null) pushPending(tp, currentMss(tp), tp.nonagle);
}

/** Arms the zero-window probe if nothing else is pending (`tcp_check_probe_timer`). */
function checkProbeTimer(tp: Tcb): void {
  if (tp.packetsOut !== 0 || tp.pending !== 0) return;
  resetXmitTimer(tp, PENDING_PROBE0, probe0Base(tp));
}

/** Whether a segment waits for frames of this socket to leave the host (`tcp_small_queue_check`). */
export function smallQueueCheck(tp: Tcb, skb: SendSkb, factor: number): boolean {
  if (tp.framesOut === 0) return false;
  let limit = Math.max(2 * skb.truesize, Math.floor(tp.pacingRate / 1024));
  limit = Math.min(limit, tp.env.sysctls.tcpLimitOutputBytes) * 2 ** factor;
  if (tp.wmemAlloc <= limit) return false;
  // The head of an empty retransmission queue always leaves, else nothing would wake us.
  if (tp.rtxQueue.head === null) return false;
  tp.tsqThrottled = true;
  return true;
}

/** Room in the congestion window in segments; at most half of it for one frame. @hot */
function cwndQuota(tp: Tcb): number {
  const inFlight = packetsInFlight(tp);
  const cwnd = tp.sndCwnd;
  if (inFlight >= cwnd) return 0;
  return Math.min(Math.max(cwnd >>> 1, 1), cwnd - inFlight);
}

/** Whether at least the first segment of `skb` is within the peer's window. @hot */
function windowAllows(tp: Tcb, skb: SendSkb, mss: number): boolean {
  const end = skb.length > mss ? (skb.seq + mss) | 0 : skb.endSeq;
  return !after(end, windowEnd(tp));
}

/** Nagle's rule with Minshall's change: a partial segment waits for another partial one. @hot */
function nagleHolds(tp: Tcb, partial: boolean, nonagle: number): boolean {
  if (!partial) return false;
  if ((nonagle & NAGLE_CORK) !== 0) return true;
  return (
    nonagle === 0 &&
    tp.packetsOut > 0 &&
    after(tp.sndSml, tp.sndUna) &&
    !after(tp.sndSml, tp.sndNxt)
  );
}

function nagleTest(tp: Tcb, skb: SendSkb, mss: number, nonagle: number): boolean {
  if ((nonagle & NAGLE_PUSH) !== 0 || (skb.flags & FLAG_FIN) !== 0) return true;
  return !nagleHolds(tp, skb.length < mss, nonagle);
}

/** How many bytes of a large segment go into one frame (`tcp_mss_split_point`). @hot */
function splitPoint(tp: Tcb, skb: SendSkb, mss: number, segs: number, nonagle: number): number {
  const window = (windowEnd(tp) - skb.seq) | 0;
  const max = mss * segs;
  if (max <= window && skb !== tp.writeQueue.tail) return max;
  const needed = Math.min(skb.length, window);
  if (max <= needed) return max;
  const partial = needed % mss;
  return nagleHolds(tp, partial !== 0, nonagle) ? needed - partial : needed;
}

/** Whether to wait for more window, so that a larger frame can go (`tcp_tso_should_defer`). @hot */
function shouldDefer(tp: Tcb, skb: SendSkb, maxSegs: number): boolean {
  if (tp.caState >= CaState.RECOVERY) return false;
  if (tp.mstamp - tp.tcpWstamp > NS_PER_MS) return false;
  const sendWindow = (windowEnd(tp) - skb.seq) | 0;
  const congWindow = (tp.sndCwnd - packetsInFlight(tp)) * tp.mssCache;
  const limit = Math.min(sendWindow, congWindow);
  if (limit >= maxSegs * tp.mssCache) return false;
  if (skb !== tp.writeQueue.tail && limit >= skb.length) return false;
  const divisor = tp.env.sysctls.tcpTsoWinDivisor;
  if (divisor > 0) {
    const chunk = Math.floor(Math.min(tp.sndWnd, tp.sndCwnd * tp.mssCache) / divisor);
    if (limit >= chunk) return false;
  } else if (limit > 3 * tp.mssCache) {
    return false;
  }
  const head = tp.rtxQueue.head;
  if (head === null) return false;
  // An ACK that is more than 1 ms, or half an RTT, away comes too late to wait for.
  const srttNs = 125 * tp.srttUs;
  const untilAck = head.sentAt + srttNs - tp.mstamp;
  if (untilAck > Math.min(srttNs / 2, NS_PER_MS)) return false;
  if (congWindow < sendWindow) {
    if (congWindow <= skb.length) {
      cwndLimited = true;
      return true;
    }
  } else if (sendWindow <= skb.length) {
    return true;
  }
  return (skb.flags & FLAG_FIN) === 0 && !skb.eor;
}

/** A segment has left for the first time: it waits for its ACK from now on. @hot */
export function eventNewDataSent(tp: Tcb, skb: SendSkb): void {
  const before = tp.packetsOut;
  tp.sndNxt = skb.endSeq;
  tp.writeQueue.remove(skb);
  rateSkbSent(tp, skb);
  tp.rtxQueue.push(skb);
  tp.sorted.push(skb);
  if (tp.highestSack === null) tp.highestSack = skb;
  tp.packetsOut += skb.pcount;
  if (before === 0 || tp.pending === PENDING_LOSS_PROBE) rearmRto(tp);
  checkSpace(tp);
}

/**
 * Wakes writers when there is room again (`tcp_check_space`). A buffer that holds the sender back
 * while the congestion window does not is enlarged (`tcp_new_space`). @hot
 */
function checkSpace(tp: Tcb): void {
  if (!tp.noSpace) return;
  if (!tp.sndbufLocked && packetsInFlight(tp) < tp.sndCwnd) {
    expandSndbuf(tp);
    tp.cwndStamp = jiffies(tp);
  }
  if (!isWriteable(tp)) return;
  tp.noSpace = false;
  tp.wait.wake();
}

/** Sends a FIN, with the last data if some is still queued (`tcp_send_fin`). */
export function sendFin(tp: Tcb): void {
  const tail = tp.writeQueue.tail;
  if (tail !== null) {
    tail.flags |= FLAG_FIN;
    tail.endSeq = (tail.endSeq + 1) | 0;
    tp.writeSeq = (tp.writeSeq + 1) | 0;
  } else {
    const skb = tp.memory.take();
    skb.flags = FLAG_ACK | FLAG_FIN;
    skb.seq = tp.writeSeq;
    skb.endSeq = (tp.writeSeq + 1) | 0;
    tp.wmemQueued += skb.truesize;
    tp.writeSeq = skb.endSeq;
    tp.writeQueue.push(skb);
  }
  pushPending(tp, currentMss(tp), NAGLE_OFF);
}

/** Sends what the ACK made room for (`tcp_data_snd_check`). @hot */
export function dataSndCheck(tp: Tcb): void {
  pushPendingFrames(tp);
  checkSpace(tp);
}

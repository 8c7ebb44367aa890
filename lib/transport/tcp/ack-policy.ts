/**
 * When to acknowledge: now, soon, or with data. What is measured of the peer's segments decides.
 *
 * Spec: RFC 1122 §4.2.3.2. Kernel: net/ipv4/tcp_input.c (tcp_event_data_recv,
 * __tcp_ack_snd_check), net/ipv4/tcp.c (__tcp_cleanup_rbuf), 6.18.
 */
import { FLAG_CWR, FLAG_FIN, FLAG_PSH, FLAG_SYN, FLAG_URG, TCP_SIZE } from "../../wire/tcp.ts";
import { jiffies } from "./clock.ts";
import {
  ACK_NOW,
  ACK_PUSHED,
  ACK_PUSHED2,
  ACK_SCHED,
  ATO_MIN,
  CE,
  ECN_DEMAND_CWR,
  ECN_OK,
  ECN_SEEN,
  FASTRETRANS_THRESH,
  MAX_QUICKACKS,
  MIN_MSS,
  MIN_RCVMSS,
  RCV_SHUTDOWN,
} from "./constants.ts";
import { measureReceiveRtt } from "./rtt.ts";
import type { Segment } from "./segment.ts";
import { sizeWithoutHead } from "./segment-memory.ts";
import { sendAck, sendDelayedAck } from "./send-ack.ts";
import type { Tcb } from "./tcb.ts";
import {
  inPingpongMode,
  inQuickackMode,
  isSack,
  receiveWindow,
  winFromSpace,
} from "./tcb-queries.ts";
import { growWindow, setWindowClamp, windowToOffer } from "./window.ts";

/** Bits of `tp.deferred`: what the end of the system call does. */
export const DEFERRED_ACK = 1;
export const DEFERRED_MTU = 2;
/** Flags that a full segment in the middle of a stream does not have (`TCP_REMNANT`). */
const REMNANT = FLAG_FIN | FLAG_URG | FLAG_SYN | FLAG_PSH;

/** Data has arrived in order (`tcp_event_data_recv`). @hot */
export function eventDataReceived(tp: Tcb, segment: Segment): void {
  tp.ack.pending |= ACK_SCHED;
  measureRcvMss(tp, segment);
  measureReceiveRtt(tp);
  const now = jiffies(tp);
  if (tp.ack.ato === 0) {
    // The first data of the connection: ACK quickly, the sender is in slow start.
    incrQuickack(tp, MAX_QUICKACKS);
    tp.ack.ato = ATO_MIN;
  } else {
    const gap = now - tp.ack.lrcvtime;
    if (gap <= ATO_MIN >> 1) {
      tp.ack.ato = (tp.ack.ato >> 1) + (ATO_MIN >> 1);
    } else if (gap < tp.ack.ato) {
      tp.ack.ato = Math.min((tp.ack.ato >> 1) + gap, tp.rto);
    } else if (gap > tp.rto) {
      incrQuickack(tp, MAX_QUICKACKS);
    }
  }
  tp.ack.lrcvtime = now;
  checkCe(tp, segment);
  if (segment.length >= 128) growWindow(tp, segment.length, sizeWithoutHead(segment));
}

/** Learns how large the peer's segments are, and how well they use memory. @hot */
export function measureRcvMss(tp: Tcb, segment: Segment): void {
  const last = tp.ack.lastSegSize;
  tp.ack.lastSegSize = 0;
  let length = segment.length;
  if (length >= tp.ack.rcvMss) {
    if (length !== tp.ack.rcvMss) measureScaling(tp, segment);
    tp.ack.rcvMss = Math.min(length, tp.advmss);
    if ((segment.flags & FLAG_PSH) !== 0) tp.ack.pending |= ACK_PUSHED;
    return;
  }
  length += segment.headerSize;
  const full = length >= MIN_MSS + TCP_SIZE && (segment.flags & REMNANT) === 0;
  if (length >= MIN_RCVMSS + TCP_SIZE || full) {
    length -= tp.headerLen;
    tp.ack.lastSegSize = length;
    if (length === last) {
      tp.ack.rcvMss = length;
      return;
    }
  }
  if ((tp.ack.pending & ACK_PUSHED) !== 0) tp.ack.pending |= ACK_PUSHED2;
  tp.ack.pending |= ACK_PUSHED;
}

function measureScaling(tp: Tcb, segment: Segment): void {
  const before = tp.scalingRatio;
  tp.scalingRatio = Math.max(1, Math.floor((segment.length * 256) / segment.truesize)) & 255;
  if (before === tp.scalingRatio) return;
  setWindowClamp(tp, winFromSpace(tp, tp.rcvbuf));
  if (tp.windowClamp < tp.receiveTuning.space) tp.receiveTuning.space = tp.windowClamp;
}

/** First guess of the peer's segment size (`tcp_initialize_rcv_mss`). */
export function initRcvMss(tp: Tcb): void {
  const hint = Math.min(tp.advmss, tp.mssCache, tp.rcvWnd >>> 1, MIN_RCVMSS);
  tp.ack.rcvMss = Math.max(hint, MIN_MSS);
}

/** Allows some ACKs to be sent at once. */
function incrQuickack(tp: Tcb, max: number): void {
  const fitting = Math.floor(tp.rcvWnd / (2 * tp.ack.rcvMss)) || 2;
  const quickacks = Math.min(fitting, max);
  if (quickacks > tp.ack.quick) tp.ack.quick = quickacks;
}

/** ACKs at once for a while: something is out of the ordinary. */
export function enterQuickackMode(tp: Tcb, max: number): void {
  incrQuickack(tp, max);
  tp.ack.pingpong = 0;
  tp.ack.ato = ATO_MIN;
}

/** The exchange is interactive from now on. */
export function enterPingpong(tp: Tcb): void {
  tp.ack.pingpong = tp.pingpongThresh;
}

/** RFC 3168: congestion was experienced on the way. @hot */
export function checkCe(tp: Tcb, segment: Segment): void {
  if ((tp.ecnFlags & ECN_OK) === 0) return;
  const ecn = segment.tos & 3;
  if (ecn === 0) {
    // A retransmission is not ECT; if ECT was seen before, the ACK is urgent.
    if ((tp.ecnFlags & ECN_SEEN) !== 0) enterQuickackMode(tp, 2);
    return;
  }
  if (ecn === CE && (tp.ecnFlags & ECN_DEMAND_CWR) === 0) {
    enterQuickackMode(tp, 2);
    tp.ecnFlags |= ECN_DEMAND_CWR;
  }
  tp.ecnFlags |= ECN_SEEN;
}

/** RFC 3168 §6.1.3: the peer has reduced its window, which is down to one segment perhaps. @hot */
export function acceptCwr(tp: Tcb, segment: Segment): void {
  if ((segment.flags & FLAG_CWR) === 0) return;
  tp.ecnFlags &= ~ECN_DEMAND_CWR;
  if (segment.seq !== segment.endSeq) tp.ack.pending |= ACK_NOW;
}

/** Sends or arms the ACK for what was received (`tcp_ack_snd_check`). @hot */
export function ackSndCheck(tp: Tcb): void {
  if ((tp.ack.pending & ACK_SCHED) !== 0) ackSndCheckNow(tp, true);
}

/** The same when it is known that an ACK is owed (`__tcp_ack_snd_check`). @hot */
export function ackSndCheckNow(tp: Tcb, outOfOrderPossible: boolean): void {
  const several = (tp.rcvNxt - tp.rcvWup) >>> 0 > tp.ack.rcvMss;
  if (
    (several &&
      ((tp.rcvNxt - tp.copiedSeq) >>> 0 < tp.rcvlowat || windowToOffer(tp) >= tp.rcvWnd)) ||
    inQuickackMode(tp) ||
    (tp.ack.pending & ACK_NOW) !== 0
  ) {
    if (tp.owned && tp.env.sysctls.tcpBacklogAckDefer !== 0) tp.deferred |= DEFERRED_ACK;
    else sendAck(tp);
    return;
  }
  if (!outOfOrderPossible || tp.outOfOrder.empty) {
    sendDelayedAck(tp);
    return;
  }
  compressAck(tp);
}

/** Duplicate ACKs for reordered data: the first at once, later ones a few at a time. */
function compressAck(tp: Tcb): void {
  const { sysctls } = tp.env;
  if (!isSack(tp) || tp.compressedAck >= sysctls.tcpCompSackNr) {
    sendAck(tp);
    return;
  }
  if (tp.compressedAckRcvNxt !== tp.rcvNxt) {
    tp.compressedAckRcvNxt = tp.rcvNxt;
    tp.dupAckCounter = 0;
  }
  if (tp.dupAckCounter < FASTRETRANS_THRESH) {
    tp.dupAckCounter += 1;
    sendAck(tp);
    return;
  }
  tp.compressedAck += 1;
  if (tp.compressedAckTimer.armed) return;
  let rtt = tp.receiveTuning.rttUs;
  if (tp.srttUs > 0 && tp.srttUs < rtt) rtt = tp.srttUs;
  const delay = Math.min(sysctls.tcpCompSackDelayNs, Math.floor((rtt * 125) / 20));
  // The hrtimer may fire so much later, and mostly does: the processor has nothing else to wake for.
  tp.compressedAckTimer.arm(delay + sysctls.tcpCompSackSlackNs);
}

/** After the program read `copied` bytes: is an ACK or a larger window due? @hot */
export function cleanupRbuf(tp: Tcb, copied: number): void {
  let now = false;
  if ((tp.ack.pending & ACK_SCHED) !== 0) {
    if (
      (tp.rcvNxt - tp.rcvWup) >>> 0 > tp.ack.rcvMss ||
      (copied > 0 &&
        ((tp.ack.pending & ACK_PUSHED2) !== 0 ||
          ((tp.ack.pending & ACK_PUSHED) !== 0 && !inPingpongMode(tp))) &&
        tp.rmemAlloc === 0)
    ) {
      now = true;
    }
  }
  if (copied > 0 && !now && (tp.shutdown & RCV_SHUTDOWN) === 0) {
    const offered = receiveWindow(tp);
    // A window that doubles is worth an ACK of its own.
    if (2 * offered <= tp.windowClamp) {
      const offer = windowToOffer(tp);
      if (offer > 0 && offer >= 2 * offered) now = true;
    }
  }
  if (now) {
    tp.mstamp = tp.env.cpu.now;
    sendAck(tp);
  }
}

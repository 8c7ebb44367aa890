/**
 * Active open: the SYN, and what answers it.
 *
 * Spec: RFC 9293 §3.10.1, §3.10.7.3. Kernel: net/ipv4/tcp_output.c (tcp_connect),
 * net/ipv4/tcp_input.c (tcp_rcv_synsent_state_process), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { after, between } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_CWR, FLAG_ECE, FLAG_RST, FLAG_SYN, TCP_SIZE } from "../../wire/tcp.ts";
import { TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import { handleAck } from "./ack.ts";
import { FLAG_SLOWPATH } from "./ack-flags.ts";
import { enterQuickackMode, initRcvMss } from "./ack-policy.ts";
import { jiffies, refreshMstamp, resetXmitTimer, timestampMs } from "./clock.ts";
import {
  ACK_SCHED,
  ACK_TIMER,
  DEFAULT_MSS,
  DELACK_MAX,
  ECN_OK,
  MAX_QUICKACKS,
  PENDING_RETRANS,
  SACK_SEEN,
  TcpState,
  TIMEOUT_INIT,
} from "./constants.ts";
import { finishConnect, undoSpuriousSyn } from "./established.ts";
import { InputResult } from "./input-in-state.ts";
import { syncMss } from "./mss.ts";
import { initMtuSearch } from "./mtu-probe.ts";
import { dataSndCheck } from "./output.ts";
import { storeTsRecent } from "./paws.ts";
import { purgeWriteQueues } from "./queue.ts";
import { readOptions, rxOptions } from "./rx-options.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { armDelack, sendAck } from "./send-ack.ts";
import { reset, setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { fullSpace, inPingpongMode } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";
import { initialWindow, selectInitialWindow } from "./window.ts";

/** Sends the SYN. Addresses, ports, route, `writeSeq` and `tsOffset` are set (`tcp_connect`). */
export function connect(tp: Tcb): void {
  initConnect(tp);
  refreshMstamp(tp);
  tp.retransStamp = timestampMs(tp) || 1;
  const skb = tp.memory.take();
  skb.flags = FLAG_SYN;
  skb.seq = tp.writeSeq;
  skb.endSeq = (tp.writeSeq + 1) | 0;
  skb.pcount = 1;
  tp.wmemQueued += skb.truesize;
  tp.writeSeq = skb.endSeq;
  tp.packetsOut += 1;
  const ecn = tp.env.sysctls.tcpEcn === 1 || tp.route?.ecn === true;
  tp.ecnFlags = ecn ? ECN_OK : 0;
  if (ecn) skb.flags |= FLAG_ECE | FLAG_CWR;
  tp.rtxQueue.push(skb);
  tp.sorted.push(skb);
  transmitSkb(tp, skb, skb.flags, skb.seq, 0);
  tp.sndNxt = tp.writeSeq;
  tp.pushedSeq = tp.writeSeq;
  resetXmitTimer(tp, PENDING_RETRANS, tp.rto);
}

function initConnect(tp: Tcb): void {
  const { sysctls } = tp.env;
  const route = tp.route;
  tp.headerLen = TCP_SIZE + (sysctls.tcpTimestamps !== 0 ? TIMESTAMPS_ALIGNED_SIZE : 0);
  tp.mssClamp = tp.userMss > 0 ? tp.userMss : DEFAULT_MSS;
  tp.maxWindow = 0;
  initMtuSearch(tp);
  syncMss(tp, route === null ? 1500 : route.mtu);
  tp.advmss = clampMss(tp, route === null ? 1460 : route.advmss);
  initRcvMss(tp);
  const space = fullSpace(tp);
  if (tp.windowClamp === 0 && route !== null) tp.windowClamp = route.window;
  if (tp.rcvbufLocked && (tp.windowClamp > space || tp.windowClamp === 0)) tp.windowClamp = space;
  selectInitialWindow(
    sysctls,
    space,
    tp.advmss,
    tp.windowClamp,
    sysctls.tcpWindowScaling !== 0,
    route === null ? 0 : route.initrwnd,
  );
  tp.rcvWnd = initialWindow.rcvWnd;
  tp.windowClamp = initialWindow.windowClamp;
  tp.rcvWscale = initialWindow.rcvWscale;
  tp.rcvSsthresh = tp.rcvWnd;
  tp.err = 0;
  tp.done = false;
  tp.sndWnd = 0;
  tp.sndWl1 = 0;
  purgeWriteQueues(tp);
  tp.sndUna = tp.writeSeq;
  tp.sndSml = tp.writeSeq;
  tp.sndNxt = tp.writeSeq;
  tp.rcvNxt = 0;
  tp.rcvWup = 0;
  tp.copiedSeq = 0;
  tp.rto = TIMEOUT_INIT;
  tp.retransmits = 0;
  tp.totalRetrans = 0;
}

/** MSS bounded by TCP_MAXSEG. */
export function clampMss(tp: Tcb, mss: number): number {
  return tp.userMss > 0 && tp.userMss < mss ? tp.userMss : mss;
}

/** A segment for a connection in SYN_SENT. Takes it, except with result RESET. */
export function receiveSynSent(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult {
  refreshMstamp(tp);
  const { flags } = segment;
  parseHandshake(tp, segment);
  if ((flags & FLAG_ACK) !== 0) return receiveSynAck(tp, segment, pool);
  if ((flags & (FLAG_RST | FLAG_SYN)) !== FLAG_SYN) {
    pool.drop(segment, DropReason.TCP_FLAGS);
    return InputResult.TAKEN;
  }
  simultaneousOpen(tp, segment, pool);
  return InputResult.TAKEN;
}

function parseHandshake(tp: Tcb, segment: Segment): void {
  readOptions(segment);
  const { sysctls } = tp.env;
  tp.sawTstamp = rxOptions.hasTimestamps && sysctls.tcpTimestamps !== 0;
  tp.rcvTsval = rxOptions.timestampValue;
  const echo = rxOptions.timestampEcho;
  tp.rcvTsecr = tp.sawTstamp && echo !== 0 ? (echo - tp.tsOffset) | 0 : 0;
}

function receiveSynAck(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult {
  const { flags, ack } = segment;
  if (!after(ack, tp.sndUna) || after(ack, tp.sndNxt)) {
    // A FIN or RST of an older connection may have been lost; ours is repeated soon.
    if (tp.retransmits === 0) resetXmitTimer(tp, PENDING_RETRANS, 1);
    return InputResult.RESET;
  }
  if (
    tp.sawTstamp &&
    tp.rcvTsecr !== 0 &&
    !between(tp.rcvTsecr, tp.retransStamp, timestampMs(tp))
  ) {
    return InputResult.RESET;
  }
  if ((flags & FLAG_RST) !== 0) {
    reset(tp);
    pool.drop(segment, DropReason.TCP_RESET);
    return InputResult.TAKEN;
  }
  if ((flags & FLAG_SYN) === 0) {
    pool.drop(segment, DropReason.TCP_FLAGS);
    return InputResult.TAKEN;
  }
  takeOptions(tp);
  if ((flags & (FLAG_ECE | FLAG_CWR)) !== FLAG_ECE) tp.ecnFlags &= ~ECN_OK;
  tp.sndWl1 = segment.seq;
  undoSpuriousSyn(tp);
  handleAck(tp, segment, rxOptions, FLAG_SLOWPATH);
  tp.rcvNxt = (segment.seq + 1) | 0;
  tp.rcvWup = tp.rcvNxt;
  tp.sndWnd = segment.window;
  if (!tp.wscaleOk) {
    tp.sndWscale = 0;
    tp.rcvWscale = 0;
    tp.windowClamp = Math.min(tp.windowClamp, 65535);
  }
  if (tp.tstampOk) tp.advmss -= TIMESTAMPS_ALIGNED_SIZE;
  syncMss(tp, tp.pmtuCookie);
  initRcvMss(tp);
  tp.copiedSeq = tp.rcvNxt;
  finishConnect(tp);
  tp.wait.wake();
  pool.consume(segment);
  if (tp.deferAccept > 0 || inPingpongMode(tp)) {
    // The first data will carry the ACK.
    tp.ack.pending |= ACK_SCHED | ACK_TIMER;
    enterQuickackMode(tp, MAX_QUICKACKS);
    armDelack(tp, jiffies(tp) + DELACK_MAX);
    return InputResult.TAKEN;
  }
  sendAck(tp);
  dataSndCheck(tp);
  return InputResult.TAKEN;
}

/** Agrees to what the peer's SYN offers and we want. */
function takeOptions(tp: Tcb): void {
  const { sysctls } = tp.env;
  const mss = rxOptions.mss > 0 ? rxOptions.mss : DEFAULT_MSS;
  tp.mssClamp = tp.userMss > 0 ? Math.min(tp.userMss, mss) : mss;
  tp.wscaleOk = rxOptions.windowScale >= 0 && sysctls.tcpWindowScaling !== 0;
  tp.sndWscale = tp.wscaleOk ? rxOptions.windowScale : 0;
  tp.sackOk = rxOptions.sackPermitted && sysctls.tcpSack !== 0 ? SACK_SEEN : 0;
  tp.tstampOk = tp.sawTstamp;
  tp.headerLen = TCP_SIZE + (tp.tstampOk ? TIMESTAMPS_ALIGNED_SIZE : 0);
  if (tp.tstampOk) storeTsRecent(tp);
}

/** RFC 9293 figure 7: both sides sent a SYN. */
function simultaneousOpen(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  setState(tp, TcpState.SYN_RECV);
  takeOptions(tp);
  tp.rcvNxt = (segment.seq + 1) | 0;
  tp.copiedSeq = tp.rcvNxt;
  tp.rcvWup = tp.rcvNxt;
  tp.sndWnd = segment.window;
  tp.sndWl1 = segment.seq;
  tp.maxWindow = tp.sndWnd;
  syncMss(tp, tp.pmtuCookie);
  initRcvMss(tp);
  const syn = tp.rtxQueue.head;
  if (syn !== null) {
    syn.flags |= FLAG_ACK;
    transmitSkb(tp, syn, syn.flags, syn.seq, tp.rcvNxt);
  }
  pool.consume(segment);
}

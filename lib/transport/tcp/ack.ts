/**
 * What an ACK does: it moves the left edge, frees segments, measures the RTT, grows or shrinks the
 * window, and tells what to send again.
 *
 * Spec: RFC 9293 §3.10.7.4, RFC 5961 §5. Kernel: net/ipv4/tcp_input.c (tcp_ack), 6.18.
 */
import { usToJiffies } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_SYN, FLAG_ECE as HEADER_ECE } from "../../wire/tcp.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import {
  AckState,
  FLAG_CA_ALERT,
  FLAG_DATA,
  FLAG_DATA_ACKED,
  FLAG_DSACKING_ACK,
  FLAG_ECE,
  FLAG_FORWARD_PROGRESS,
  FLAG_NO_CHALLENGE_ACK,
  FLAG_NOT_DUP,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SLOWPATH,
  FLAG_SND_UNA_ADVANCED,
  FLAG_UPDATE_TS_RECENT,
  FLAG_WIN_UPDATE,
  REXMIT_NEW,
  REXMIT_NONE,
} from "./ack-flags.ts";
import { clearXmitTimer, jiffies, resetXmitTimer } from "./clock.ts";
import { CaState, ECN_OK, NAGLE_OFF, PENDING_PROBE0, PENDING_RETRANS } from "./constants.ts";
import { reduceCwnd } from "./cwnd-reduction.ts";
import { slowStartAfterIdle } from "./cwnd-usage.ts";
import { rearmRto, scheduleLossProbe } from "./loss-probe.ts";
import { currentMss, syncMss, updatePacingRate } from "./mss.ts";
import { pushPending } from "./output.ts";
import { replaceTsRecent } from "./paws.ts";
import { clampProbe0, probe0When } from "./probe-interval.ts";
import { rackUpdateWindow } from "./rack.ts";
import { fastRetransAlert } from "./recovery.ts";
import { xmitRetransmitQueue } from "./retransmit.ts";
import { cleanRtxQueue } from "./rtx-clean.ts";
import { highestSackSeq, tagWriteQueue } from "./sacktag.ts";
import type { Segment } from "./segment.ts";
import { sendChallengeAck } from "./send-ack.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, isSack, windowEnd } from "./tcb-queries.ts";
import { processTlpAck } from "./tlp-ack.ts";

/** Results of `handleAck`. */
export const ACK_OLD = 0;
const ACK_OK = 1;
export const ACK_TOO_OLD = -1;
const ACK_UNSENT_DATA = -2;

const state = new AckState();

/**
 * Handles the ACK of a segment whose options are in `options`. Returns ACK_OK, ACK_OLD, or a
 * negative value if the segment must be dropped (`tcp_ack`). @hot
 */
export function handleAck(tp: Tcb, segment: Segment, options: TcpOptions, flags: number): number {
  const priorSndUna = tp.sndUna;
  const { ack } = segment;
  const priorPackets = tp.packetsOut;
  const delivered = tp.delivered;
  const lost = tp.lost;
  let flag = flags;
  state.begin(0, tp.sndNxt);

  if (before(ack, priorSndUna)) return handleOldAck(tp, segment, options, flag, priorSndUna);
  if (after(ack, tp.sndNxt)) return ACK_UNSENT_DATA;
  if (after(ack, priorSndUna)) {
    flag |= FLAG_SND_UNA_ADVANCED;
    tp.retransmits = 0;
  }
  const priorFack = isSack(tp) ? highestSackSeq(tp) : tp.sndUna;
  if ((flag & FLAG_UPDATE_TS_RECENT) !== 0) replaceTsRecent(tp, segment.seq);

  if ((flag & (FLAG_SLOWPATH | FLAG_SND_UNA_ADVANCED)) === FLAG_SND_UNA_ADVANCED) {
    tp.sndWl1 = segment.seq;
    updateSndUna(tp, ack);
    flag |= FLAG_WIN_UPDATE;
  } else {
    flag = ackSlowly(tp, segment, options, flag, priorSndUna);
  }
  tp.errSoft = 0;
  tp.probesOut = 0;
  tp.rcvTstamp = jiffies(tp);
  state.flag = flag;
  if (priorPackets === 0) {
    ackWithoutQueue(tp, ack, priorSndUna);
    return ACK_OK;
  }
  cleanRtxQueue(tp, priorFack, priorSndUna, state);
  rackUpdateWindow(tp, state);
  if (tp.tlpHighSeq !== 0) processTlpAck(tp, ack, state.flag);
  if (isDubious(tp) && !checkReneging(tp)) alertRecovery(tp, segment, priorSndUna);
  if ((state.flag & FLAG_FORWARD_PROGRESS) !== 0 || (state.flag & FLAG_NOT_DUP) === 0) {
    tp.confirmPending = true;
  }
  if ((state.flag & FLAG_SET_XMIT_TIMER) !== 0) setXmitTimer(tp);
  congControl(tp, ack, tp.delivered - delivered, tp.lost - lost);
  xmitRecovery(tp, state.rexmit);
  return ACK_OK;
}

/** An ACK that may be more than the next one in order: windows, SACK, ECN. Returns the flags. @hot */
function ackSlowly(
  tp: Tcb,
  segment: Segment,
  options: TcpOptions,
  flags: number,
  priorSndUna: number,
): number {
  const { ack } = segment;
  let flag = flags;
  if (segment.seq !== segment.endSeq) flag |= FLAG_DATA;
  if (updateWindow(tp, segment)) flag |= FLAG_WIN_UPDATE;
  updateSndUna(tp, ack);
  if (options.sackCount > 0 && isSack(tp)) {
    tagWriteQueue(tp, ack, options, priorSndUna, state);
    flag |= state.flag;
  }
  const echo = (segment.flags & (HEADER_ECE | FLAG_SYN)) === HEADER_ECE;
  if (echo && (tp.ecnFlags & ECN_OK) !== 0) flag |= FLAG_ECE;
  tp.delivered += state.sackDelivered;
  return flag;
}

/** An ACK older than the left edge: its SACK blocks may still tell something (`old_ack`). */
function handleOldAck(
  tp: Tcb,
  segment: Segment,
  options: TcpOptions,
  flag: number,
  priorSndUna: number,
): number {
  const max = Math.min(tp.maxWindow, tp.bytesAcked);
  if (before(segment.ack, (priorSndUna - max) | 0)) {
    if ((flag & FLAG_NO_CHALLENGE_ACK) === 0) sendChallengeAck(tp);
    return ACK_TOO_OLD;
  }
  if (options.sackCount > 0 && isSack(tp)) {
    state.flag = flag;
    tagWriteQueue(tp, segment.ack, options, priorSndUna, state);
    tp.delivered += state.sackDelivered;
    fastRetransAlert(tp, priorSndUna, 0, state);
    xmitRecovery(tp, state.rexmit);
  }
  return ACK_OLD;
}

function ackWithoutQueue(tp: Tcb, ack: number, priorSndUna: number): void {
  if ((state.flag & FLAG_DSACKING_ACK) !== 0) fastRetransAlert(tp, priorSndUna, 0, state);
  ackProbe(tp);
  if (tp.tlpHighSeq !== 0) processTlpAck(tp, ack, state.flag);
}

/** Moves the left edge. @hot */
function updateSndUna(tp: Tcb, ack: number): void {
  tp.bytesAcked += (ack - tp.sndUna) >>> 0;
  tp.sndUna = ack;
}

/** Takes the peer's window over if the segment is newer than the last that did. @hot */
function updateWindow(tp: Tcb, segment: Segment): boolean {
  const syn = (segment.flags & FLAG_SYN) !== 0;
  const window = syn ? segment.window : segment.window << tp.sndWscale;
  const mayUpdate =
    after(segment.ack, tp.sndUna) ||
    after(segment.seq, tp.sndWl1) ||
    (segment.seq === tp.sndWl1 && (window > tp.sndWnd || window === 0));
  if (!mayUpdate) return false;
  tp.sndWl1 = segment.seq;
  if (tp.sndWnd !== window) {
    tp.sndWnd = window;
    if (!tp.writeQueue.empty) slowStartAfterIdle(tp);
    if (window > tp.maxWindow) {
      tp.maxWindow = window;
      syncMss(tp, tp.pmtuCookie);
    }
  }
  return true;
}

/** A peer that drops what it SACKed: wait a little, then take it as lost (`tcp_check_sack_reneging`). */
function checkReneging(tp: Tcb): boolean {
  if ((state.flag & FLAG_SACK_RENEGING) === 0 || (state.flag & FLAG_SND_UNA_ADVANCED) === 0)
    return false;
  const delay = Math.max(usToJiffies(tp.srttUs >> 4), 3);
  resetXmitTimer(tp, PENDING_RETRANS, delay);
  state.flag &= ~FLAG_SET_XMIT_TIMER;
  return true;
}

/** Hands what may mean loss to recovery; without data and progress it is a duplicate ACK. */
function alertRecovery(tp: Tcb, segment: Segment, priorSndUna: number): void {
  const duplicate = (state.flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK)) === 0;
  const dupacks = (state.flag & FLAG_DATA) !== 0 ? 1 : segment.segs;
  fastRetransAlert(tp, priorSndUna, duplicate ? dupacks : 0, state);
}

/** Whether more has to be done than to move the left edge (`tcp_ack_is_dubious`). @hot */
function isDubious(tp: Tcb): boolean {
  return (
    (state.flag & FLAG_NOT_DUP) === 0 ||
    (state.flag & FLAG_CA_ALERT) !== 0 ||
    tp.caState !== CaState.OPEN
  );
}

/** TLP or RTO for what is still out (`tcp_set_xmit_timer`). @hot */
function setXmitTimer(tp: Tcb): void {
  if (!scheduleLossProbe(tp, true)) rearmRto(tp);
}

/** The window opened: probes end; or they go on (`tcp_ack_probe`). */
function ackProbe(tp: Tcb): void {
  const head = tp.writeQueue.head;
  if (head === null) return;
  if (!after(head.endSeq, windowEnd(tp))) {
    tp.backoff = 0;
    tp.probesStamp = 0;
    if (tp.pending === PENDING_PROBE0) clearXmitTimer(tp);
    return;
  }
  resetXmitTimer(tp, PENDING_PROBE0, clampProbe0(tp, probe0When(tp, tp.rtoMax)));
}

/** Grows or reduces the window for what was delivered (`tcp_cong_control`). @hot */
function congControl(tp: Tcb, ack: number, delivered: number, lost: number): void {
  if (inCwndReduction(tp)) {
    reduceCwnd(tp, delivered, lost, (state.flag & FLAG_SND_UNA_ADVANCED) !== 0);
  } else if (mayRaiseCwnd(tp)) {
    tp.ca.congAvoid(tp, ack, delivered);
    tp.cwndStamp = jiffies(tp);
  }
  updatePacingRate(tp);
}

function mayRaiseCwnd(tp: Tcb): boolean {
  if (tp.reordering > tp.env.sysctls.tcpReordering) {
    return (state.flag & FLAG_FORWARD_PROGRESS) !== 0;
  }
  return (state.flag & FLAG_DATA_ACKED) !== 0;
}

/** Sends what loss recovery asks for (`tcp_xmit_recovery`). */
function xmitRecovery(tp: Tcb, rexmit: number): void {
  if (rexmit === REXMIT_NONE) return;
  if (rexmit === REXMIT_NEW) {
    pushPending(tp, currentMss(tp), NAGLE_OFF);
    if (after(tp.sndNxt, tp.highSeq)) return;
    tp.frto = false;
  }
  xmitRetransmitQueue(tp);
}

/**
 * What an ACK does: it moves the left edge, frees segments, measures the RTT, grows or shrinks the
 * window, and tells what to send again.
 *
 * Spec: RFC 9293 §3.10.7.4, RFC 5961 §5. Kernel: net/ipv4/tcp_input.c (tcp_ack,
 * tcp_clean_rtx_queue), 6.18.
 */

import { HZ, jiffiesToUs, msToJiffies, usToJiffies } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_SYN, FLAG_ECE as HEADER_ECE } from "../../wire/tcp.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import {
  AckState,
  FLAG_ACK_MAYBE_DELAYED,
  FLAG_ACKED,
  FLAG_CA_ALERT,
  FLAG_DATA,
  FLAG_DATA_ACKED,
  FLAG_DATA_SACKED,
  FLAG_DSACK_TLP,
  FLAG_DSACKING_ACK,
  FLAG_ECE,
  FLAG_FORWARD_PROGRESS,
  FLAG_NO_CHALLENGE_ACK,
  FLAG_NOT_DUP,
  FLAG_ORIG_SACK_ACKED,
  FLAG_RETRANS_DATA_ACKED,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SLOWPATH,
  FLAG_SND_UNA_ADVANCED,
  FLAG_SYN_ACKED,
  FLAG_UPDATE_TS_RECENT,
  FLAG_WIN_UPDATE,
  REXMIT_NEW,
  REXMIT_NONE,
} from "./ack-flags.ts";
import { clearXmitTimer, jiffies, resetXmitTimer, usBetween } from "./clock.ts";
import {
  CaState,
  ECN_OK,
  EVER_RETRANS,
  LOST,
  NAGLE_OFF,
  PENDING_PROBE0,
  PENDING_RETRANS,
  SACKED_ACKED,
  SACKED_RETRANS,
} from "./constants.ts";
import { rearmRto, scheduleLossProbe } from "./loss-probe.ts";
import { currentMss, syncMss, updatePacingRate } from "./mss.ts";
import { probe0When, pushPending, slowStartAfterIdle } from "./output.ts";
import { unlinkRtx } from "./queue.ts";
import { rackAdvance, rackUpdateWindow } from "./rack.ts";
import {
  endCwndReduction,
  fastRetransAlert,
  initCwndReduction,
  reduceCwnd,
  removeRenoSacks,
  setCaState,
  tryKeepOpen,
} from "./recovery.ts";
import { trimHead, xmitRetransmitQueue } from "./retransmit.ts";
import { estimateRtt, setRto, timestampRttUs } from "./rtt.ts";
import { checkReordering, highestSackSeq, rateSkbDelivered, tagWriteQueue } from "./sacktag.ts";
import type { Segment } from "./segment.ts";
import { sendChallengeAck } from "./send-ack.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { inCwndReduction, isSack, windowEnd } from "./tcb-queries.ts";

/** Results of `handleAck`. */
export const ACK_OLD = 0;
export const ACK_OK = 1;
export const ACK_TOO_OLD = -1;
export const ACK_UNSENT_DATA = -2;

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
  }
  tp.errSoft = 0;
  tp.probesOut = 0;
  tp.rcvTstamp = jiffies(tp);
  state.flag = flag;
  if (priorPackets === 0) {
    ackWithoutQueue(tp, ack, priorSndUna);
    return ACK_OK;
  }
  cleanRtxQueue(tp, priorFack, priorSndUna);
  rackUpdateWindow(tp, state);
  if (tp.tlpHighSeq !== 0) processTlpAck(tp, ack);
  if (isDubious(tp)) {
    const duplicate =
      (state.flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK)) === 0;
    if (!checkReneging(tp)) {
      const dupacks = (state.flag & FLAG_DATA) !== 0 ? 1 : segment.segs;
      fastRetransAlert(tp, priorSndUna, duplicate ? dupacks : 0, state);
    }
  }
  if ((state.flag & FLAG_FORWARD_PROGRESS) !== 0 || (state.flag & FLAG_NOT_DUP) === 0) {
    tp.confirmPending = true;
  }
  if ((state.flag & FLAG_SET_XMIT_TIMER) !== 0) setXmitTimer(tp);
  congControl(tp, ack, tp.delivered - delivered, tp.lost - lost);
  xmitRecovery(tp, state.rexmit);
  return ACK_OK;
}

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
  if (tp.tlpHighSeq !== 0) processTlpAck(tp, ack);
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

/** Remembers the timestamp to echo (RFC 7323 §4.3). @hot */
export function replaceTsRecent(tp: Tcb, seq: number): void {
  if (!tp.sawTstamp || after(seq, tp.rcvWup)) return;
  // The PAWS test was made already, except for a pure ACK that is out of order.
  if (tp.tsRecentStamp !== 0 && ((tp.rcvTsval - tp.tsRecent) | 0) < 0) {
    const age = Math.floor(tp.env.cpu.now / 1e9) - tp.tsRecentStamp;
    if (age < 60 * 60 * 24 * 24) return;
  }
  storeTsRecent(tp);
}

/** Stores the timestamp of the segment at hand. @hot */
export function storeTsRecent(tp: Tcb): void {
  tp.tsRecent = tp.rcvTsval;
  // Zero means "none", so the first second counts as one.
  tp.tsRecentStamp = Math.max(1, Math.floor(tp.env.cpu.now / 1e9));
}

/** Frees what is acknowledged and measures by it (`tcp_clean_rtx_queue`). @hot */
function cleanRtxQueue(tp: Tcb, priorFack: number, priorSndUna: number): void {
  const priorSacked = tp.sackedOut;
  let reord = tp.sndNxt;
  let firstAckAt = 0;
  let lastAckAt = 0;
  let packets = 0;
  let fully = true;
  let flag = 0;
  let skb = tp.rtxQueue.head;
  while (skb !== null) {
    const start = skb.seq;
    const { sacked } = skb;
    let count = skb.pcount;
    if (after(skb.endSeq, tp.sndUna)) {
      if (count === 1 || !after(tp.sndUna, skb.seq)) break;
      trimHead(tp, skb);
      count -= skb.pcount;
      if (count === 0) break;
      fully = false;
    }
    if ((sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0) {
      if ((sacked & SACKED_RETRANS) !== 0) tp.retransOut -= count;
      flag |= FLAG_RETRANS_DATA_ACKED;
    } else if ((sacked & SACKED_ACKED) === 0) {
      lastAckAt = skb.sentAt;
      if (firstAckAt === 0) firstAckAt = lastAckAt;
      if (before(start, reord)) reord = start;
      if (!after(skb.endSeq, tp.highSeq)) flag |= FLAG_ORIG_SACK_ACKED;
    }
    if ((sacked & SACKED_ACKED) !== 0) tp.sackedOut -= count;
    else if (isSack(tp)) {
      tp.delivered += count;
      if (!isSpuriousRetrans(tp, skb)) rackAdvance(tp, sacked, skb.endSeq, skb.sentAt);
    }
    if ((sacked & LOST) !== 0) tp.lostOut -= count;
    tp.packetsOut -= count;
    packets += count;
    rateSkbDelivered(tp, skb, state);
    if ((skb.flags & FLAG_SYN) === 0) flag |= FLAG_DATA_ACKED;
    else {
      flag |= FLAG_SYN_ACKED;
      tp.retransStamp = 0;
    }
    if (!fully) break;
    const next: SendSkb | null = skb.next;
    if (skb === tp.retransmitHint) tp.retransmitHint = null;
    if (skb === tp.highestSack) tp.highestSack = next;
    unlinkRtx(tp, skb);
    skb = next;
  }
  if (skb !== null && (skb.sacked & SACKED_ACKED) !== 0) flag |= FLAG_SACK_RENEGING;
  state.flag |= flag;
  measure(tp, skb, firstAckAt, lastAckAt, packets, fully && priorSacked === 0, priorSndUna);
  if ((flag & FLAG_ACKED) !== 0) {
    if (!isSack(tp)) {
      removeRenoSacks(tp, packets);
      if ((flag & FLAG_RETRANS_DATA_ACKED) !== 0) state.flag &= ~FLAG_ORIG_SACK_ACKED;
    } else if (before(reord, priorFack)) {
      checkReordering(tp, reord);
    }
  }
  tp.ca.pktsAcked(tp, packets, state.rttUs);
}

/** Takes RTT samples from what was acknowledged, and decides whether timers restart. @hot */
function measure(
  tp: Tcb,
  head: SendSkb | null,
  firstAckAt: number,
  lastAckAt: number,
  packets: number,
  simple: boolean,
  priorSndUna: number,
): void {
  let seqRtt = -1;
  let caRtt = -1;
  let sackRtt = -1;
  if (firstAckAt !== 0 && (state.flag & FLAG_RETRANS_DATA_ACKED) === 0) {
    seqRtt = usBetween(firstAckAt, tp.mstamp);
    caRtt = usBetween(lastAckAt, tp.mstamp);
    if (
      packets === 1 &&
      simple &&
      (tp.sndUna - priorSndUna) >>> 0 < tp.mssCache &&
      state.priorDelivered + 1 === tp.delivered &&
      (state.flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)) === 0
    ) {
      state.flag |= FLAG_ACK_MAYBE_DELAYED;
    }
  }
  if (state.firstSackAt !== 0) {
    sackRtt = usBetween(state.firstSackAt, tp.mstamp);
    caRtt = usBetween(state.lastSackAt, tp.mstamp);
  }
  const updated = updateRtt(tp, seqRtt, sackRtt, caRtt);
  if ((state.flag & FLAG_ACKED) !== 0) {
    state.flag |= FLAG_SET_XMIT_TIMER;
  } else if (head !== null && updated && sackRtt > usBetween(head.sentAt, tp.mstamp)) {
    state.flag |= FLAG_SET_XMIT_TIMER;
  }
}

function updateRtt(tp: Tcb, seqRttUs: number, sackRttUs: number, caRttUs: number): boolean {
  let seqRtt = seqRttUs < 0 ? sackRttUs : seqRttUs;
  let caRtt = caRttUs;
  if (seqRtt < 0 && tp.sawTstamp && tp.rcvTsecr !== 0 && (state.flag & FLAG_ACKED) !== 0) {
    seqRtt = timestampRttUs(tp, 1);
    caRtt = seqRtt;
  }
  state.rttUs = caRtt;
  if (seqRtt < 0) return false;
  if ((state.flag & FLAG_ACK_MAYBE_DELAYED) === 0 || caRtt <= tp.rttMinUs) {
    const window = tp.env.sysctls.tcpMinRttWlen * HZ;
    tp.rttMinUs = tp.minRtt.update(window, jiffies(tp), caRtt > 0 ? caRtt : jiffiesToUs(1));
  }
  estimateRtt(tp, seqRtt);
  setRto(tp);
  tp.backoff = 0;
  return true;
}

/**
 * RTT of a passive open, from the SYN-ACK to its ACK (`tcp_synack_rtt_meas`). -1 if the SYN-ACK was
 * repeated: then only the timestamp tells which one was answered.
 */
export function synackRtt(tp: Tcb, rttUs: number): void {
  state.begin(FLAG_SYN_ACKED, tp.sndNxt);
  updateRtt(tp, rttUs, rttUs, rttUs);
}

/** An ACK that comes too early to answer the retransmission that it seems to answer. */
function isSpuriousRetrans(tp: Tcb, skb: SendSkb): boolean {
  if ((skb.sacked & (SACKED_RETRANS | EVER_RETRANS)) === 0 || !tp.sawTstamp) return false;
  return tp.rcvTsecr !== 0 && before(tp.rcvTsecr, Math.floor(skb.sentAt / 1_000_000) | 0);
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

/** A probe interval that does not pass the user timeout. */
export function clampProbe0(tp: Tcb, when: number): number {
  if (tp.userTimeoutMs === 0 || tp.probesStamp === 0) return when;
  const timeout = msToJiffies(tp.userTimeoutMs);
  const elapsed = Math.max(0, jiffies(tp) - tp.probesStamp);
  return Math.min(Math.max(timeout - elapsed, 1), when);
}

/** Did the tail loss probe repair a loss, or was it not needed (`tcp_process_tlp_ack`)? */
function processTlpAck(tp: Tcb, ack: number): void {
  if (before(ack, tp.tlpHighSeq)) return;
  const { flag } = state;
  if (!tp.tlpRetrans || (flag & FLAG_DSACK_TLP) !== 0) {
    tp.tlpHighSeq = 0;
  } else if (after(ack, tp.tlpHighSeq)) {
    // RFC 8985 §7.4.2: the probe filled a hole, so the window shrinks once.
    initTlpReduction(tp);
  } else if ((flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED)) === 0) {
    tp.tlpHighSeq = 0;
  }
}

function initTlpReduction(tp: Tcb): void {
  initCwndReduction(tp);
  setCaState(tp, CaState.CWR);
  endCwndReduction(tp);
  tryKeepOpen(tp);
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

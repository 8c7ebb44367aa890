/**
 * Input of a connection: the fast path of an established one, the checks that every segment has
 * to pass, and the state machine.
 *
 * Spec: RFC 9293 §3.10.7, RFC 5961, RFC 7323 §5. Kernel: net/ipv4/tcp_input.c
 * (tcp_rcv_established, tcp_validate_incoming, tcp_rcv_state_process), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { HZ } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import {
  FLAG_ACK,
  FLAG_CWR,
  FLAG_ECE,
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  FLAG_URG,
  TCP_SIZE,
} from "../../wire/tcp.ts";
import { TcpOptions } from "../../wire/tcp-options.ts";
import { ACK_OLD, ACK_TOO_OLD, handleAck } from "./ack.ts";
import { FLAG_NO_CHALLENGE_ACK, FLAG_SLOWPATH, FLAG_UPDATE_TS_RECENT } from "./ack-flags.ts";
import { ackSndCheck, ackSndCheckNow, enterQuickackMode, eventDataReceived } from "./ack-policy.ts";
import { refreshMstamp } from "./clock.ts";
import {
  ACK_SCHED,
  MAX_QUICKACKS,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  TcpState,
  TIMEWAIT_LEN,
} from "./constants.ts";
import { queueData, queueRcv } from "./data-queue.ts";
import { establishPassive } from "./established.ts";
import { checkSpace, pushPendingFrames } from "./output.ts";
import { isOldAck, pawsDiscards, replaceTsRecent } from "./paws.ts";
import { setDsack } from "./receive-sack.ts";
import { measureReceiveRttByTimestamp } from "./rtt.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { forwardAlloc } from "./segment-memory.ts";
import { oowRateLimited, sendAck, sendChallengeAck } from "./send-ack.ts";
import { done, reset, setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { receiveWindow } from "./tcb-queries.ts";

/** Options of the segment that is handled now. */
export const rxOptions = new TcpOptions();

/** What the caller still has to do with the segment. */
export const InputResult = { TAKEN: 0, RESET: 1 } as const;

export type InputResult = (typeof InputResult)[keyof typeof InputResult];

/** Flags that header prediction looks at (`TCP_HP_BITS`). */
const PREDICTED = FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK | FLAG_URG | FLAG_ECE | FLAG_CWR;

/** Reads the options of a segment for a connection that may use timestamps. @hot */
function parseOptions(tp: Tcb, segment: Segment): void {
  const frame = segment.frame;
  if (frame === null) return;
  const start = segment.dataAt - segment.headerSize + TCP_SIZE;
  tp.sawTstamp = false;
  rxOptions.parse(
    frame.view,
    start,
    start + segment.headerSize - TCP_SIZE,
    (segment.flags & FLAG_SYN) !== 0,
  );
  if (!rxOptions.hasTimestamps || !tp.tstampOk) return;
  tp.sawTstamp = true;
  tp.rcvTsval = rxOptions.timestampValue;
  tp.rcvTsecr = rxOptions.timestampEcho === 0 ? 0 : (rxOptions.timestampEcho - tp.tsOffset) | 0;
}

/** A segment for an established connection (`tcp_rcv_established`). Takes it. @hot */
export function receiveEstablished(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  refreshMstamp(tp);
  parseOptions(tp, segment);
  const plain = (segment.flags & PREDICTED) === FLAG_ACK;
  if (plain && isPredicted(tp, segment)) {
    if (segment.length === 0) {
      // Pure ACK: only the sender's side is concerned.
      if (tp.sawTstamp) replaceTsRecent(tp, segment.seq);
      handleAck(tp, segment, rxOptions, 0);
      pool.consume(segment);
      dataSndCheck(tp);
      return;
    }
    // What is predicted is in the window, so it is not asked whether the buffer has room for it.
    if (segment.truesize <= forwardAlloc(tp)) receivePredictedData(tp, segment);
    else receiveValid(tp, segment, pool);
    return;
  }
  receiveSlowly(tp, segment, pool);
}

/** Whether the segment is the next one, without surprises (header prediction). @hot */
function isPredicted(tp: Tcb, segment: Segment): boolean {
  return (
    segment.seq === tp.rcvNxt &&
    !after(segment.ack, tp.sndNxt) &&
    !before(segment.ack, tp.sndUna) &&
    segment.window << tp.sndWscale === tp.sndWnd &&
    tp.rcvWnd > 0 &&
    tp.outOfOrder.empty &&
    rxOptions.sackCount === 0 &&
    tp.sawTstamp === tp.tstampOk &&
    (!tp.sawTstamp || ((tp.rcvTsval - tp.tsRecent) | 0) >= 0) &&
    (segment.length === 0 || segment.length <= receiveWindow(tp))
  );
}

/** Data that was expected. @hot */
function receivePredictedData(tp: Tcb, segment: Segment): void {
  if (tp.sawTstamp) replaceTsRecent(tp, segment.seq);
  if (tp.sawTstamp) measureReceiveRttByTimestamp(tp, segment);
  tp.dataSegsIn += 1;
  queueRcv(tp, segment);
  eventDataReceived(tp, segment);
  if (segment.ack !== tp.sndUna) {
    handleAck(tp, segment, rxOptions, 0);
    dataSndCheck(tp);
    if ((tp.ackPending & ACK_SCHED) === 0) {
      tp.wait.wake();
      return;
    }
  } else {
    tp.sndWl1 = segment.seq;
  }
  ackSndCheckNow(tp, false);
  tp.wait.wake();
}

function receiveSlowly(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  const { flags } = segment;
  if ((flags & (FLAG_ACK | FLAG_RST | FLAG_SYN)) === 0) {
    pool.drop(segment, DropReason.TCP_FLAGS);
    return;
  }
  if (validateIncoming(tp, segment, pool, true)) receiveValid(tp, segment, pool);
}

function receiveValid(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  const result = handleAck(tp, segment, rxOptions, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT);
  if (result < 0) {
    pool.drop(
      segment,
      result === ACK_TOO_OLD ? DropReason.TCP_TOO_OLD_ACK : DropReason.TCP_ACK_UNSENT_DATA,
    );
    return;
  }
  if (tp.sawTstamp) measureReceiveRttByTimestamp(tp, segment);
  if (segment.length > 0) tp.dataSegsIn += 1;
  queueData(tp, segment, pool);
  dataSndCheck(tp);
  ackSndCheck(tp);
}

/** Sends what the ACK made room for (`tcp_data_snd_check`). @hot */
export function dataSndCheck(tp: Tcb): void {
  pushPendingFrames(tp);
  checkSpace(tp);
}

/**
 * The checks of RFC 9293 §3.10.7.4 (first to fourth) with RFC 5961's changes. Takes and drops the
 * segment and returns false if it fails.
 */
function validateIncoming(
  tp: Tcb,
  segment: Segment,
  pool: SegmentPool,
  synError: boolean,
): boolean {
  const { flags } = segment;
  const rst = (flags & FLAG_RST) !== 0;
  if (tp.sawTstamp && pawsDiscards(tp, segment)) {
    if (!rst) {
      // Old ACKs are common on paths that reorder, and are not answered.
      if (isOldAck(tp, segment)) {
        pool.drop(segment, DropReason.TCP_RFC7323_PAWS_ACK);
        return false;
      }
      if ((segment.flags & FLAG_SYN) !== 0) sendChallengeAck(tp);
      else sendDupack(tp, segment);
      pool.drop(segment, DropReason.TCP_RFC7323_PAWS);
      return false;
    }
    // A RST is accepted even if its timestamp is old.
  }
  const bad = sequenceError(tp, segment);
  if (bad !== null) {
    if (rst) {
      if (resetMatches(tp, segment)) {
        reset(tp);
        pool.drop(segment, DropReason.TCP_RESET);
        return false;
      }
    } else if ((flags & FLAG_SYN) !== 0) {
      sendChallengeAck(tp);
    } else {
      sendDupack(tp, segment);
    }
    pool.drop(segment, bad);
    return false;
  }
  if (rst) {
    receiveRst(tp, segment);
    pool.drop(segment, DropReason.TCP_RESET);
    return false;
  }
  if ((flags & FLAG_SYN) !== 0 && synError) {
    // RFC 5961 §4.2, except the ACK of a simultaneous open that crosses our SYN-ACK.
    if (!(tp.state === TcpState.SYN_RECV && (flags & FLAG_ACK) !== 0)) {
      sendChallengeAck(tp);
      pool.drop(segment, DropReason.TCP_INVALID_SYN);
      return false;
    }
  }
  return true;
}

/** RFC 5961 §3.2: RST at exactly `rcvNxt`, or at the edge of a SACKed block, is believed. */
function receiveRst(tp: Tcb, segment: Segment): void {
  if (segment.seq === tp.rcvNxt || resetMatches(tp, segment)) {
    reset(tp);
    return;
  }
  if (tp.sackOk !== 0 && tp.numSacks > 0) {
    let max = tp.selectiveAcks[1] ?? 0;
    for (let index = 1; index < tp.numSacks; index += 1) {
      const end = tp.selectiveAcks[2 * index + 1] ?? 0;
      if (after(end, max)) max = end;
    }
    if (segment.seq === max) {
      reset(tp);
      return;
    }
  }
  sendChallengeAck(tp);
}

/** RST right behind the peer's FIN (`tcp_reset_check`). */
function resetMatches(tp: Tcb, segment: Segment): boolean {
  return (
    segment.seq === ((tp.rcvNxt - 1) | 0) &&
    (tp.state === TcpState.CLOSE_WAIT ||
      tp.state === TcpState.LAST_ACK ||
      tp.state === TcpState.CLOSING)
  );
}

/** Why the segment lies outside the window, or null (`tcp_sequence`). */
function sequenceError(tp: Tcb, segment: Segment): DropReason | null {
  if (before(segment.endSeq, tp.rcvWup)) return DropReason.TCP_OLD_SEQUENCE;
  const limit = (tp.rcvNxt + receiveWindow(tp)) | 0;
  if (!after(segment.endSeq, limit)) return null;
  const fin = (segment.flags & FLAG_FIN) !== 0 ? 1 : 0;
  if (!after((segment.endSeq - fin) | 0, limit)) return null;
  if (after(segment.seq, limit)) return DropReason.TCP_INVALID_SEQUENCE;
  return tp.receiveQueue.empty ? null : DropReason.TCP_INVALID_SEQUENCE;
}

/** Answers an unacceptable segment, with D-SACK if it carried data (`tcp_send_dupack`). */
function sendDupack(tp: Tcb, segment: Segment): void {
  if (segment.seq === segment.endSeq && oowRateLimited(tp)) return;
  if (segment.seq !== segment.endSeq && before(segment.seq, tp.rcvNxt)) {
    enterQuickackMode(tp, MAX_QUICKACKS);
    if (tp.sackOk !== 0 && tp.env.sysctls.tcpDsack !== 0) {
      const end = after(segment.endSeq, tp.rcvNxt) ? tp.rcvNxt : segment.endSeq;
      setDsack(tp, segment.seq, end);
    }
  }
  sendAck(tp);
}

/**
 * A segment for a connection in any other state (`tcp_rcv_state_process`). Takes the segment,
 * except with result RESET: then the caller answers it with RST and drops it.
 */
export function receiveInState(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult {
  refreshMstamp(tp);
  parseOptions(tp, segment);
  if ((segment.flags & (FLAG_ACK | FLAG_RST | FLAG_SYN)) === 0) {
    pool.drop(segment, DropReason.TCP_FLAGS);
    return InputResult.TAKEN;
  }
  if (!validateIncoming(tp, segment, pool, true)) return InputResult.TAKEN;
  const result = handleAck(
    tp,
    segment,
    rxOptions,
    FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK,
  );
  if (result <= ACK_OLD) {
    // RFC 5961 §5.2 for synchronised states; a handshake's wrong ACK is answered with RST.
    if (tp.state === TcpState.SYN_RECV) return InputResult.RESET;
    if (result < 0) {
      sendChallengeAck(tp);
      pool.drop(segment, DropReason.TCP_OLD_ACK);
      return InputResult.TAKEN;
    }
  }
  const verdict = ackInState(tp, segment, pool);
  return verdict === null ? dataInState(tp, segment, pool) : verdict;
}

/** What the ACK means in each state; null to go on with the segment's data. */
function ackInState(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult | null {
  switch (tp.state) {
    case TcpState.SYN_RECV:
      establishPassive(tp, segment);
      if ((tp.shutdown & SEND_SHUTDOWN) !== 0) tp.owner.shutdownSend(tp);
      return null;
    case TcpState.FIN_WAIT1:
      return tp.sndUna === tp.writeSeq ? finAcked(tp, segment, pool) : null;
    case TcpState.CLOSING:
      if (tp.sndUna !== tp.writeSeq) return null;
      tp.owner.enterTimeWait(tp, TcpState.TIME_WAIT, 0);
      pool.consume(segment);
      return InputResult.TAKEN;
    case TcpState.LAST_ACK:
      if (tp.sndUna !== tp.writeSeq) return null;
      done(tp);
      pool.consume(segment);
      return InputResult.TAKEN;
    default:
      return null;
  }
}

/** Our FIN is acknowledged: FIN_WAIT2. */
function finAcked(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult | null {
  setState(tp, TcpState.FIN_WAIT2);
  tp.shutdown |= SEND_SHUTDOWN;
  if (!tp.dead) {
    tp.wait.wake();
    return null;
  }
  if (tp.linger2 < 0 || bringsNewData(tp, segment)) {
    // Nobody is there to read, nor to wait.
    done(tp);
    return InputResult.RESET;
  }
  const timeout = finTime(tp);
  if (timeout > TIMEWAIT_LEN) {
    tp.keepaliveTimer.armJiffies(timeout - TIMEWAIT_LEN);
  } else if ((segment.flags & FLAG_FIN) !== 0 || tp.owned) {
    tp.keepaliveTimer.armJiffies(timeout);
  } else {
    tp.owner.enterTimeWait(tp, TcpState.FIN_WAIT2, timeout);
    pool.consume(segment);
    return InputResult.TAKEN;
  }
  return null;
}

/** How long FIN_WAIT2 lasts, in jiffies (`tcp_fin_time`). */
export function finTime(tp: Tcb): number {
  const wanted = tp.linger2 > 0 ? tp.linger2 * HZ : tp.env.sysctls.tcpFinTimeout * HZ;
  return Math.max(wanted, (tp.rto << 2) - (tp.rto >> 1));
}

/** Payload and FIN in each state. */
function dataInState(tp: Tcb, segment: Segment, pool: SegmentPool): InputResult {
  const closing =
    tp.state === TcpState.CLOSE_WAIT ||
    tp.state === TcpState.CLOSING ||
    tp.state === TcpState.LAST_ACK;
  if (closing && !before(segment.seq, tp.rcvNxt)) {
    // Nothing may follow a FIN; but an old one that is sent again gets its ACK below.
    pool.consume(segment);
  } else {
    const half = tp.state === TcpState.FIN_WAIT1 || tp.state === TcpState.FIN_WAIT2;
    if ((half || closing) && (tp.shutdown & RCV_SHUTDOWN) !== 0 && bringsNewData(tp, segment)) {
      reset(tp);
      return InputResult.RESET;
    }
    queueData(tp, segment, pool);
  }
  if (tp.state !== TcpState.CLOSE && tp.state !== TcpState.TIME_WAIT) {
    dataSndCheck(tp);
    ackSndCheck(tp);
  }
  return InputResult.TAKEN;
}

function bringsNewData(tp: Tcb, segment: Segment): boolean {
  const fin = (segment.flags & FLAG_FIN) !== 0 ? 1 : 0;
  return segment.endSeq !== segment.seq && after((segment.endSeq - fin) | 0, tp.rcvNxt);
}

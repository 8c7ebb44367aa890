/**
 * The checks that a segment has to pass before its ACK and data are looked at.
 *
 * Spec: RFC 9293 §3.10.7.4 (first to fourth), RFC 5961 §3.2, §4.2. Kernel: net/ipv4/tcp_input.c
 * (tcp_validate_incoming), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_RST, FLAG_SYN } from "../../wire/tcp.ts";
import { enterQuickackMode } from "./ack-policy.ts";
import { MAX_QUICKACKS, TcpState } from "./constants.ts";
import { isOldAck, pawsDiscards } from "./paws.ts";
import { setDsack } from "./receive-sack.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { oowRateLimited, sendAck, sendChallengeAck } from "./send-ack.ts";
import { reset } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { receiveWindow } from "./tcb-queries.ts";

/**
 * The checks of RFC 9293 §3.10.7.4 (first to fourth) with RFC 5961's changes. Takes and drops the
 * segment and returns false if it fails.
 */
export function validateIncoming(tp: Tcb, segment: Segment, pool: SegmentPool): boolean {
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
  if ((flags & FLAG_SYN) !== 0) {
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

/**
 * Input of a connection that is not, or no longer, established: the handshake's last ACK and the
 * states of closing.
 *
 * Spec: RFC 9293 §3.10.7.4 (fifth to eighth). Kernel: net/ipv4/tcp_input.c
 * (tcp_rcv_state_process), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { HZ } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_RST, FLAG_SYN } from "../../wire/tcp.ts";
import { ACK_OLD, handleAck } from "./ack.ts";
import { FLAG_NO_CHALLENGE_ACK, FLAG_SLOWPATH, FLAG_UPDATE_TS_RECENT } from "./ack-flags.ts";
import { ackSndCheck } from "./ack-policy.ts";
import { refreshMstamp } from "./clock.ts";
import { RCV_SHUTDOWN, SEND_SHUTDOWN, TcpState, TIMEWAIT_LEN } from "./constants.ts";
import { queueData } from "./data-queue.ts";
import { establishPassive } from "./established.ts";
import { dataSndCheck } from "./output.ts";
import { parseOptions, rxOptions } from "./rx-options.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { sendChallengeAck } from "./send-ack.ts";
import { done, reset, setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { validateIncoming } from "./validate-incoming.ts";

/** What the caller still has to do with the segment. */
export const InputResult = { TAKEN: 0, RESET: 1 } as const;
export type InputResult = (typeof InputResult)[keyof typeof InputResult];

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
  if (!validateIncoming(tp, segment, pool)) return InputResult.TAKEN;
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

/**
 * What happens when a connection's timers fire: retransmission, loss probe, reorder timeout,
 * window probe, delayed ACK, keepalive.
 *
 * Spec: RFC 6298 §5, RFC 9293 §3.8. Kernel: net/ipv4/tcp_timer.c, 6.18.
 */

import { ETIMEDOUT } from "../../base/errno.ts";
import { HZ, msToJiffies } from "../../sim/jiffies.ts";
import { before } from "../../wire/sequence.ts";
import { FLAG_PSH } from "../../wire/tcp.ts";
import { clampProbe0 } from "./ack.ts";
import { jiffies, refreshMstamp, resetXmitTimer, timestampMs } from "./clock.ts";
import {
  ACK_SCHED,
  ACK_TIMER,
  ATO_MIN,
  CaState,
  PENDING_LOSS_PROBE,
  PENDING_PROBE0,
  PENDING_REO_TIMEOUT,
  PENDING_RETRANS,
  RESOURCE_PROBE_INTERVAL,
  RTO_MIN,
  TcpState,
  TIMEOUT_INIT,
  TIMEWAIT_LEN,
} from "./constants.ts";
import { finTime } from "./input.ts";
import { rearmRto } from "./loss-probe.ts";
import { currentMss } from "./mss.ts";
import { eventNewDataSent, probe0When } from "./output.ts";
import { fragment, setTsoSegs } from "./queue.ts";
import { rackDetectOnTimeout } from "./rack.ts";
import { flushCompressed } from "./receive-sack.ts";
import { enterLoss, enterRecovery, reduceCwnd } from "./recovery.ts";
import { retransmitSkb, sendLossProbe, xmitRetransmitQueue } from "./retransmit.ts";
import { armDelack, sendAck, sendActiveReset, sendProbe } from "./send-ack.ts";
import { done, doneWithError } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { inPingpongMode, packetsInFlight, windowEnd } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";

/** The write timer fired (`tcp_write_timer_handler`). */
export function onWriteTimer(tp: Tcb): void {
  if (tp.state === TcpState.CLOSE || tp.state === TcpState.LISTEN || tp.pending === 0) return;
  const left = tp.timeout - jiffies(tp);
  if (left > 0) {
    tp.writeTimer.armJiffies(left);
    return;
  }
  refreshMstamp(tp);
  const event = tp.pending;
  switch (event) {
    case PENDING_REO_TIMEOUT:
      onReorderTimeout(tp);
      break;
    case PENDING_LOSS_PROBE:
      sendLossProbe(tp);
      break;
    case PENDING_RETRANS:
      tp.pending = 0;
      onRetransmitTimer(tp);
      break;
    case PENDING_PROBE0:
      tp.pending = 0;
      onProbeTimer(tp);
      break;
    default:
      break;
  }
}

/** Reordered segments were waited for long enough (`tcp_rack_reo_timeout`). */
function onReorderTimeout(tp: Tcb): void {
  const inFlight = packetsInFlight(tp);
  const lost = tp.lost;
  rackDetectOnTimeout(tp);
  if (inFlight !== packetsInFlight(tp)) {
    if (tp.caState !== CaState.RECOVERY) {
      enterRecovery(tp, false);
      reduceCwnd(tp, 1, tp.lost - lost, false);
    }
    xmitRetransmitQueue(tp);
  }
  if (tp.pending !== PENDING_RETRANS) rearmRto(tp);
}

/** RTO (`tcp_retransmit_timer`). */
function onRetransmitTimer(tp: Tcb): void {
  const head = tp.rtxQueue.head;
  if (tp.packetsOut === 0 || head === null) return;
  const handshake = tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV;
  if (tp.sndWnd === 0 && !tp.dead && !handshake) {
    // The window was closed over data in flight: the retransmission is a window probe.
    if (probeTimedOut(tp)) {
      writeError(tp);
      return;
    }
    enterLoss(tp);
    retransmitSkb(tp, head, 1);
  } else {
    if (writeTimeout(tp)) return;
    enterLoss(tp);
    tp.retransmits = Math.min(tp.retransmits + 1, 255);
    const first = tp.rtxQueue.head;
    if (first !== null && !retransmitSkb(tp, first, 1) && tp.route === null) {
      resetXmitTimer(tp, PENDING_RETRANS, RESOURCE_PROBE_INTERVAL);
      return;
    }
  }
  backOff(tp);
  resetXmitTimer(tp, PENDING_RETRANS, clampToUserTimeout(tp));
}

function backOff(tp: Tcb): void {
  const { sysctls } = tp.env;
  const thin = tp.packetsOut < 4 && tp.caState !== CaState.OPEN;
  if (
    tp.state === TcpState.ESTABLISHED &&
    sysctls.tcpThinLinearTimeouts !== 0 &&
    thin &&
    tp.retransmits <= 6
  ) {
    tp.backoff = 0;
    return;
  }
  if (tp.state === TcpState.SYN_SENT && tp.retransmits <= sysctls.tcpSynLinearTimeouts) return;
  tp.backoff += 1;
  tp.rto = Math.min(tp.rto * 2, tp.rtoMax);
}

/** Whether a peer with a closed window has been silent for too long. */
function probeTimedOut(tp: Tcb): boolean {
  if (tp.userTimeoutMs > 0) {
    const elapsed = (timestampMs(tp) - tp.retransStamp) | 0;
    if (tp.retransStamp !== 0 && elapsed > tp.userTimeoutMs) return true;
  }
  const silence = jiffies(tp) - tp.rcvTstamp;
  const limit = 2 * tp.rtoMax;
  return silence > limit && msToJiffies((timestampMs(tp) - tp.retransStamp) | 0) > limit;
}

/** Gives up if it has been tried for long enough (`tcp_write_timeout`). */
function writeTimeout(tp: Tcb): boolean {
  const { sysctls } = tp.env;
  let expired = false;
  let retries: number;
  if (tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV) {
    retries = tp.synRetries > 0 ? tp.synRetries : sysctls.tcpSynRetries;
    const linear = tp.state === TcpState.SYN_SENT ? sysctls.tcpSynLinearTimeouts : 0;
    expired = tp.retransmits >= retries + linear;
  } else {
    retries = sysctls.tcpRetries2;
    if (tp.dead) {
      const alive = tp.rto < tp.rtoMax;
      retries = orphanRetries(tp, alive);
    }
  }
  if (!expired) expired = retransmitsTimedOut(tp, retries, tp.userTimeoutMs);
  if (expired) writeError(tp);
  return expired;
}

/** Retries of a socket that no program holds. */
function orphanRetries(tp: Tcb, alive: boolean): number {
  const retries = tp.env.sysctls.tcpOrphanRetries;
  if (tp.errSoft !== 0 && !alive) return 0;
  return retries === 0 && alive ? 8 : retries;
}

/** Whether `boundary` retransmissions with back-off would have taken as long as has passed. */
function retransmitsTimedOut(tp: Tcb, boundary: number, userTimeoutMs: number): boolean {
  if (tp.retransmits === 0) return false;
  let timeout = userTimeoutMs;
  if (timeout === 0) {
    const handshake = tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV;
    timeout = modelTimeoutMs(boundary, handshake ? TIMEOUT_INIT : RTO_MIN, tp.rtoMax);
  }
  return ((timestampMs(tp) - tp.retransStamp) | 0) - timeout >= 0;
}

function modelTimeoutMs(boundary: number, base: number, max: number): number {
  const linear = 31 - Math.clz32(max / base);
  const count =
    boundary <= linear
      ? (2 ** (boundary + 1) - 1) * base
      : (2 ** (linear + 1) - 1) * base + (boundary - linear) * max;
  return (count * 1000) / HZ;
}

function clampToUserTimeout(tp: Tcb): number {
  if (tp.userTimeoutMs === 0) return tp.rto;
  const left = tp.userTimeoutMs - ((timestampMs(tp) - tp.retransStamp) | 0);
  return left <= 0 ? 1 : Math.min(tp.rto, msToJiffies(left));
}

/** The connection is given up (`tcp_write_err`). */
function writeError(tp: Tcb): void {
  doneWithError(tp, tp.errSoft !== 0 ? tp.errSoft : ETIMEDOUT);
}

/** The window is still closed: probe it (`tcp_probe_timer`). */
function onProbeTimer(tp: Tcb): void {
  if (tp.packetsOut > 0 || tp.writeQueue.empty) {
    tp.probesOut = 0;
    tp.probesStamp = 0;
    return;
  }
  if (tp.probesStamp === 0) tp.probesStamp = jiffies(tp);
  else if (tp.userTimeoutMs > 0 && jiffies(tp) - tp.probesStamp >= msToJiffies(tp.userTimeoutMs)) {
    writeError(tp);
    return;
  }
  let max = tp.env.sysctls.tcpRetries2;
  if (tp.dead) {
    const alive = tp.rto * 2 ** tp.backoff < tp.rtoMax;
    max = orphanRetries(tp, alive);
    if (!alive && tp.backoff >= max) {
      writeError(tp);
      return;
    }
  }
  if (tp.probesOut >= max) writeError(tp);
  else sendProbe0(tp);
}

/** Sends a window probe and arms the next. */
function sendProbe0(tp: Tcb): void {
  const sent = writeWakeup(tp);
  if (tp.packetsOut > 0 || tp.writeQueue.empty) {
    tp.probesOut = 0;
    tp.backoff = 0;
    tp.probesStamp = 0;
    return;
  }
  tp.probesOut += 1;
  let timeout = RESOURCE_PROBE_INTERVAL;
  if (sent) {
    if (tp.backoff < tp.env.sysctls.tcpRetries2) tp.backoff += 1;
    timeout = probe0When(tp, tp.rtoMax);
  }
  resetXmitTimer(tp, PENDING_PROBE0, clampProbe0(tp, timeout));
}

/** Data if the window takes some, else an empty segment that must be answered. */
function writeWakeup(tp: Tcb): boolean {
  const skb = tp.writeQueue.head;
  if (skb === null || !before(skb.seq, windowEnd(tp))) {
    sendProbe(tp);
    return true;
  }
  const mss = currentMss(tp);
  const room = (windowEnd(tp) - skb.seq) | 0;
  if (before(tp.pushedSeq, skb.endSeq)) tp.pushedSeq = skb.endSeq;
  if (room < ((skb.endSeq - skb.seq) | 0) || skb.length > mss) {
    skb.flags |= FLAG_PSH;
    fragment(tp, tp.writeQueue, skb, Math.min(room, mss), mss);
  } else {
    setTsoSegs(skb, mss);
  }
  skb.flags |= FLAG_PSH;
  if (!transmitSkb(tp, skb, skb.flags, skb.seq, tp.rcvNxt)) return false;
  eventNewDataSent(tp, skb);
  return true;
}

/** The delayed ACK is due (`tcp_delack_timer_handler`). */
export function onDelackTimer(tp: Tcb): void {
  if (tp.state === TcpState.CLOSE || tp.state === TcpState.LISTEN) return;
  if (tp.compressedAck > 0) {
    refreshMstamp(tp);
    flushCompressed(tp);
    sendAck(tp);
    return;
  }
  if ((tp.ackPending & ACK_TIMER) === 0) return;
  if (tp.ackTimeout > jiffies(tp)) {
    armDelack(tp, tp.ackTimeout);
    return;
  }
  tp.ackPending &= ~ACK_TIMER;
  if ((tp.ackPending & ACK_SCHED) === 0) return;
  if (inPingpongMode(tp)) {
    // No data came to carry it: the exchange is less interactive than it seemed.
    tp.ackPingpong = 0;
    tp.ackAto = ATO_MIN;
  } else {
    tp.ackAto = Math.min(tp.ackAto << 1, tp.rto);
  }
  refreshMstamp(tp);
  sendAck(tp);
}

/** ACK compression ends. */
export function onCompressedAckTimer(tp: Tcb): void {
  if (tp.compressedAck === 0) return;
  refreshMstamp(tp);
  tp.compressedAck = 0;
  sendAck(tp);
}

/** Jiffies of silence before the first keepalive probe. */
export function keepaliveTime(tp: Tcb): number {
  return tp.keepaliveTime > 0 ? tp.keepaliveTime : tp.env.sysctls.tcpKeepaliveTime * HZ;
}

/** Arms the keepalive timer afresh. */
export function startKeepalive(tp: Tcb): void {
  tp.keepaliveTimer.armJiffies(keepaliveTime(tp));
}

/** The keepalive timer, which also ends FIN_WAIT2 (`tcp_keepalive_timer`). */
export function onKeepaliveTimer(tp: Tcb): void {
  if (tp.state === TcpState.LISTEN) return;
  refreshMstamp(tp);
  if (tp.state === TcpState.FIN_WAIT2 && tp.dead) {
    if (tp.linger2 >= 0) {
      const left = finTime(tp) - TIMEWAIT_LEN;
      if (left > 0) {
        tp.owner.enterTimeWait(tp, TcpState.FIN_WAIT2, left);
        return;
      }
    }
    sendActiveReset(tp);
    done(tp);
    return;
  }
  if (!tp.keepopen || tp.state === TcpState.CLOSE || tp.state === TcpState.SYN_SENT) return;
  let elapsed = keepaliveTime(tp);
  if (tp.packetsOut === 0 && tp.writeQueue.empty) {
    const idle = Math.min(jiffies(tp) - tp.lrcvtime, jiffies(tp) - tp.rcvTstamp);
    if (idle >= keepaliveTime(tp)) {
      const probes =
        tp.keepaliveProbes > 0 ? tp.keepaliveProbes : tp.env.sysctls.tcpKeepaliveProbes;
      const timedOut =
        tp.userTimeoutMs > 0
          ? idle >= msToJiffies(tp.userTimeoutMs) && tp.probesOut > 0
          : tp.probesOut >= probes;
      if (timedOut) {
        sendActiveReset(tp);
        writeError(tp);
        return;
      }
      sendProbe(tp);
      tp.probesOut += 1;
      elapsed = tp.keepaliveIntvl > 0 ? tp.keepaliveIntvl : tp.env.sysctls.tcpKeepaliveIntvl * HZ;
    } else {
      elapsed = keepaliveTime(tp) - idle;
    }
  }
  tp.keepaliveTimer.armJiffies(elapsed);
}

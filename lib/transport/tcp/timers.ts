/**
 * What happens when a connection's timers fire: retransmission, loss probe, reorder timeout,
 * window probe, delayed ACK, keepalive.
 *
 * Spec: RFC 6298 §5, RFC 9293 §3.8. Kernel: net/ipv4/tcp_timer.c, 6.18.
 */
import { msToJiffies, usToJiffies } from "../../sim/jiffies.ts";
import { jiffies, refreshMstamp, resetXmitTimer, timestampMs, usBetween } from "./clock.ts";
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
  TcpState,
  TIMEOUT_INIT,
} from "./constants.ts";
import { reduceCwnd } from "./cwnd-reduction.ts";
import { probeTimedOut, writeError, writeTimeout } from "./give-up.ts";
import { rearmRto } from "./loss-probe.ts";
import { rackDetectOnTimeout } from "./rack.ts";
import { flushCompressed } from "./receive-sack.ts";
import { enterLoss, enterRecovery } from "./recovery.ts";
import { retransmitSkb, sendLossProbe, xmitRetransmitQueue } from "./retransmit.ts";
import { setRto } from "./rtt.ts";
import { armDelack, sendAck } from "./send-ack.ts";
import type { Tcb } from "./tcb.ts";
import { inPingpongMode, packetsInFlight } from "./tcb-queries.ts";
import { onProbeTimer } from "./window-probe.ts";

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
    tp.lineRefused = false;
    if (first !== null && !retransmitSkb(tp, first, 1) && tp.lineRefused) {
      resetXmitTimer(tp, PENDING_RETRANS, RESOURCE_PROBE_INTERVAL);
      return;
    }
  }
  backOff(tp);
  resetXmitTimer(tp, PENDING_RETRANS, clampToUserTimeout(tp));
}

/**
 * RFC 6069: a router that cannot reach the peer answered the retransmission of `seq`, so the path
 * was not congested and the last doubling of the RTO is taken back (`tcp_ld_RTO_revert`).
 */
export function revertBackoff(tp: Tcb, seq: number): void {
  const head = tp.rtxQueue.head;
  if (tp.owned || seq !== tp.sndUna || tp.retransmits === 0 || tp.backoff === 0) return;
  if (head === null) return;
  tp.backoff -= 1;
  if (tp.srttUs > 0) setRto(tp);
  else tp.rto = TIMEOUT_INIT;
  tp.rto = Math.min(tp.rto * 2 ** tp.backoff, tp.rtoMax);
  refreshMstamp(tp);
  const remaining = tp.rto - usToJiffies(usBetween(head.sentAt, tp.mstamp));
  if (remaining > 0) resetXmitTimer(tp, PENDING_RETRANS, remaining);
  else onRetransmitTimer(tp);
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

function clampToUserTimeout(tp: Tcb): number {
  if (tp.userTimeoutMs === 0) return tp.rto;
  const left = tp.userTimeoutMs - ((timestampMs(tp) - tp.retransStamp) | 0);
  return left <= 0 ? 1 : Math.min(tp.rto, msToJiffies(left));
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
  if ((tp.ack.pending & ACK_TIMER) === 0) return;
  if (tp.ack.timeout > jiffies(tp)) {
    armDelack(tp, tp.ack.timeout);
    return;
  }
  tp.ack.pending &= ~ACK_TIMER;
  if ((tp.ack.pending & ACK_SCHED) === 0) return;
  if (inPingpongMode(tp)) {
    // No data came to carry it: the exchange is less interactive than it seemed.
    tp.ack.pingpong = 0;
    tp.ack.ato = ATO_MIN;
  } else {
    tp.ack.ato = Math.min(tp.ack.ato << 1, tp.rto);
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

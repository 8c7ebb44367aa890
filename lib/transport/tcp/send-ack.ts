/**
 * Sending ACKs and other segments without data: at once, later, or as a challenge.
 *
 * Spec: RFC 1122 §4.2.3.2, RFC 5961 §7. Kernel: net/ipv4/tcp_output.c (tcp_send_ack,
 * tcp_send_delayed_ack, tcp_send_active_reset, tcp_xmit_probe_skb), 6.18.
 */

import { usToJiffies } from "../../sim/jiffies.ts";
import { before } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_RST } from "../../wire/tcp.ts";
import { jiffies, refreshMstamp } from "./clock.ts";
import { ACK_PUSHED, ACK_SCHED, ACK_TIMER, DELACK_MAX, DELACK_MIN, TcpState } from "./constants.ts";
import { isTooSoon } from "./oow-rate-limit.ts";
import { rtoMinUs } from "./rtt.ts";
import type { Tcb } from "./tcb.ts";
import { inPingpongMode, windowEnd } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";

/** Sequence number of a segment without data: never beyond the peer's window. @hot */
function acceptableSeq(tp: Tcb): number {
  const end = windowEnd(tp);
  if (!before(end, tp.sndNxt)) return tp.sndNxt;
  // A window that shrank by less than its scale is not worth going back for.
  if (tp.wscaleOk && (tp.sndNxt - end) >>> 0 < 1 << tp.rcvWscale) return tp.sndNxt;
  return end;
}

/** Sends an ACK now. @hot */
export function sendAck(tp: Tcb): void {
  sendAckFor(tp, tp.rcvNxt);
}

/** Sends an ACK for data up to `rcvNxt` (`__tcp_send_ack`). @hot */
function sendAckFor(tp: Tcb, rcvNxt: number): void {
  if (tp.state === TcpState.CLOSE) return;
  transmitSkb(tp, null, FLAG_ACK, acceptableSeq(tp), rcvNxt);
}

/** Arms the delayed ACK timer, or sends at once if it is about to fire. @hot */
export function sendDelayedAck(tp: Tcb): void {
  let ato = tp.ack.ato;
  if (ato > DELACK_MIN) {
    let max = 125;
    if (inPingpongMode(tp) || (tp.ack.pending & ACK_PUSHED) !== 0) max = DELACK_MAX;
    if (tp.srttUs > 0) max = Math.min(max, Math.max(usToJiffies(tp.srttUs >> 3), DELACK_MIN));
    ato = Math.min(ato, max);
  }
  ato = Math.min(ato, DELACK_MAX, Math.max(usToJiffies(rtoMinUs(tp)), 2) - 1);
  const now = jiffies(tp);
  let timeout = now + ato;
  if ((tp.ack.pending & ACK_TIMER) !== 0) {
    if (tp.ack.timeout <= now + (ato >> 2)) {
      sendAck(tp);
      return;
    }
    if (timeout >= tp.ack.timeout) timeout = tp.ack.timeout;
  }
  tp.ack.pending |= ACK_SCHED | ACK_TIMER;
  armDelack(tp, timeout);
}

/** Arms the delayed ACK timer for absolute jiffies. */
export function armDelack(tp: Tcb, timeout: number): void {
  if (tp.delackTimer.armed && tp.ack.timeout === timeout) return;
  tp.ack.timeout = timeout;
  tp.delackTimer.armJiffies(timeout - jiffies(tp));
}

/** Sends a segment that makes the peer answer: an old sequence number without data. */
export function sendProbe(tp: Tcb): void {
  refreshMstamp(tp);
  transmitSkb(tp, null, FLAG_ACK, (tp.sndUna - 1) | 0, tp.rcvNxt);
}

/** Sends RST with ACK because the program gives the connection up. */
export function sendActiveReset(tp: Tcb): void {
  refreshMstamp(tp);
  transmitSkb(tp, null, FLAG_ACK | FLAG_RST, acceptableSeq(tp), tp.rcvNxt);
}

/**
 * Sends a challenge ACK, at most one each `tcp_invalid_ratelimit` for segments without data
 * (RFC 5961 §7). `outOfWindow` tells which limit applies.
 */
export function sendChallengeAck(tp: Tcb): void {
  if (oowRateLimited(tp)) return;
  sendAck(tp);
}

/** Whether an answer to an out-of-window segment was sent just now (`__tcp_oow_rate_limited`). */
export function oowRateLimited(tp: Tcb): boolean {
  const now = tp.env.cpu.now;
  if (isTooSoon(tp.lastOowAckTime, now, tp.env.sysctls.tcpInvalidRatelimit)) return true;
  tp.lastOowAckTime = Math.max(now, 1);
  return false;
}

/**
 * When a connection is given up: after how many retransmissions or probes, or how long a silence.
 *
 * Spec: RFC 9293 §3.8.3, RFC 1122 §4.2.3.5. Kernel: net/ipv4/tcp_timer.c (tcp_write_timeout,
 * tcp_retransmit_timer), 6.18.
 */
import { ETIMEDOUT } from "../../base/errno.ts";
import { HZ, msToJiffies } from "../../sim/jiffies.ts";
import { jiffies, timestampMs } from "./clock.ts";
import { RTO_MIN, TcpState, TIMEOUT_INIT } from "./constants.ts";
import { suspectBlackHole } from "./mtu-probe.ts";
import { doneWithError } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Gives up if it has been tried for long enough (`tcp_write_timeout`). */
export function writeTimeout(tp: Tcb): boolean {
  const { sysctls } = tp.env;
  let expired = false;
  let retries: number;
  if (tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV) {
    retries = tp.synRetries > 0 ? tp.synRetries : sysctls.tcpSynRetries;
    const linear = tp.state === TcpState.SYN_SENT ? sysctls.tcpSynLinearTimeouts : 0;
    expired = tp.retransmits >= retries + linear;
  } else {
    if (retransmitsTimedOut(tp, sysctls.tcpRetries1, 0)) suspectBlackHole(tp);
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

/** Whether a peer with a closed window has been silent for too long. */
export function probeTimedOut(tp: Tcb): boolean {
  if (tp.userTimeoutMs > 0) {
    const elapsed = (timestampMs(tp) - tp.retransStamp) | 0;
    if (tp.retransStamp !== 0 && elapsed > tp.userTimeoutMs) return true;
  }
  const silence = jiffies(tp) - tp.rcvTstamp;
  const limit = 2 * tp.rtoMax;
  return silence > limit && msToJiffies((timestampMs(tp) - tp.retransStamp) | 0) > limit;
}

/** Retries of a socket that no program holds. */
export function orphanRetries(tp: Tcb, alive: boolean): number {
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

/** The connection is given up (`tcp_write_err`). */
export function writeError(tp: Tcb): void {
  doneWithError(tp, tp.errSoft !== 0 ? tp.errSoft : ETIMEDOUT);
}

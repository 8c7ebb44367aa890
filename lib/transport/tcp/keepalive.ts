/**
 * The keepalive timer: probes of a peer that has long been silent, and the end of FIN_WAIT2.
 *
 * Spec: RFC 9293 §3.8.4. Kernel: net/ipv4/tcp_timer.c (tcp_keepalive_timer), 6.18.
 */
import { HZ, msToJiffies } from "../../sim/jiffies.ts";
import { jiffies, refreshMstamp } from "./clock.ts";
import { TcpState, TIMEWAIT_LEN } from "./constants.ts";
import { writeError } from "./give-up.ts";
import { finTime } from "./input-in-state.ts";
import { sendActiveReset, sendProbe } from "./send-ack.ts";
import { done } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Jiffies of silence before the first keepalive probe. */
function keepaliveTime(tp: Tcb): number {
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
  if (tp.state === TcpState.FIN_WAIT2 && tp.dead) endFinWait2(tp);
  else if (tp.keepopen && tp.state !== TcpState.CLOSE && tp.state !== TcpState.SYN_SENT) {
    keepAlive(tp);
  }
}

/** Nobody reads any more, and the peer's FIN has not come: a record goes on waiting, or nobody. */
function endFinWait2(tp: Tcb): void {
  const left = tp.linger2 >= 0 ? finTime(tp) - TIMEWAIT_LEN : 0;
  if (left > 0) {
    tp.owner.enterTimeWait(tp, TcpState.FIN_WAIT2, left);
    return;
  }
  sendActiveReset(tp);
  done(tp);
}

/** Asks a peer that has been silent for long, and gives up on one that does not answer. */
function keepAlive(tp: Tcb): void {
  const isIdle = tp.packetsOut === 0 && tp.writeQueue.empty;
  const silence = Math.min(jiffies(tp) - tp.ack.lrcvtime, jiffies(tp) - tp.rcvTstamp);
  const time = keepaliveTime(tp);
  if (!isIdle) {
    tp.keepaliveTimer.armJiffies(time);
  } else if (silence < time) {
    tp.keepaliveTimer.armJiffies(time - silence);
  } else if (hasTimedOut(tp, silence)) {
    sendActiveReset(tp);
    writeError(tp);
  } else {
    sendProbe(tp);
    tp.probesOut += 1;
    const { tcpKeepaliveIntvl } = tp.env.sysctls;
    tp.keepaliveTimer.armJiffies(
      tp.keepaliveIntvl > 0 ? tp.keepaliveIntvl : tcpKeepaliveIntvl * HZ,
    );
  }
}

/** By TCP_USER_TIMEOUT, or else by the number of probes that were not answered. */
function hasTimedOut(tp: Tcb, silence: number): boolean {
  if (tp.userTimeoutMs > 0) return silence >= msToJiffies(tp.userTimeoutMs) && tp.probesOut > 0;
  const most = tp.keepaliveProbes > 0 ? tp.keepaliveProbes : tp.env.sysctls.tcpKeepaliveProbes;
  return tp.probesOut >= most;
}

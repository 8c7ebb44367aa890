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
    const idle = Math.min(jiffies(tp) - tp.ack.lrcvtime, jiffies(tp) - tp.rcvTstamp);
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

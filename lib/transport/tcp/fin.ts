/**
 * The peer's FIN.
 *
 * Spec: RFC 9293 §3.10.7.4 (eighth). Kernel: net/ipv4/tcp_input.c (tcp_fin), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { enterPingpong } from "./ack-policy.ts";
import { ACK_SCHED, RCV_SHUTDOWN, TcpState } from "./constants.ts";
import type { SegmentPool } from "./segment.ts";
import { sendAck } from "./send-ack.ts";
import { setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** Handles a FIN that is in order. */
export function receiveFin(tp: Tcb, pool: SegmentPool): void {
  tp.ack.pending |= ACK_SCHED;
  tp.shutdown |= RCV_SHUTDOWN;
  tp.done = true;
  switch (tp.state) {
    case TcpState.SYN_RECV:
    case TcpState.ESTABLISHED:
      setState(tp, TcpState.CLOSE_WAIT);
      enterPingpong(tp);
      break;
    case TcpState.FIN_WAIT1:
      // Both sides closed at once: our FIN is still unacknowledged.
      sendAck(tp);
      setState(tp, TcpState.CLOSING);
      break;
    case TcpState.FIN_WAIT2:
      sendAck(tp);
      tp.owner.enterTimeWait(tp, TcpState.TIME_WAIT, 0);
      break;
    default:
      break;
  }
  for (let segment = tp.outOfOrder.shift(); segment !== null; segment = tp.outOfOrder.shift()) {
    tp.rmemAlloc -= segment.charged;
    pool.drop(segment, DropReason.TCP_OFO_DROP);
  }
  tp.numSacks = 0;
  if (!tp.dead) tp.wait.wake();
}

/**
 * Closing a connection: one side's end, the program's end, and ending it at once.
 *
 * Spec: RFC 9293 §3.10.4, §3.10.5. Kernel: net/ipv4/tcp.c (tcp_shutdown, __tcp_close,
 * tcp_disconnect), 6.18.
 */
import { ECONNRESET } from "../../base/errno.ts";
import { SHUTDOWN_MASK, TcpState, TIMEWAIT_LEN } from "./constants.ts";
import { finTime } from "./input-in-state.ts";
import { sendFin } from "./output.ts";
import { purgeOutOfOrder, purgeReceived } from "./recvmsg.ts";
import type { SegmentPool } from "./segment.ts";
import { sendActiveReset } from "./send-ack.ts";
import { releaseSock, type UserOwner } from "./sock-lock.ts";
import { done, setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** No more will be sent (`tcp_shutdown`). */
export function shutdownSend(tp: Tcb): void {
  const sending =
    tp.state === TcpState.ESTABLISHED ||
    tp.state === TcpState.SYN_SENT ||
    tp.state === TcpState.CLOSE_WAIT;
  if (sending && closeState(tp)) sendFin(tp);
}

/** The state after our side closes; true if a FIN is to be sent (`tcp_close_state`). */
function closeState(tp: Tcb): boolean {
  switch (tp.state) {
    case TcpState.ESTABLISHED:
    case TcpState.SYN_RECV:
      setState(tp, TcpState.FIN_WAIT1);
      return true;
    case TcpState.CLOSE_WAIT:
      setState(tp, TcpState.LAST_ACK);
      return true;
    case TcpState.SYN_SENT:
      setState(tp, TcpState.CLOSE);
      return false;
    default:
      return false;
  }
}

/**
 * The program closes a connection (`__tcp_close`, up to where SO_LINGER waits): the peer is told.
 * The socket is owned by the caller, who calls `orphan` afterwards.
 */
export function closeConnection(tp: Tcb, owner: UserOwner): void {
  const pool = owner.segments;
  tp.shutdown = SHUTDOWN_MASK;
  const unread = purgeReceived(tp, pool);
  if (tp.state !== TcpState.CLOSE) {
    if (unread) {
      // RFC 2525 §2.17: data that nobody read is a reason for RST.
      setState(tp, TcpState.CLOSE);
      sendActiveReset(tp);
    } else if (tp.linger && tp.lingerSeconds === 0) {
      disconnect(tp, pool);
    } else if (closeState(tp)) {
      sendFin(tp);
    }
  }
}

/** Nobody but the kernel holds the connection from here on. Releases the socket. */
export function orphan(tp: Tcb, owner: UserOwner): void {
  tp.dead = true;
  tp.owner.orphans += 1;
  releaseSock(tp, owner);
  if (tp.state === TcpState.FIN_WAIT2) closeInFinWait2(tp);
  purgeOutOfOrder(tp, owner.segments);
  if (tp.state === TcpState.CLOSE) done(tp);
}

function closeInFinWait2(tp: Tcb): void {
  if (tp.linger2 < 0) {
    setState(tp, TcpState.CLOSE);
    sendActiveReset(tp);
    return;
  }
  const timeout = finTime(tp);
  if (timeout > TIMEWAIT_LEN) tp.keepaliveTimer.armJiffies(timeout - TIMEWAIT_LEN);
  else tp.owner.enterTimeWait(tp, TcpState.FIN_WAIT2, timeout);
}

/** Ends a connection at once, with RST if the peer would wait for more (`tcp_disconnect`). */
export function disconnect(tp: Tcb, pool: SegmentPool): void {
  const before = tp.state;
  if (before !== TcpState.CLOSE) setState(tp, TcpState.CLOSE);
  if (needsReset(tp, before)) {
    sendActiveReset(tp);
    tp.err = ECONNRESET;
  } else if (before === TcpState.SYN_SENT) {
    tp.err = ECONNRESET;
  }
  purgeReceived(tp, pool);
  purgeOutOfOrder(tp, pool);
  done(tp);
}

function needsReset(tp: Tcb, state: TcpState): boolean {
  return (
    state === TcpState.ESTABLISHED ||
    state === TcpState.CLOSE_WAIT ||
    state === TcpState.FIN_WAIT1 ||
    state === TcpState.FIN_WAIT2 ||
    state === TcpState.SYN_RECV ||
    ((state === TcpState.CLOSING || state === TcpState.LAST_ACK) && tp.sndNxt !== tp.writeSeq)
  );
}

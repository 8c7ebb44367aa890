/**
 * Short questions about a connection's state that many files ask.
 *
 * Kernel: include/net/tcp.h, include/net/inet_connection_sock.h, 6.18.
 */

import { CaState, TcpState } from "./constants.ts";
import type { Tcb } from "./tcb.ts";

/** Segments that are thought to be in the network. @hot */
export function packetsInFlight(tp: Tcb): number {
  return tp.packetsOut - (tp.sackedOut + tp.lostOut) + tp.retransOut;
}

/** Segments that have left the network: SACKed or lost. */
export function leftOut(tp: Tcb): number {
  return tp.sackedOut + tp.lostOut;
}

/** Whether the window is still below ssthresh, so that it grows with each ACK. */
export function inSlowStart(tp: Tcb): boolean {
  return tp.sndCwnd < tp.sndSsthresh;
}

/** Whether the peer agreed to SACK. */
export function isSack(tp: Tcb): boolean {
  return tp.sackOk !== 0;
}

/** Last sequence number of the window that is offered now, as length from `rcvNxt`. @hot */
export function receiveWindow(tp: Tcb): number {
  const window = (tp.rcvWup + tp.rcvWnd - tp.rcvNxt) | 0;
  return window < 0 ? 0 : window;
}

/** End of the peer's window. @hot */
export function windowEnd(tp: Tcb): number {
  return (tp.sndUna + tp.sndWnd) | 0;
}

/** Space that a buffer of `space` bytes gives to payload. @hot */
export function winFromSpace(tp: Tcb, space: number): number {
  return Math.floor((space * tp.scalingRatio) / 256);
}

/** Buffer that payload of `win` bytes needs. */
export function spaceFromWin(tp: Tcb, win: number): number {
  return Math.floor((win * 256) / tp.scalingRatio);
}

/** Free space in the receive buffer, in payload bytes. @hot */
export function tcpSpace(tp: Tcb): number {
  return winFromSpace(tp, tp.rcvbuf - tp.backlogLength - tp.rmemAlloc);
}

/** The whole receive buffer, in payload bytes. @hot */
export function fullSpace(tp: Tcb): number {
  return winFromSpace(tp, tp.rcvbuf);
}

/** Whether the window is being reduced, so that ACKs must not raise it. */
export function inCwndReduction(tp: Tcb): boolean {
  return tp.caState === CaState.CWR || tp.caState === CaState.RECOVERY;
}

/** States in which a program may send data. */
export function canSend(tp: Tcb): boolean {
  return tp.state === TcpState.ESTABLISHED || tp.state === TcpState.CLOSE_WAIT;
}

/** Whether the handshake is under way. */
export function isConnecting(tp: Tcb): boolean {
  return tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV;
}

/** Whether ACKs are sent at once (`tcp_in_quickack_mode`). */
export function inQuickackMode(tp: Tcb): boolean {
  return tp.route?.quickack === true || (tp.ack.quick > 0 && !inPingpongMode(tp));
}

/** Whether the exchange looks interactive, so that ACKs wait for data to ride on. */
export function inPingpongMode(tp: Tcb): boolean {
  return tp.ack.pingpong >= tp.pingpongThresh;
}

/** Bytes that a program has written and that were not sent yet. */
function unsent(tp: Tcb): number {
  return (tp.writeSeq - tp.sndNxt) | 0;
}

/** Free room in the send buffer for POLLOUT. */
function sndWspace(tp: Tcb): number {
  return tp.sndbuf - tp.wmemQueued;
}

/** Whether a write may go on (`sk_stream_memory_free`). */
export function streamMemoryFree(tp: Tcb, wake: number): boolean {
  if (tp.wmemQueued >= tp.sndbuf) return false;
  const lowat = notsentLowat(tp);
  return lowat === 0xffffffff || unsent(tp) << wake < lowat;
}

/** Low-water mark of unsent bytes. */
function notsentLowat(tp: Tcb): number {
  return tp.notsentLowat !== 0 ? tp.notsentLowat : tp.env.sysctls.tcpNotsentLowat;
}

/** Whether poll says that the socket is writable (`__sk_stream_is_writeable`). */
export function isWriteable(tp: Tcb): boolean {
  return sndWspace(tp) >= tp.wmemQueued >> 1 && streamMemoryFree(tp, 1);
}

/**
 * How system calls on a connection fail: with the error that is pending, or with what its state does
 * not allow.
 *
 * Kernel: net/core/stream.c (sk_stream_error), net/ipv4/af_inet.c (__inet_stream_connect), 6.18.
 */
import { ECONNABORTED, EPIPE } from "../base/errno.ts";
import { SEND_SHUTDOWN, TcpState } from "../transport/tcp/constants.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { canSend, isConnecting } from "../transport/tcp/tcb-queries.ts";

/** The pending error as a positive errno, or 0; clears it (`sock_error`). */
export function takeHardError(tp: Tcb): number {
  const error = tp.err;
  tp.err = 0;
  return error;
}

/** What an active open has come to: 0 or a negative errno. */
export function connectResult(tp: Tcb): number {
  if (tp.state === TcpState.ESTABLISHED || tp.state === TcpState.CLOSE_WAIT) return 0;
  const error = takeHardError(tp);
  if (tp.state !== TcpState.CLOSE) return error === 0 ? 0 : -error;
  // The port is chosen afresh if the program tries again.
  if (!tp.boundPort) tp.localPort = 0;
  tp.localAddress = tp.boundAddress;
  return -(error !== 0 ? error : ECONNABORTED);
}

/** Why nothing can be written: a negative errno, or 0 if it can, now or later. */
export function sendError(tp: Tcb): number {
  const isShut = (tp.shutdown & SEND_SHUTDOWN) !== 0;
  if (tp.err !== 0) {
    const error = takeHardError(tp);
    return isShut && error === EPIPE ? -EPIPE : -error;
  }
  if (isShut) return -EPIPE;
  return canSend(tp) || isConnecting(tp) ? 0 : -EPIPE;
}

/**
 * What system calls on a connection wait for, and what `poll` says of it.
 *
 * Kernel: net/ipv4/tcp.c (tcp_recvmsg_locked, tcp_poll), net/core/stream.c (sk_stream_wait_close),
 * 6.18.
 */
import { EAGAIN, ENOTCONN } from "../base/errno.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { type Program, waitFor } from "../sim/process.ts";
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  TcpState,
} from "../transport/tcp/constants.ts";
import { MSG_DONTWAIT } from "../transport/tcp/msg-flags.ts";
import { readable } from "../transport/tcp/recvmsg.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { isConnecting, isWriteable } from "../transport/tcp/tcb-queries.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from "./poll.ts";
import { takeHardError } from "./tcp-errors.ts";

/** How a program wants to wait. */
export interface ReadPatience {
  /** O_NONBLOCK. */
  readonly nonBlocking: boolean;
  /** SO_RCVTIMEO. */
  readonly receiveTimeoutNs: Ns;
}

/**
 * Waits until `wanted` bytes can be read, or never will; 1 if any can, 0 for the end, or a negative
 * errno.
 */
export function* waitReadable(
  tp: Tcb,
  patience: ReadPatience,
  flags: number,
  wanted: number,
): Program<number> {
  if (tp.state === TcpState.LISTEN) return -ENOTCONN;
  const mayWait = !patience.nonBlocking && (flags & MSG_DONTWAIT) === 0;
  let woken = true;
  for (;;) {
    const bytes = readable(tp);
    if (bytes >= wanted) return 1;
    const isOver =
      tp.done || tp.err !== 0 || (tp.shutdown & RCV_SHUTDOWN) !== 0 || tp.state === TcpState.CLOSE;
    if (bytes > 0 && (isOver || !mayWait || !woken)) return 1;
    if (tp.done) return 0;
    if (tp.err !== 0) return -takeHardError(tp);
    if ((tp.shutdown & RCV_SHUTDOWN) !== 0) return 0;
    if (tp.state === TcpState.CLOSE) return -ENOTCONN;
    if (!mayWait || !woken) return -EAGAIN;
    woken = yield waitFor([tp.wait], patience.receiveTimeoutNs);
  }
}

/** Waits until the peer has acknowledged our FIN, for SO_LINGER's time. */
export function* waitClosed(tp: Tcb): Program {
  const { cpu } = tp.env;
  const deadline = cpu.now + tp.lingerSeconds * NS_PER_S;
  while (
    cpu.now < deadline &&
    (tp.state === TcpState.FIN_WAIT1 ||
      tp.state === TcpState.CLOSING ||
      tp.state === TcpState.LAST_ACK)
  ) {
    yield waitFor([tp.wait], deadline - cpu.now);
  }
}

/** Bits POLL… that hold now (`tcp_poll`). */
export function tcpReadiness(tp: Tcb): number {
  let bits = 0;
  if (tp.shutdown === SHUTDOWN_MASK || tp.state === TcpState.CLOSE) bits |= POLLHUP;
  if ((tp.shutdown & RCV_SHUTDOWN) !== 0) bits |= POLLIN | POLLRDHUP;
  if (!isConnecting(tp)) {
    if (readable(tp) >= tp.rcvlowat) bits |= POLLIN;
    if ((tp.shutdown & SEND_SHUTDOWN) !== 0 || isWriteable(tp)) bits |= POLLOUT;
    else tp.noSpace = true;
  }
  // The answer to a SYN that came while `connect` held the socket is told here.
  if (tp.err !== 0 || (tp.state === TcpState.SYN_SENT && tp.errSoft !== 0)) bits |= POLLERR;
  return bits;
}

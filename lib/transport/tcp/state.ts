/**
 * Changes of state that many parts make: done, reset, shut, woken.
 *
 * Spec: RFC 9293 §3.3.2. Kernel: net/ipv4/tcp.c (tcp_set_state, tcp_done),
 * net/ipv4/tcp_input.c (tcp_reset), 6.18.
 */
import { ECONNREFUSED, ECONNRESET, EPIPE } from "../../base/errno.ts";
import { clearXmitTimer } from "./clock.ts";
import { SHUTDOWN_MASK, TcpState } from "./constants.ts";
import { purgeWriteQueues } from "./queue.ts";
import type { Tcb } from "./tcb.ts";

/** Goes to another state; CLOSE leaves the tables of the stack. */
export function setState(tp: Tcb, state: TcpState): void {
  tp.state = state;
  if (state === TcpState.CLOSE) tp.owner.unhash(tp);
}

/** Stops all timers, which owe nothing any more. */
function stopTimers(tp: Tcb): void {
  clearXmitTimer(tp);
  tp.disposeTimers();
  tp.ack.pending = 0;
}

/** The connection is over (`tcp_done`). */
export function done(tp: Tcb): void {
  setState(tp, TcpState.CLOSE);
  stopTimers(tp);
  tp.shutdown = SHUTDOWN_MASK;
  if (tp.dead) tp.owner.destroy(tp);
  else tp.wait.wake();
}

/** Ends the connection with an error that the program sees (`tcp_done_with_error`). */
export function doneWithError(tp: Tcb, errno: number): void {
  tp.err = errno;
  purgeWriteQueues(tp);
  done(tp);
}

/** A valid RST has arrived (`tcp_reset`). */
export function reset(tp: Tcb): void {
  const errno =
    tp.state === TcpState.SYN_SENT
      ? ECONNREFUSED
      : tp.state === TcpState.CLOSE_WAIT
        ? EPIPE
        : tp.state === TcpState.CLOSE
          ? 0
          : ECONNRESET;
  if (errno !== 0) doneWithError(tp, errno);
}

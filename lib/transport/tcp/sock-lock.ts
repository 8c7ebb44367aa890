/**
 * The ownership of a socket by a system call: while one runs, segments wait in the backlog.
 * Functions that read, write and close are called between `lockSock` and `releaseSock`; nothing in
 * them blocks, sockets wait and call again.
 *
 * Kernel: net/core/sock.c (lock_sock, release_sock), 6.18.
 */
import { DEFERRED_ACK, DEFERRED_MTU } from "./ack-policy.ts";
import { reduceMtu } from "./icmp-error.ts";
import type { SegmentPool } from "./segment.ts";
import { sendAck } from "./send-ack.ts";
import type { Tcb } from "./tcb.ts";

/** What sockets need of the stack beside `TcbOwner`. */
export interface UserOwner {
  readonly segments: SegmentPool;
  /** Handles one segment of the backlog. */
  backlogReceive(tp: Tcb): void;
}

/** Begins a system call on the socket. */
export function lockSock(tp: Tcb): void {
  tp.owned = true;
}

/**
 * Ends it: segments that came meanwhile are handled now, and then what was put off. What that sends
 * is answered when the call has let go of the socket, not before (`release_sock`).
 */
export function releaseSock(tp: Tcb, owner: UserOwner): void {
  while (!tp.backlog.empty) owner.backlogReceive(tp);
  const { cpu } = tp.env;
  cpu.disable();
  if (tp.deferred !== 0) releaseCallback(tp);
  tp.owned = false;
  cpu.enable();
}

/** `tcp_release_cb`. */
function releaseCallback(tp: Tcb): void {
  if ((tp.deferred & DEFERRED_MTU) !== 0) {
    tp.deferred &= ~DEFERRED_MTU;
    reduceMtu(tp);
  }
  if ((tp.deferred & DEFERRED_ACK) !== 0) {
    tp.deferred &= ~DEFERRED_ACK;
    if ((tp.ack.pending & 1) !== 0) sendAck(tp);
  }
}

/**
 * What the userspace proxy costs its node: every byte of a Service leaves the kernel's packet path,
 * wakes a program, and goes back by system calls.
 */

/** Counts of one kube-proxy since its start. */
export class RelayCounters {
  /** Clients: TCP connections that were accepted, UDP clients that got a socket. */
  clients = 0;
  /** Second connections that were made to endpoints, and dials that failed. */
  dials = 0;
  failedDials = 0;
  /** System calls about sockets; each goes from user space into the kernel and back. */
  systemCalls = 0;
  /** Payload that went through, in either direction, counted once. */
  relayedBytes = 0;
  /**
   * Bytes copied between kernel and user space: datagrams, on their way in and again on their way
   * out. Go moves TCP's bytes with splice(2), which copies none.
   */
  copiedBytes = 0;
}

/**
 * An entry of a socket's error queue, which programs read with MSG_ERRQUEUE.
 *
 * Kernel: include/uapi/linux/errqueue.h (struct sock_extended_err), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";

/** An error that a socket asked to see (IP_RECVERR), of an ICMP message or of its own host. */
export interface ExtendedError {
  readonly origin: "icmp" | "local";
  /** A positive errno. */
  readonly errno: number;
  /** Of the ICMP message; 0 for local ones. */
  readonly type: number;
  readonly code: number;
  /** The MTU for EMSGSIZE. */
  readonly info: number;
  /** Who sent the ICMP message. */
  readonly offender: Ipv4;
  /** To whom the packet went. */
  readonly destination: Ipv4;
}

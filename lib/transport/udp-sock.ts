/**
 * What a UDP socket is to its host.
 *
 * Kernel: include/linux/udp.h (struct udp_sock), 6.18.
 */
import { Ring } from "../base/ring.ts";
import type { Frame } from "../wire/frame.ts";
import type { ExtendedError } from "./extended-error.ts";
import { InetSock } from "./inet-sock.ts";

/** One UDP socket's state. */
export class UdpSock extends InetSock {
  connected = false;
  broadcast = false;
  multicastTtl = 1;
  readonly queue = new Ring<Frame>(4);
  /** Errors with the datagram that caused them (IP_RECVERR). */
  readonly errors = new Ring<UdpError>(2);
}

/** An error, with what is known of the datagram that caused it. */
export interface UdpError extends ExtendedError {
  readonly destinationPort: number;
  /** Of the ICMP message (IP_RECVTTL). */
  readonly ttl: number;
}

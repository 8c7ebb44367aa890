/**
 * What a UDP socket is to its host.
 *
 * Kernel: include/linux/udp.h (struct udp_sock), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { Ring } from "../base/ring.ts";
import type { Frame } from "../wire/frame.ts";
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

/** An error that a socket asked to see, of an ICMP message or of its own host. */
export interface UdpError {
  readonly origin: "icmp" | "local";
  readonly errno: number;
  readonly type: number;
  readonly code: number;
  /** Who sent the ICMP message. */
  readonly offender: Ipv4;
  /** To whom the datagram went. */
  readonly destination: Ipv4;
  readonly destinationPort: number;
  /** The MTU for EMSGSIZE. */
  readonly info: number;
  /** Of the ICMP message (IP_RECVTTL). */
  readonly ttl: number;
}

/**
 * What a UDP socket is to its host.
 *
 * Kernel: include/linux/udp.h (struct udp_sock), include/net/inet_sock.h, 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { Ring } from "../base/ring.ts";
import { WaitQueue } from "../sim/process.ts";
import { type Frame, FrameAttachment } from "../wire/frame.ts";

/** One UDP socket's state. */
export class UdpSock extends FrameAttachment {
  localAddress = 0 as Ipv4;
  localPort = 0;
  remoteAddress = 0 as Ipv4;
  remotePort = 0;
  boundAddress = 0 as Ipv4;
  boundDevice = 0;
  reuse = false;
  reusePort = false;
  connected = false;
  broadcast = false;
  recvErr = false;
  ttl = 0;
  multicastTtl = 1;
  tos = 0;
  mark = 0;
  /** IP_MTU_DISCOVER, as in TCP. */
  pmtuDiscover: number;
  rcvbuf: number;
  rmemAlloc = 0;
  /** Errno of an asynchronous error, or 0. */
  err = 0;
  shutdown = 0;
  ipId = 0;
  inode = 0;
  readonly queue = new Ring<Frame>(4);
  /** Errors with the datagram that caused them (IP_RECVERR). */
  readonly errors = new Ring<UdpError>(2);
  readonly wait = new WaitQueue();

  constructor(rcvbuf: number, pmtuDiscover: number) {
    super();
    this.pmtuDiscover = pmtuDiscover;
    this.rcvbuf = rcvbuf;
  }
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

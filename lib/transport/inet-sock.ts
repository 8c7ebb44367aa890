/**
 * What sockets of TCP and of UDP have in common: addresses and ports, how their packets are marked,
 * the receive buffer, and the error that the next system call tells.
 *
 * Kernel: include/net/sock.h (struct sock), include/net/inet_sock.h (struct inet_sock), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { WaitQueue } from "../sim/process.ts";
import { FrameAttachment } from "../wire/frame.ts";
import type { IpSettings } from "./environment.ts";

/** Values of IP_MTU_DISCOVER: DF never, if the route allows it, always. */
export const PMTUDISC_DONT = 0;
export const PMTUDISC_WANT = 1;
export const PMTUDISC_DO = 2;

/** A socket of IPv4. Frames that it has sent carry it. */
export abstract class InetSock extends FrameAttachment {
  localAddress = 0 as Ipv4;
  localPort = 0;
  remoteAddress = 0 as Ipv4;
  remotePort = 0;
  /** The address that a program bound, or 0 for any; kept over a disconnect. */
  boundAddress = 0 as Ipv4;
  /** SO_BINDTODEVICE by index, or 0. */
  boundDevice = 0;
  reuse = false;
  reusePort = false;
  /** 0: the host's default. */
  ttl = 0;
  tos = 0;
  mark = 0;
  /** IP_MTU_DISCOVER: one of PMTUDISC_…, or 3 (IP_PMTUDISC_PROBE). */
  pmtuDiscover: number;
  /** IP_RECVERR: the program wants each ICMP error; with TCP such an error ends a connection at once. */
  recvErr = false;
  /** Identification of the next packet. */
  ipId = 0;
  /** SO_RCVBUF, and how much of it is in use, in bytes. */
  rcvbuf: number;
  rmemAlloc = 0;
  /** Errno of an asynchronous error, or 0. */
  err = 0;
  /** Bits RCV_SHUTDOWN and SEND_SHUTDOWN. */
  shutdown = 0;
  inode = 0;
  /** Woken at every change that poll could show. */
  readonly wait = new WaitQueue();

  constructor(rcvbuf: number, ip: IpSettings) {
    super();
    this.rcvbuf = rcvbuf;
    this.pmtuDiscover = ip.ipNoPmtuDisc === 0 ? PMTUDISC_WANT : PMTUDISC_DONT;
  }
}

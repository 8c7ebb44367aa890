/**
 * UDP of one host: its sockets, which of them gets a datagram, and what is answered when
 * none does.
 *
 * Spec: RFC 768, RFC 1122 §4.1. Kernel: net/ipv4/udp.c (__udp4_lib_rcv), net/ipv4/datagram.c, 6.18.
 */
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
} from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4, LOOPBACK_ADDRESS } from "../base/inet.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { RandomStream } from "../sim/random.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import * as udp from "../wire/udp.ts";
import type { TransportEnvironment } from "./environment.ts";
import { PortTable } from "./port-table.ts";
import { chooseUdpPort } from "./ports.ts";
import { receiveIcmpError } from "./udp-errors.ts";
import { MAX_DATAGRAM, UdpOutput } from "./udp-output.ts";
import { UdpSock } from "./udp-sock.ts";
import { scoreOf, UdpTable } from "./udp-table.ts";

/** `sk_buff` and slab overhead of one datagram, for the receive buffer's limit. */
const OVERHEAD = 256 + 320;

/** UDP of one host. */
export class Udp {
  readonly env: TransportEnvironment;
  readonly ports = new PortTable();
  readonly sockets: UdpSock[] = [];
  readonly table = new UdpTable();
  readonly output: UdpOutput;
  readonly #random: RandomStream;

  constructor(env: TransportEnvironment) {
    this.env = env;
    this.output = new UdpOutput(env);
    this.#random = env.random.stream(`${env.name}:udp`);
  }

  /** A socket that is not bound. */
  create(): UdpSock {
    const { sysctls, ip } = this.env;
    const sock = new UdpSock(sysctls.rmemDefault, ip);
    sock.inode = 10000 + this.#random.below(50000);
    return sock;
  }

  /** `bind`; port 0 lets the host choose. 0 or a negative errno. */
  bind(sock: UdpSock, address: Ipv4, port: number): number {
    if (sock.localPort !== 0) return -EINVAL;
    const { env } = this;
    const known =
      address === 0 ||
      env.isLocalAddress(address) ||
      env.isMulticast(address) ||
      env.isBroadcast(address);
    if (!known && env.ip.ipNonlocalBind === 0) return -EADDRNOTAVAIL;
    sock.boundAddress = address;
    const free = (candidate: number) => !this.ports.conflicts(sock, candidate);
    const chosen = port !== 0 ? port : chooseUdpPort(env.sysctls, this.#random, free);
    if (chosen === 0 || !free(chosen)) {
      sock.boundAddress = 0 as Ipv4;
      return -EADDRINUSE;
    }
    sock.localAddress = address;
    sock.localPort = chosen;
    this.ports.take(sock, chosen);
    this.table.add(sock);
    this.sockets.push(sock);
    return 0;
  }

  /** `connect`: fixes the peer, and the source by the route to it. */
  connect(sock: UdpSock, address: Ipv4, port: number): number {
    if (sock.localPort === 0) {
      const bound = this.bind(sock, sock.boundAddress, 0);
      if (bound < 0) return bound;
    }
    const destination = address === ANY_ADDRESS ? LOOPBACK_ADDRESS : address;
    const route = this.output.route(sock, destination, port);
    if (typeof route === "number") return route;
    if (this.env.isBroadcast(destination) && !sock.broadcast) return -EACCES;
    if (sock.boundAddress === 0) sock.localAddress = this.output.source;
    sock.remoteAddress = destination;
    sock.remotePort = port;
    sock.connected = true;
    sock.ipId = this.#random.uint32() & 0xffff;
    return 0;
  }

  /** Undoes `connect` (AF_UNSPEC). */
  disconnect(sock: UdpSock): void {
    sock.connected = false;
    sock.remoteAddress = 0 as Ipv4;
    sock.remotePort = 0;
    sock.localAddress = sock.boundAddress;
  }

  /**
   * Sends a datagram; copies `bytes`. `from`: the source (IP_PKTINFO), 0 for the socket's own. The
   * length or a negative errno.
   */
  send(sock: UdpSock, bytes: Uint8Array, address: Ipv4, port: number, from = 0 as Ipv4): number {
    const error = this.takeError(sock);
    if (error !== 0) return -error;
    if (bytes.length > MAX_DATAGRAM) return -EMSGSIZE;
    const to = port !== 0 ? address : sock.remoteAddress;
    const toPort = port !== 0 ? port : sock.remotePort;
    if (toPort === 0) return port === 0 && address !== 0 ? -EINVAL : -EDESTADDRREQ;
    if (sock.localPort === 0) {
      const bound = this.bind(sock, 0 as Ipv4, 0);
      if (bound < 0) return bound;
    }
    return this.output.send(sock, bytes, to, toPort, from);
  }

  /** The next datagram, which the caller owns, or null. `start` is at its UDP header. */
  receiveQueued(sock: UdpSock): Frame | null {
    const frame = sock.queue.shift();
    if (frame !== null) sock.rmemAlloc -= chargeOf(frame);
    return frame;
  }

  /** The pending error, which is cleared by this (SO_ERROR). */
  takeError(sock: UdpSock): number {
    const error = sock.err;
    sock.err = 0;
    return error;
  }

  /** Closes: what waits to be read is dropped, and the port is free. */
  close(sock: UdpSock): void {
    for (let frame = sock.queue.shift(); frame !== null; frame = sock.queue.shift()) {
      frame.drop(DropReason.NO_SOCKET, this.env.drops);
    }
    this.ports.release(sock);
    this.table.remove(sock);
    const place = this.sockets.indexOf(sock);
    if (place !== -1) this.sockets.splice(place, 1);
    sock.wait.wake();
  }

  /** Takes a packet for this host; see `TransportProtocol`. */
  receive(frame: Frame): void {
    const { view, l3 } = frame;
    const { drops } = this.env;
    if (!udp.isValid(view, frame.start, frame.end)) {
      frame.drop(DropReason.PKT_TOO_SMALL, drops);
      return;
    }
    const source = ipv4.source(view, l3);
    const destination = ipv4.destination(view, l3);
    const trusted = frame.checksumVerified || frame.checksumPending;
    if (!trusted && !udp.checksumIsRight(view, frame.start, source, destination)) {
      frame.drop(DropReason.UDP_CSUM, drops);
      return;
    }
    const toPort = udp.destinationPort(view, frame.start);
    const fromPort = udp.sourcePort(view, frame.start);
    if (
      frame.packetType !== PacketType.HOST ||
      this.env.isMulticast(destination) ||
      this.env.isBroadcast(destination)
    ) {
      this.#deliverToAll(frame, destination, toPort, source, fromPort);
      return;
    }
    const sock = this.table.find(destination, toPort, source, fromPort, frame.inputIndex);
    if (sock === null) {
      this.env.portUnreachable(frame);
      frame.drop(DropReason.NO_SOCKET, drops);
      return;
    }
    this.#queue(sock, frame);
  }

  /** An ICMP error quotes a datagram of ours; see `TransportProtocol`. */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    receiveIcmpError(this, frame, innerL3, type, code, info);
  }

  /** The newest socket has the frame itself, and last; all others have copies. */
  #deliverToAll(
    frame: Frame,
    address: number,
    port: number,
    remote: number,
    remotePort: number,
  ): void {
    const socks = this.table.at(port);
    let newest: UdpSock | null = null;
    for (let index = socks.length - 1; index >= 0; index -= 1) {
      const sock = socks[index];
      if (sock === undefined) continue;
      if (scoreOf(sock, address, remote, remotePort, frame.inputIndex) === 0) continue;
      if (newest === null) newest = sock;
      else this.#queue(sock, frame.copy());
    }
    if (newest === null) frame.drop(DropReason.NO_SOCKET, this.env.drops);
    else this.#queue(newest, frame);
  }

  #queue(sock: UdpSock, frame: Frame): void {
    if ((sock.shutdown & 1) !== 0 || sock.rmemAlloc > sock.rcvbuf) {
      frame.drop(DropReason.SOCKET_RCVBUFF, this.env.drops);
      return;
    }
    sock.rmemAlloc += chargeOf(frame);
    sock.queue.push(frame);
    sock.wait.wake();
  }
}

function chargeOf(frame: Frame): number {
  return frame.end - frame.l3 + OVERHEAD;
}

/**
 * UDP of one host: who gets a datagram, what is answered when nobody does, and how datagrams leave.
 *
 * Spec: RFC 768, RFC 1122 §4.1. Kernel: net/ipv4/udp.c, net/ipv4/datagram.c, 6.18.
 */
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EDESTADDRREQ,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  EPROTO,
} from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4, LOOPBACK_ADDRESS } from "../base/inet.ts";
import { CHOOSE_ID, PacketFields } from "../net/inet.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { RandomStream } from "../sim/random.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as udp from "../wire/udp.ts";
import { type TransportEnvironment, TransportFlow, type TransportRoute } from "./environment.ts";
import { errnoOfUnreachable, isFatalUnreachable } from "./icmp-errno.ts";
import { PortTable } from "./port-table.ts";
import { chooseUdpPort } from "./ports.ts";
import { UdpSock } from "./udp-sock.ts";
import { scoreOf, UdpTable } from "./udp-table.ts";

/** IPv4's and UDP's. */
const HEADERS = ipv4.IPV4_SIZE + udp.UDP_SIZE;
/** Largest payload of a datagram. */
const MAX_DATAGRAM = 65535 - HEADERS;
/** `sk_buff` and slab overhead of one datagram, for the receive buffer's limit. */
const OVERHEAD = 256 + 320;

/** UDP of one host. */
export class Udp {
  readonly env: TransportEnvironment;
  readonly ports = new PortTable();
  readonly sockets: UdpSock[] = [];
  readonly #table = new UdpTable();
  readonly #random: RandomStream;
  readonly #flow = new TransportFlow();
  readonly #fields = new PacketFields();

  constructor(env: TransportEnvironment) {
    this.env = env;
    this.#random = env.random.stream(`${env.name}:udp`);
  }

  /** A socket that is not bound. */
  create(): UdpSock {
    const { sysctls, ip } = this.env;
    const sock = new UdpSock(sysctls.rmemDefault, ip.ipNoPmtuDisc === 0 ? 1 : 0);
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
    this.#table.add(sock);
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
    const route = this.#route(sock, destination, port);
    if (typeof route === "number") return route;
    if (this.env.isBroadcast(destination) && !sock.broadcast) return -EACCES;
    if (sock.boundAddress === 0) sock.localAddress = this.#flow.source;
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
    const route = this.#route(sock, to, toPort, from);
    if (typeof route === "number") return route;
    if (this.env.isBroadcast(to) && !sock.broadcast) return -EACCES;
    const fits = bytes.length + HEADERS <= route.mtu;
    if (!fits && sock.pmtuDiscover >= 2) {
      this.#localError(sock, EMSGSIZE, to, toPort, route.mtu);
      return -EMSGSIZE;
    }
    const sent = this.#emit(sock, bytes, to, toPort, route, fits);
    // Only who asked for errors hears that the device had no room.
    if (sent === -ENOBUFS && !sock.recvErr) return bytes.length;
    return sent < 0 ? sent : bytes.length;
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
    this.#table.remove(sock);
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
    const sock = this.#table.find(destination, toPort, source, fromPort, frame.inputIndex);
    if (sock === null) {
      this.env.portUnreachable(frame);
      frame.drop(DropReason.NO_SOCKET, drops);
      return;
    }
    this.#queue(sock, frame);
  }

  /** An ICMP error quotes a datagram of ours; see `TransportProtocol`. */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    const { view } = frame;
    const l4 = innerL3 + ipv4.headerSize(view, innerL3);
    if (l4 + 8 > frame.end) return;
    const from = ipv4.source(view, innerL3);
    const to = ipv4.destination(view, innerL3);
    const toPort = udp.destinationPort(view, l4);
    const sock = this.#table.find(from, udp.sourcePort(view, l4), to, toPort, frame.inputIndex);
    if (sock === null) return;
    let errno = type === icmp.ICMP_PARAMETER_PROBLEM ? EPROTO : EHOSTUNREACH;
    let hard = type === icmp.ICMP_PARAMETER_PROBLEM;
    if (type === icmp.ICMP_UNREACHABLE) {
      errno = errnoOfUnreachable(code);
      hard = isFatalUnreachable(code);
      if (code === icmp.UNREACHABLE_FRAGMENTATION_NEEDED) {
        const route = this.#route(sock, to, toPort);
        if (typeof route !== "number") this.env.updatePmtu(route, to, info);
        if (sock.pmtuDiscover === 0) return;
        hard = true;
      }
    } else if (type !== icmp.ICMP_TIME_EXCEEDED && type !== icmp.ICMP_PARAMETER_PROBLEM) {
      return;
    }
    if (sock.recvErr) {
      const offender = ipv4.source(view, frame.l3);
      sock.errors.push({
        origin: "icmp",
        errno,
        type,
        code,
        offender,
        destination: to,
        destinationPort: toPort,
        info,
        ttl: ipv4.ttl(view, frame.l3),
      });
    } else if (!hard || !sock.connected) {
      return;
    }
    sock.err = errno;
    sock.wait.wake();
  }

  /** Puts an error of this host into the queue of a socket that wants them (`ip_local_error`). */
  #localError(sock: UdpSock, errno: number, to: Ipv4, toPort: number, info: number): void {
    if (!sock.recvErr) return;
    sock.errors.push({
      origin: "local",
      errno,
      type: 0,
      code: 0,
      offender: 0 as Ipv4,
      destination: to,
      destinationPort: toPort,
      info,
      ttl: 0,
    });
  }

  #emit(
    sock: UdpSock,
    bytes: Uint8Array,
    to: Ipv4,
    port: number,
    route: TransportRoute,
    fits: boolean,
  ): number {
    const { env } = this;
    const source = this.#flow.source;
    const frame = env.pool.takeForPayload(bytes.length);
    frame.bytes.set(bytes, frame.start);
    const at = frame.push(udp.UDP_SIZE);
    frame.l4 = at;
    udp.write(frame.view, at, sock.localPort, port, udp.UDP_SIZE + bytes.length);
    // Fragments are made from a finished datagram.
    if (fits) frame.checksumPending = true;
    else udp.finishDatagram(frame.view, at, source, to);
    frame.mark = sock.mark;
    frame.socket = sock;
    const fields = this.#fields;
    fields.source = source;
    fields.destination = to;
    fields.protocol = IPPROTO_UDP;
    fields.tos = sock.tos;
    fields.ttl = env.isMulticast(to) ? sock.multicastTtl : sock.ttl;
    fields.df = sock.pmtuDiscover >= 2 || (sock.pmtuDiscover === 1 && fits && !route.mtuLocked);
    fields.ignoreDf = sock.pmtuDiscover < 2;
    fields.id = CHOOSE_ID;
    if (sock.connected) {
      sock.ipId = (sock.ipId + 1) & 0xffff;
      fields.id = sock.ipId;
    } else if (fields.df && !fields.ignoreDf) {
      fields.id = 0;
    }
    return env.output(frame, route, fields);
  }

  #route(sock: UdpSock, to: Ipv4, port: number, from = 0 as Ipv4): TransportRoute | number {
    const flow = this.#flow;
    flow.destination = to;
    flow.source = from === 0 ? sock.localAddress : from;
    flow.destinationPort = port;
    flow.sourcePort = sock.localPort;
    flow.protocol = IPPROTO_UDP;
    flow.tos = sock.tos;
    flow.mark = sock.mark;
    flow.outputIndex = sock.boundDevice;
    return this.env.routeOutput(flow);
  }

  /** The newest socket has the frame itself, and last; all others have copies. */
  #deliverToAll(
    frame: Frame,
    address: number,
    port: number,
    remote: number,
    remotePort: number,
  ): void {
    const socks = this.#table.at(port);
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

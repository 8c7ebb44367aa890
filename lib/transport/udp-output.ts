/**
 * How datagrams leave a host: the route, the UDP header, and what IPv4 is told about them.
 *
 * Spec: RFC 768. Kernel: net/ipv4/udp.c (udp_sendmsg, udp_send_skb), 6.18.
 */
import { EACCES, EMSGSIZE, ENOBUFS } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import { CHOOSE_ID, PacketFields } from "../net/inet.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as udp from "../wire/udp.ts";
import { type TransportEnvironment, TransportFlow, type TransportRoute } from "./environment.ts";
import { PMTUDISC_DO, PMTUDISC_WANT } from "./inet-sock.ts";
import { reportLocalError } from "./udp-errors.ts";
import type { UdpSock } from "./udp-sock.ts";

/** IPv4's and UDP's. */
const HEADERS = ipv4.IPV4_SIZE + udp.UDP_SIZE;
/** Largest payload of a datagram. */
export const MAX_DATAGRAM = 65535 - HEADERS;

/** The sending side of UDP of one host. */
export class UdpOutput {
  readonly #env: TransportEnvironment;
  readonly #flow = new TransportFlow();
  readonly #fields = new PacketFields();

  constructor(env: TransportEnvironment) {
    this.#env = env;
  }

  /** The source address that the last `route` found. */
  get source(): Ipv4 {
    return this.#flow.source;
  }

  /** The route of datagrams from `from`, or else the socket's own address; a negative errno. */
  route(sock: UdpSock, to: Ipv4, port: number, from = 0 as Ipv4): TransportRoute | number {
    const flow = this.#flow;
    flow.destination = to;
    flow.source = from === 0 ? sock.localAddress : from;
    flow.destinationPort = port;
    flow.sourcePort = sock.localPort;
    flow.protocol = IPPROTO_UDP;
    flow.tos = sock.tos;
    flow.mark = sock.mark;
    flow.outputIndex = sock.boundDevice;
    return this.#env.routeOutput(flow);
  }

  /** Sends from a bound socket, at most MAX_DATAGRAM bytes. Copies. The length or a negative errno. */
  send(sock: UdpSock, bytes: Uint8Array, to: Ipv4, port: number, from: Ipv4): number {
    const route = this.route(sock, to, port, from);
    if (typeof route === "number") return route;
    if (this.#env.isBroadcast(to) && !sock.broadcast) return -EACCES;
    const fits = bytes.length + HEADERS <= route.mtu;
    if (!fits && sock.pmtuDiscover >= PMTUDISC_DO) {
      reportLocalError(sock, EMSGSIZE, to, port, route.mtu);
      return -EMSGSIZE;
    }
    const sent = this.#emit(sock, bytes, to, port, route, fits);
    // Only who asked for errors hears that the device had no room.
    if (sent === -ENOBUFS && !sock.recvErr) return bytes.length;
    return sent < 0 ? sent : bytes.length;
  }

  #emit(
    sock: UdpSock,
    bytes: Uint8Array,
    to: Ipv4,
    port: number,
    route: TransportRoute,
    fits: boolean,
  ): number {
    const env = this.#env;
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
    fields.df =
      sock.pmtuDiscover >= PMTUDISC_DO ||
      (sock.pmtuDiscover === PMTUDISC_WANT && fits && !route.mtuLocked);
    fields.ignoreDf = sock.pmtuDiscover < PMTUDISC_DO;
    fields.id = CHOOSE_ID;
    if (sock.connected) {
      sock.ipId = (sock.ipId + 1) & 0xffff;
      fields.id = sock.ipId;
    } else if (fields.df && !fields.ignoreDf) {
      fields.id = 0;
    }
    return env.output(frame, route, fields);
  }
}

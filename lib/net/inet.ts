/**
 * What IPv4 and those who stand above it say to each other: a transport takes packets and learns of
 * errors, a listener takes the ICMP messages that are no errors.
 *
 * Kernel: include/net/protocol.h (struct net_protocol), net/ipv4/raw.c, net/ipv4/ping.c, 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Frame } from "../wire/frame.ts";

/** A protocol on top of IPv4. */
export interface TransportProtocol {
  /**
   * Takes a packet for this host: `start` at the transport header, `l3` at the IPv4 header, `end`
   * at the end of the IPv4 packet, `l4 == start`. Owns the frame. @hot
   */
  receive(frame: Frame): void;

  /**
   * An ICMP error quotes a packet of this protocol; borrows the frame.
   * @param innerL3 where the quoted IPv4 header is; eight bytes of transport header follow it
   * @param info next-hop MTU, pointer or gateway, by type
   */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void;
}

/** The protocols on top of one host's IPv4 beside ICMP, which is its own (`inet_protos`). */
export interface TransportProtocols {
  /** The one with that IP protocol number, or null. @hot */
  find(protocol: number): TransportProtocol | null;
}

/** A host without any. */
export const NO_TRANSPORTS: TransportProtocols = { find: () => null };

/** Who wants to see ICMP messages to this host, echo replies above all: ping and raw sockets. */
export interface IcmpListener {
  /**
   * A message with a right checksum: `start` at the ICMP header, `l3` at the IPv4 header. Borrows
   * the frame; returns whether it was for this listener.
   */
  icmpMessage(frame: Frame): boolean;
  /** An ICMP error quotes an ICMP message of this host; see `TransportProtocol.icmpError`. */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void;
}

/** Who wants a copy of every packet of a protocol: raw sockets. */
export interface RawListener {
  /** A packet for this host, `start` at the IPv4 header; borrows. Returns whether it took a copy. */
  rawPacket(frame: Frame): boolean;
}

/** A route look-up: one reused object. Addresses 0 are "any". */
export class Flow {
  destination = 0 as Ipv4;
  /** Filled in by the look-up if it was 0. */
  source = 0 as Ipv4;
  destinationPort = 0;
  sourcePort = 0;
  protocol = 0;
  tos = 0;
  mark = 0;
  /** Index of the device that it must leave by, or 0. */
  outputIndex = 0;
  /** Index of the device that it came in by; the loopback's for what is made here. */
  inputIndex = 1;
  /** Widest scope that a route may have: 0 universe, 253 link (SO_DONTROUTE). */
  scope = 0;
  /** The source need not be an address of this host (FLOWI_FLAG_ANYSRC). */
  anySource = false;

  /** Back to the values of a new one. */
  reset(): this {
    this.destination = 0 as Ipv4;
    this.source = 0 as Ipv4;
    this.destinationPort = 0;
    this.sourcePort = 0;
    this.protocol = 0;
    this.tos = 0;
    this.mark = 0;
    this.outputIndex = 0;
    this.inputIndex = 1;
    this.scope = 0;
    this.anySource = false;
    return this;
  }
}

/** Lets the host choose the identification of a packet. */
export const CHOOSE_ID = -1;

/** How a transport's packet is to be sent: the fields of the IPv4 header. One reused object. */
export class PacketFields {
  source = 0 as Ipv4;
  destination = 0 as Ipv4;
  protocol = 0;
  tos = 0;
  /** 0 for the host's default. */
  ttl = 0;
  /** Don't fragment. */
  df = false;
  /** Identification, or `CHOOSE_ID`. */
  id = CHOOSE_ID;
  /** May be fragmented on this host though `df` is set (`skb->ignore_df`). */
  ignoreDf = false;
  /** IPv4 options, whole words, or null. */
  options: Uint8Array | null = null;
}

/** Why an order of the administrator is refused, as netlink answers it. */
export interface Refusal {
  /** A positive errno. */
  readonly errno: number;
  /** The kernel's own words ("Nexthop has invalid gateway."), or "". */
  readonly message: string;
}

/** A refusal without words. */
export function refuse(errno: number, message = ""): Refusal {
  return { errno, message };
}

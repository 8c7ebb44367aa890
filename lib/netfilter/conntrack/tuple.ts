/**
 * The tuple that identifies one direction of a connection: addresses, protocol, and 32 bits of its
 * own for each protocol: both ports, or an ICMP message's identifier, type and code.
 *
 *     TCP, UDP, SCTP, DCCP    source port << 16 | destination port
 *     ICMP                    identifier << 16 | type << 8 | code
 *     others                  0
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (nf_ct_get_tuple, nf_ct_invert_tuple),
 * net/netfilter/nf_conntrack_proto_icmp.c, 6.18.
 */
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";

export const IPPROTO_DCCP = 33;
export const IPPROTO_UDPLITE = 136;

/** The answer's ICMP type to a query's, plus 1; 0 where there is none. */
const ICMP_ANSWERS = new Uint8Array(256);
ICMP_ANSWERS[8] = 0 + 1;
ICMP_ANSWERS[0] = 8 + 1;
ICMP_ANSWERS[13] = 14 + 1;
ICMP_ANSWERS[14] = 13 + 1;
ICMP_ANSWERS[15] = 16 + 1;
ICMP_ANSWERS[16] = 15 + 1;
ICMP_ANSWERS[17] = 18 + 1;
ICMP_ANSWERS[18] = 17 + 1;

/** One direction's key; preallocated, filled, compared. */
export class Tuple {
  source = 0;
  destination = 0;
  /** The protocol's own 32 bits. */
  ports = 0;
  protocol = 0;

  /** @hot */
  set(source: number, destination: number, ports: number, protocol: number): void {
    this.source = source;
    this.destination = destination;
    this.ports = ports;
    this.protocol = protocol;
  }

  /** @hot */
  copy(other: Tuple): void {
    this.set(other.source, other.destination, other.ports, other.protocol);
  }

  /** Whether it can be inverted: ICMP has answers to queries alone. @hot */
  get hasAnswer(): boolean {
    return this.protocol !== IPPROTO_ICMP || isIcmpQuery((this.ports >>> 8) & 0xff);
  }

  /** Becomes the tuple of the answer to `other`. @hot */
  invert(other: Tuple): void {
    this.set(
      other.destination,
      other.source,
      invertPorts(other.ports, other.protocol),
      other.protocol,
    );
  }

  /** @hot */
  equals(other: Tuple): boolean {
    return (
      this.source === other.source &&
      this.destination === other.destination &&
      this.ports === other.ports &&
      this.protocol === other.protocol
    );
  }

  /**
   * Reads the tuple of the packet whose header is at `l3` and which ends at `end`. False: the packet
   * is too short or a later fragment, and has none. @hot
   */
  read(view: DataView, l3: number, end: number): boolean {
    if ((ipv4.fragment(view, l3) & ipv4.FRAGMENT_OFFSET_MASK) !== 0) return false;
    const protocol = ipv4.protocol(view, l3);
    const l4 = l3 + ipv4.headerSize(view, l3);
    let ports = 0;
    if (hasPorts(protocol)) {
      if (end - l4 < 8) return false;
      ports = view.getInt32(l4);
    } else if (protocol === IPPROTO_ICMP) {
      if (end - l4 < icmp.ICMP_SIZE) return false;
      ports = (icmp.id(view, l4) << 16) | view.getUint16(l4);
    }
    this.set(ipv4.source(view, l3), ipv4.destination(view, l3), ports, protocol);
    return true;
  }
}

/** Whether the protocol's header begins with two ports. @hot */
export function hasPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_SCTP ||
    protocol === IPPROTO_UDPLITE ||
    protocol === IPPROTO_DCCP
  );
}

/** The protocol's bits of the answer. @hot */
function invertPorts(ports: number, protocol: number): number {
  if (hasPorts(protocol)) return (ports << 16) | (ports >>> 16);
  if (protocol !== IPPROTO_ICMP) return ports;
  const answer = ICMP_ANSWERS[(ports >>> 8) & 0xff] ?? 0;
  return (ports & ~0xff00) | ((answer === 0 ? 0 : answer - 1) << 8);
}

/** Whether an ICMP type is a query's or an answer's. @hot */
export function isIcmpQuery(type: number): boolean {
  return (ICMP_ANSWERS[type] ?? 0) !== 0;
}

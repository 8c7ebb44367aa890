/**
 * What each protocol makes of a packet: its tracker follows the connection, after the checksum has
 * been looked at. ICMP errors go with the connection that they are about.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (nf_conntrack_handle_packet),
 * nf_conntrack_proto_icmp.c (nf_conntrack_icmpv4_error), 6.18.
 */
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import * as udp from "../../wire/udp.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { type Connection, Direction, Info } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { OtherTrackers } from "./other-trackers.ts";
import { TcpTracker } from "./tcp-tracker.ts";
import type { TcpWindows } from "./tcp-window.ts";
import { Tracking } from "./tracking.ts";
import { Tuple } from "./tuple.ts";

/** The last type that ICMP had when conntrack was written (NR_ICMP_TYPES). */
const LAST_ICMP_TYPE = 18;

/** The trackers of a host. */
export class Trackers {
  readonly #conntrack: Conntrack;
  readonly #tcp: TcpTracker;
  readonly #others: OtherTrackers;
  readonly #inner = new Tuple();
  readonly #reply = new Tuple();

  constructor(conntrack: Conntrack, windows: TcpWindows) {
    this.#conntrack = conntrack;
    this.#tcp = new TcpTracker(conntrack, windows);
    this.#others = new OtherTrackers(conntrack, windows);
  }

  /** Lets the protocol's tracker look at the packet. @hot */
  follow(connection: Connection, packet: Packet): Tracking {
    const info = packet.frame.conntrackInfo;
    switch (connection.original.protocol) {
      case IPPROTO_TCP:
        if (!this.#tcp.isSound(packet) || !this.#checksumIsGood(packet)) return Tracking.INVALID;
        if (!connection.confirmed && connection.row === -1) {
          if (!this.#tcp.begin(connection, packet)) return Tracking.INVALID;
        }
        return this.#tcp.packet(connection, packet, info);
      case IPPROTO_UDP:
        if (!udp.isValid(packet.view, packet.l4, packet.l4 + lengthOf(packet))) {
          return Tracking.INVALID;
        }
        if (!this.#checksumIsGood(packet)) return Tracking.INVALID;
        return this.#others.udp(connection, packet);
      case IPPROTO_ICMP:
        return this.#others.icmp(connection, packet);
      case IPPROTO_SCTP:
        return this.#others.sctp(connection, packet);
      default:
        this.#conntrack.refresh(
          connection,
          this.#conntrack.settings.nf_conntrack_generic_timeout,
          packet.frame,
        );
        return Tracking.ACCEPT;
    }
  }

  /** Whether the transport checksum is right; looked at in PREROUTING only. */
  #checksumIsGood(packet: Packet): boolean {
    const { frame, view, l4, end, source, destination } = packet;
    if (
      packet.hook !== Hook.PREROUTING ||
      this.#conntrack.settings.nf_conntrack_checksum === 0 ||
      frame.checksumPending ||
      frame.checksumVerified ||
      frame.payloadLength > 0
    ) {
      return true;
    }
    if (packet.protocol === IPPROTO_TCP) {
      return tcp.checksumIsRight(view, l4, end, source, destination);
    }
    if (packet.protocol === IPPROTO_UDP) return udp.checksumIsRight(view, l4, source, destination);
    return icmp.checksumIsRight(view, l4, end);
  }

  /** ICMP errors belong to the connection of the packet that they quote. */
  icmpError(packet: Packet, template: Connection | null): Tracking {
    const { view, l4, end, frame } = packet;
    if (!icmp.isValid(view, l4, end) || !this.#checksumIsGood(packet)) return Tracking.INVALID;
    const type = icmp.type(view, l4);
    if (type > LAST_ICMP_TYPE) return Tracking.INVALID;
    if (!icmp.isError(type)) return Tracking.ACCEPT;
    const inner = l4 + icmp.ICMP_SIZE;
    if (end - inner < ipv4.IPV4_SIZE) return Tracking.INVALID;
    const tuple = this.#inner;
    if (!tuple.read(view, inner, end) || !tuple.hasAnswer) return Tracking.INVALID;
    this.#reply.invert(tuple);
    const connection = this.#conntrack.lookup.find(this.#reply, template);
    if (connection === null) return Tracking.INVALID;
    const direction = this.#conntrack.table.foundDirection;
    if (connection.tuple(direction).destination !== packet.destination) return Tracking.INVALID;
    frame.attach(connection, direction === Direction.REPLY ? Info.RELATED_REPLY : Info.RELATED);
    return Tracking.ACCEPT;
  }
}

/** Bytes of the transport header and payload. */
function lengthOf(packet: Packet): number {
  return packet.length - (packet.l4 - packet.l3);
}

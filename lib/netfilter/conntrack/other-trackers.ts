/**
 * The protocols beside TCP: UDP, whose streams live longer than single questions; ICMP queries;
 * SCTP's states.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_{udp,icmp,sctp,generic}.c, 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";
import * as icmp from "../../wire/icmp.ts";
import type { Packet } from "../packet.ts";
import { type Connection, directionOf, Info, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { SctpTracker } from "./sctp-tracker.ts";
import type { TcpWindows } from "./tcp-window.ts";
import { Tracking } from "./tracking.ts";

/** ICMP types with which a connection may begin. */
const ICMP_REQUESTS = new Set([icmp.ICMP_ECHO, icmp.ICMP_TIMESTAMP, 15, 17]);

/** Trackers of a host for all protocols but TCP. */
export class OtherTrackers {
  readonly #conntrack: Conntrack;
  readonly #sctp: SctpTracker;

  constructor(conntrack: Conntrack, rows: TcpWindows) {
    this.#conntrack = conntrack;
    this.#sctp = new SctpTracker(conntrack, rows);
  }

  /** A datagram: `state` holds the tick from which the flow counts as a stream. @hot */
  udp(connection: Connection, packet: Packet): Tracking {
    const conntrack = this.#conntrack;
    const { settings } = conntrack;
    const { frame } = packet;
    if (!connection.confirmed) connection.state = conntrack.tick + 2 * HZ;
    if ((connection.status & Status.SEEN_REPLY) === 0) {
      conntrack.refresh(connection, settings.nf_conntrack_udp_timeout, frame);
      return Tracking.ACCEPT;
    }
    const isStream = conntrack.tick > connection.state;
    conntrack.refresh(
      connection,
      isStream ? settings.nf_conntrack_udp_timeout_stream : settings.nf_conntrack_udp_timeout,
      frame,
    );
    if (isStream && (connection.status & (Status.ASSURED | Status.NAT_CLASH)) === 0) {
      connection.status |= Status.ASSURED;
      conntrack.events.changed(connection);
    }
    return Tracking.ACCEPT;
  }

  /** A query or its answer. @hot */
  icmp(connection: Connection, packet: Packet): Tracking {
    const { frame } = packet;
    if (frame.conntrackInfo === Info.NEW && !ICMP_REQUESTS.has(icmp.type(packet.view, packet.l4))) {
      return Tracking.INVALID;
    }
    this.#conntrack.refresh(connection, this.#conntrack.settings.nf_conntrack_icmp_timeout, frame);
    return Tracking.ACCEPT;
  }

  /** A packet of an SCTP association. */
  sctp(connection: Connection, packet: Packet): Tracking {
    return this.#sctp.packet(connection, packet, directionOf(packet.frame.conntrackInfo));
  }
}

/**
 * Connection tracking at the hooks: a packet that comes in, or is made here, gets its connection, and
 * the connection of one that leaves is confirmed.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (nf_conntrack_in, resolve_normal_ct,
 * __nf_conntrack_confirm, nf_ct_resolve_clash), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { IPPROTO_ICMP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import type { Packet } from "../packet.ts";
import { Verdict } from "../rule.ts";
import {
  type Connection,
  connectionOf,
  Direction,
  directionOf,
  Info,
  Status,
} from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import type { TcpWindows } from "./tcp-window.ts";
import { Trackers } from "./trackers.ts";
import { Tracking } from "./tracking.ts";
import { IPPROTO_DCCP, IPPROTO_UDPLITE, Tuple } from "./tuple.ts";

/** Protocols of which two packets may race for a connection (`allow_clash`). */
const CLASHING_PROTOCOLS = [IPPROTO_ICMP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_UDPLITE];
// Not modelled: a second entry that answers alone find (nf_ct_resolve_clash_harder); here a packet is
// never overtaken between its look-up and its confirmation.

/** What conntrack does at the hooks of one host. */
export class PacketTracking {
  readonly #conntrack: Conntrack;
  readonly #trackers: Trackers;
  readonly #tuple = new Tuple();
  /** Whether the packet at hand has no connection because there was no room for it. */
  #full = false;

  constructor(conntrack: Conntrack, windows: TcpWindows) {
    this.#conntrack = conntrack;
    this.#trackers = new Trackers(conntrack, windows);
  }

  /** Looks at a packet that came in or was made here; hangs its connection on the frame. @hot */
  in(packet: Packet): Verdict {
    const { frame } = packet;
    const carried = connectionOf(frame);
    let template: Connection | null = null;
    if (carried !== null || frame.conntrackInfo === Info.UNTRACKED) {
      if (carried === null || (carried.status & Status.TEMPLATE) === 0) return Verdict.CONTINUE;
      template = carried;
      template.onCopy();
      frame.attach(null, 0);
    }
    const verdict = this.#track(packet, template);
    template?.onRelease();
    return verdict;
  }

  #track(packet: Packet, template: Connection | null): Verdict {
    const { frame } = packet;
    if (packet.fragmentOffset !== 0) return this.#invalid();
    if (packet.protocol === IPPROTO_ICMP) {
      const result = this.#trackers.icmpError(packet, template);
      if (result !== Tracking.ACCEPT) return this.#invalid();
      if (frame.conntrack !== null) return Verdict.CONTINUE;
    }
    for (;;) {
      const connection = this.#resolve(packet, template);
      if (connection === null) {
        return this.#full ? this.#dropped(packet) : this.#invalid();
      }
      const wasReply = directionOf(frame.conntrackInfo) === Direction.REPLY;
      const tracking = this.#trackers.follow(connection, packet);
      if (tracking === Tracking.ACCEPT) {
        if (wasReply && (connection.status & Status.SEEN_REPLY) === 0) {
          connection.status |= Status.SEEN_REPLY;
          this.#conntrack.events.changed(connection);
        }
        return Verdict.CONTINUE;
      }
      frame.attach(null, 0);
      if (tracking === Tracking.REPEAT) continue;
      if (tracking === Tracking.DROP) return this.#dropped(packet);
      return this.#invalid();
    }
  }

  #invalid(): Verdict {
    this.#conntrack.statistics.invalid += 1;
    return Verdict.CONTINUE;
  }

  #dropped(packet: Packet): Verdict {
    this.#conntrack.statistics.drop += 1;
    packet.frame.drop(DropReason.CONNTRACK_DROP, this.#conntrack.host.drops);
    return Verdict.STOLEN;
  }

  /** Finds the packet's connection or makes one; null: it has none. @hot */
  #resolve(packet: Packet, template: Connection | null): Connection | null {
    this.#full = false;
    const tuple = this.#tuple;
    if (!tuple.read(packet.view, packet.l3, packet.end)) return null;
    const { frame } = packet;
    let connection = this.#conntrack.lookup.find(tuple, template);
    if (connection === null) {
      connection = this.#create(tuple, template);
      if (connection === null) return null;
      frame.attach(connection, Info.NEW);
      return connection;
    }
    const info =
      this.#conntrack.table.foundDirection === Direction.REPLY
        ? Info.ESTABLISHED_REPLY
        : (connection.status & Status.SEEN_REPLY) !== 0
          ? Info.ESTABLISHED
          : (connection.status & Status.EXPECTED) !== 0
            ? Info.RELATED
            : Info.NEW;
    frame.attach(connection, info);
    return connection;
  }

  #create(tuple: Tuple, template: Connection | null): Connection | null {
    if (!tuple.hasAnswer) return null;
    const connection = this.#conntrack.allocate(tuple);
    if (connection === null) {
      this.#full = true;
      return null;
    }
    connection.original.copy(tuple);
    connection.reply.invert(tuple);
    if (template !== null) connection.setZone(template.zone, template.zoneDirections);
    return connection;
  }

  /** Puts the connection of a packet that leaves into the table. @hot */
  confirm(packet: Packet): Verdict {
    const connection = connectionOf(packet.frame);
    if (connection === null) return Verdict.CONTINUE;
    if (connection.confirmed) {
      this.#conntrack.events.packetLeaves(connection);
      return Verdict.CONTINUE;
    }
    if ((connection.status & Status.TEMPLATE) !== 0) return Verdict.CONTINUE;
    if (directionOf(packet.frame.conntrackInfo) !== Direction.ORIGINAL) return Verdict.CONTINUE;
    if ((connection.status & Status.DYING) !== 0) return this.#dropped(packet);
    const clash = this.#conntrack.lookup.clash(connection);
    if (clash !== null) return this.#resolveClash(packet, connection, clash);
    connection.timeout += this.#conntrack.tick;
    this.#conntrack.enter(connection, 0);
    return Verdict.CONTINUE;
  }

  /**
   * Two packets of one flow were on their way at once: the later takes the earlier's connection, where
   * a protocol bears that.
   */
  #resolveClash(packet: Packet, loser: Connection, winner: Connection): Verdict {
    const isPlain = (winner.status & (Status.SRC_NAT_DONE | Status.DST_NAT_DONE)) === 0;
    const mayShare = isPlain || haveSameTuples(winner, loser);
    if (!CLASHING_PROTOCOLS.includes(packet.protocol) || !mayShare) {
      this.#conntrack.statistics.insertFailed += 1;
      return this.#dropped(packet);
    }
    packet.frame.attach(winner, Info.NEW);
    this.#conntrack.statistics.clashResolve += 1;
    return Verdict.CONTINUE;
  }
}

function haveSameTuples(one: Connection, other: Connection): boolean {
  return [Direction.ORIGINAL, Direction.REPLY].every(
    (direction) =>
      one.tuple(direction).equals(other.tuple(direction)) &&
      one.zoneOf(direction) === other.zoneOf(direction),
  );
}

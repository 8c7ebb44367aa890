/**
 * Connection tracking: finds or makes the connection of each packet, follows its protocol, confirms
 * it when the packet leaves the host, and ends it when its time is over.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (nf_conntrack_in, __nf_conntrack_confirm,
 * nf_conntrack_alloc, nf_ct_delete), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { HZ } from "../../sim/jiffies.ts";
import type { Frame } from "../../wire/frame.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import type { NetfilterHost } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Verdict } from "../rule.ts";
import { Collector } from "./collector.ts";
import {
  Accounting,
  Connection,
  connectionOf,
  Direction,
  directionOf,
  Info,
  Status,
} from "./connection.ts";
import { ConntrackEvents } from "./events.ts";
import { ConntrackStatistics } from "./statistics.ts";
import { type ConntrackSettings, defaultSettings } from "./sysctls.ts";
import { ConnectionTable } from "./table.ts";
import { TcpState } from "./tcp-state.ts";
import { END, TcpWindows } from "./tcp-window.ts";
import { Trackers } from "./trackers.ts";
import { Tracking } from "./tracking.ts";
import { IPPROTO_DCCP, IPPROTO_UDPLITE, Tuple } from "./tuple.ts";

/** Protocols of which two packets may race for a connection (`allow_clash`). */
const CLASHING_PROTOCOLS = [IPPROTO_ICMP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_UDPLITE];
// Not modelled: a second entry that answers alone find (nf_ct_resolve_clash_harder); here a packet is
// never overtaken between its look-up and its confirmation.

/** What conntrack asks of NAT when a connection goes. */
export interface ConnectionOwner {
  connectionGone(connection: Connection): void;
}

/** The connections of a host. */
export class Conntrack {
  readonly host: NetfilterHost;
  readonly settings: ConntrackSettings = defaultSettings();
  readonly table = new ConnectionTable();
  readonly statistics = new ConntrackStatistics();
  readonly events = new ConntrackEvents();
  /** NAT, which keeps connections by source; null until it is there. */
  owner: ConnectionOwner | null = null;
  /** How many rules need connection tracking. */
  #claims = 0;
  /** Made and not yet freed, confirmed or not (`nf_conntrack_count`). */
  #count = 0;
  #lastId = 0;
  /** Whether the packet at hand has no connection because there was no room for it. */
  #full = false;
  readonly #windows = new TcpWindows();
  readonly #trackers = new Trackers(this, this.#windows);
  readonly #collector: Collector;
  readonly #tuple = new Tuple();

  constructor(host: NetfilterHost) {
    this.host = host;
    this.#collector = new Collector(this);
  }

  /** So many more rules need connections from now on (`nf_ct_netns_get`), or less if negative. */
  claim(rules: number): void {
    this.#claims += rules;
  }

  /** Whether packets are tracked. @hot */
  get active(): boolean {
    return this.#claims > 0;
  }

  /** The number of connections, unconfirmed ones included. */
  get count(): number {
    return this.#count;
  }

  /** Now, in ticks. @hot */
  get tick(): number {
    return this.host.cpu.jiffies;
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
          this.events.changed(connection);
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
    this.statistics.invalid += 1;
    return Verdict.CONTINUE;
  }

  #dropped(packet: Packet): Verdict {
    this.statistics.drop += 1;
    packet.frame.drop(DropReason.CONNTRACK_DROP, this.host.drops);
    return Verdict.STOLEN;
  }

  /** Finds the packet's connection or makes one; null: it has none. @hot */
  #resolve(packet: Packet, template: Connection | null): Connection | null {
    this.#full = false;
    const tuple = this.#tuple;
    if (!tuple.read(packet.view, packet.l3, packet.end)) return null;
    const { frame } = packet;
    let connection = this.find(tuple, template);
    if (connection === null) {
      connection = this.#create(tuple, template);
      if (connection === null) return null;
      frame.attach(connection, Info.NEW);
      return connection;
    }
    const info =
      this.table.foundDirection === Direction.REPLY
        ? Info.ESTABLISHED_REPLY
        : (connection.status & Status.SEEN_REPLY) !== 0
          ? Info.ESTABLISHED
          : (connection.status & Status.EXPECTED) !== 0
            ? Info.RELATED
            : Info.NEW;
    frame.attach(connection, info);
    return connection;
  }

  /** The living connection to which a tuple belongs, in the zone of a template or in zone 0. @hot */
  find(tuple: Tuple, template: Connection | null): Connection | null {
    if (template === null) return this.#living(tuple, 0, 3, null);
    const first = template.zoneOf(Direction.ORIGINAL);
    const found = this.#living(tuple, first, directionsIn(template, first), null);
    const second = template.zoneOf(Direction.REPLY);
    if (found !== null || second === first) return found;
    return this.#living(tuple, second, directionsIn(template, second), null);
  }

  /** The living connection of a tuple in a zone, or null. */
  findIn(tuple: Tuple, zone: number): Connection | null {
    return this.#living(tuple, zone, 3, null);
  }

  /** Whether a connection other than `except` has that tuple, living in the same zone. */
  isTaken(tuple: Tuple, except: Connection): boolean {
    return this.holder(tuple, except) !== null;
  }

  /** The connection other than `except` that has the tuple, living in the same zone, or null. */
  holder(tuple: Tuple, except: Connection): Connection | null {
    const zone = except.zoneOf(Direction.REPLY);
    return this.#living(tuple, zone, directionsIn(except, zone), except);
  }

  /** What the table has, unless its time is over. @hot */
  #living(
    tuple: Tuple,
    zone: number,
    directions: number,
    except: Connection | null,
  ): Connection | null {
    for (;;) {
      const found = this.table.find(tuple, zone, directions);
      if (found === null || found === except) return null;
      if (!this.isExpired(found)) return found;
      this.kill(found);
    }
  }

  /** Of a TCP connection: the end of what its first host has sent. */
  tcpEnd(connection: Connection): number {
    return connection.row === -1 ? 0 : this.#windows.get(connection.row, END);
  }

  #create(tuple: Tuple, template: Connection | null): Connection | null {
    if (!tuple.hasAnswer) return null;
    const connection = this.#allocate(tuple);
    if (connection === null) return null;
    connection.original.copy(tuple);
    connection.reply.invert(tuple);
    if (template !== null) {
      connection.setZone(template.zone, template.zoneDirections);
    }
    return connection;
  }

  #allocate(tuple: Tuple): Connection | null {
    const max = this.settings.nf_conntrack_max;
    if (max !== 0 && this.#count >= max && !this.#collector.makeRoom(tuple)) {
      this.#full = true;
      return null;
    }
    this.#count += 1;
    const connection = new Connection(this);
    this.events.begin(connection);
    this.#lastId += 1;
    connection.id = this.#lastId;
    if (this.settings.nf_conntrack_acct !== 0) connection.accounting = new Accounting();
    return connection;
  }

  /** Gives the place of a connection that was never confirmed, or is gone, back. */
  free(connection: Connection): void {
    if ((connection.status & Status.TEMPLATE) !== 0) return;
    if (connection.row !== -1) this.#windows.release(connection.row);
    connection.row = -1;
    this.#count -= 1;
    this.owner?.connectionGone(connection);
  }

  /** Puts the connection of a packet that leaves into the table. @hot */
  confirm(packet: Packet): Verdict {
    const connection = connectionOf(packet.frame);
    if (connection === null) return Verdict.CONTINUE;
    if (connection.confirmed) {
      this.events.packetLeaves(connection);
      return Verdict.CONTINUE;
    }
    if ((connection.status & Status.TEMPLATE) !== 0) return Verdict.CONTINUE;
    if (directionOf(packet.frame.conntrackInfo) !== Direction.ORIGINAL) return Verdict.CONTINUE;
    if ((connection.status & Status.DYING) !== 0) return this.#dropped(packet);
    const clash = this.#clash(connection);
    if (clash !== null) return this.#resolveClash(packet, connection, clash);
    connection.status |= Status.CONFIRMED;
    connection.timeout += this.tick;
    this.#enter(connection, 0);
    return Verdict.CONTINUE;
  }

  /** A connection that already has one of the tuples. */
  #clash(connection: Connection): Connection | null {
    for (const direction of [Direction.ORIGINAL, Direction.REPLY] as const) {
      const zone = connection.zoneOf(direction);
      const directions = directionsIn(connection, zone);
      const found = this.#living(connection.tuple(direction), zone, directions, null);
      if (found !== null) return found;
    }
    return null;
  }

  /**
   * Two packets of one flow were on their way at once: the later takes the earlier's connection, where
   * a protocol bears that.
   */
  #resolveClash(packet: Packet, loser: Connection, winner: Connection): Verdict {
    const same = [Direction.ORIGINAL, Direction.REPLY].every(
      (direction) =>
        winner.tuple(direction).equals(loser.tuple(direction)) &&
        winner.zoneOf(direction) === loser.zoneOf(direction),
    );
    const isPlain = (winner.status & (Status.SRC_NAT_DONE | Status.DST_NAT_DONE)) === 0;
    if (!CLASHING_PROTOCOLS.includes(packet.protocol) || !(same || isPlain)) {
      this.statistics.insertFailed += 1;
      return this.#dropped(packet);
    }
    packet.frame.attach(winner, Info.NEW);
    this.statistics.clashResolve += 1;
    return Verdict.CONTINUE;
  }

  /** Sets how long a connection lives from now, in seconds, and counts the packet. @hot */
  refresh(connection: Connection, seconds: number, frame: Frame | null = null): void {
    if ((connection.status & Status.FIXED_TIMEOUT) === 0) {
      const ticks = seconds * HZ;
      connection.timeout = connection.confirmed ? this.tick + ticks : ticks;
    }
    if (frame !== null && connection.accounting !== null) this.account(connection, frame);
  }

  /** Counts a packet. */
  account(connection: Connection, frame: Frame): void {
    const { accounting } = connection;
    if (accounting === null) return;
    const direction = directionOf(frame.conntrackInfo);
    accounting.packets[direction] += 1;
    accounting.bytes[direction] += frame.length;
  }

  /** Ends it in `seconds` if it would live longer. */
  shorten(connection: Connection, seconds: number): void {
    const end = this.tick + seconds * HZ;
    if (connection.timeout > end) connection.timeout = end;
  }

  /** A packet is answered by a reset: its TCP connection is over (`nf_conntrack_tcp_set_closing`). */
  close(frame: Frame): void {
    const connection = connectionOf(frame);
    if (connection?.original.protocol !== IPPROTO_TCP) return;
    const { state, status } = connection;
    connection.state = TcpState.CLOSE;
    if (state === TcpState.CLOSE || (status & Status.FIXED_TIMEOUT) !== 0) return;
    connection.timeout = this.tick + this.settings.nf_conntrack_tcp_timeout_close * HZ;
    this.events.changed(connection);
  }

  /** Whole seconds until it ends. */
  secondsLeft(connection: Connection): number {
    return Math.max(0, Math.floor((connection.timeout - this.tick) / HZ));
  }

  /** Whether its time is over. @hot */
  isExpired(connection: Connection): boolean {
    return connection.timeout - this.tick <= 0;
  }

  /** Ends a confirmed connection; false if somebody else did. `portId`: of the program that asked. */
  kill(connection: Connection, portId = 0): boolean {
    if ((connection.status & Status.DYING) !== 0) return false;
    connection.status |= Status.DYING;
    if (connection.slot === -1) return true;
    this.table.remove(connection);
    this.events.tell("DESTROY", connection, portId);
    if (connection.uses === 0) this.free(connection);
    return true;
  }

  /**
   * Makes a connection as a program asks for it, confirmed at once and `seconds` to live; `prepare`
   * sets all but its first tuple, and both must be free. Null: the table is full.
   */
  insert(
    original: Tuple,
    seconds: number,
    portId: number,
    prepare: (connection: Connection) => void,
  ): Connection | null {
    const connection = this.#allocate(original);
    if (connection === null) return null;
    connection.original.copy(original);
    prepare(connection);
    const { protocol } = connection.original;
    if (protocol === IPPROTO_TCP || protocol === IPPROTO_SCTP)
      connection.row = this.#windows.take();
    connection.status |= Status.CONFIRMED;
    connection.timeout = this.tick + seconds * HZ;
    this.statistics.inserted += 1;
    this.#enter(connection, portId);
    return connection;
  }

  /** Puts a connection into the table, and tells of it. */
  #enter(connection: Connection, portId: number): void {
    this.table.add(connection);
    this.events.tell("NEW", connection, portId);
    this.#collector.wake();
  }

  /** Ends all connections that `matches`; returns how many. */
  killWhere(matches: (connection: Connection) => boolean): number {
    let killed = 0;
    for (const connection of this.table.sorted()) {
      if (!this.isExpired(connection) && matches(connection) && this.kill(connection)) killed += 1;
    }
    return killed;
  }

  /** The living connections in the order in which they were made. */
  list(): Connection[] {
    return this.table.sorted().filter((connection) => !this.isExpired(connection));
  }
}

/** The directions in which `zone` is the connection's zone, as bits. @hot */
function directionsIn(connection: Connection, zone: number): number {
  const original = connection.zoneOf(Direction.ORIGINAL) === zone ? 1 : 0;
  return connection.zoneOf(Direction.REPLY) === zone ? original | 2 : original;
}

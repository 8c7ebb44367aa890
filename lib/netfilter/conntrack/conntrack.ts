/**
 * The connections of a host from beginning to end: made, confirmed, kept alive, ended when their time
 * is over or somebody asks for it. `packets.ts` says what packets do with them.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (nf_conntrack_alloc, nf_ct_delete), 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";
import type { Frame } from "../../wire/frame.ts";
import { IPPROTO_SCTP, IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import type { NetfilterHost } from "../hooks.ts";
import { Collector } from "./collector.ts";
import { Accounting, Connection, connectionOf, directionOf, Status } from "./connection.ts";
import { ConntrackEvents } from "./events.ts";
import { Lookup } from "./lookup.ts";
import { PacketTracking } from "./packets.ts";
import { ConntrackStatistics } from "./statistics.ts";
import { type ConntrackSettings, defaultSettings } from "./sysctls.ts";
import { ConnectionTable } from "./table.ts";
import { TcpState } from "./tcp-state.ts";
import { END, TcpWindows } from "./tcp-window.ts";
import type { Tuple } from "./tuple.ts";

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
  readonly #windows = new TcpWindows();
  /** What happens at the hooks. */
  readonly packets = new PacketTracking(this, this.#windows);
  readonly lookup = new Lookup(this);
  readonly #collector: Collector;

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

  /** Of a TCP connection: the end of what its first host has sent. */
  tcpEnd(connection: Connection): number {
    return connection.row === -1 ? 0 : this.#windows.get(connection.row, END);
  }

  /** A connection that is not in the table yet, for that tuple; null if there is no room. */
  allocate(tuple: Tuple): Connection | null {
    const max = this.settings.nf_conntrack_max;
    if (max !== 0 && this.#count >= max && !this.#collector.makeRoom(tuple)) return null;
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
    const connection = this.allocate(original);
    if (connection === null) return null;
    connection.original.copy(original);
    prepare(connection);
    const { protocol } = connection.original;
    if (protocol === IPPROTO_TCP || protocol === IPPROTO_SCTP)
      connection.row = this.#windows.take();
    connection.timeout = this.tick + seconds * HZ;
    this.statistics.inserted += 1;
    this.enter(connection, portId);
    return connection;
  }

  /** Confirms a connection: puts it into the table, and tells of it. */
  enter(connection: Connection, portId: number): void {
    connection.status |= Status.CONFIRMED;
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

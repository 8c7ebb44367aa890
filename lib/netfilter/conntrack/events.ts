/**
 * Who hears of what happens to connections. What a packet changes is told once the packet leaves.
 *
 * Spec: conntrack-tools, `conntrack -E`.
 * Kernel: net/netfilter/nf_conntrack_ecache.c, 6.18.
 */
import { type Connection, News, Status } from "./connection.ts";

/** What happened to a connection, as `conntrack -E` names it. */
export type ConntrackEvent = "NEW" | "UPDATE" | "DESTROY";

/** Told of what happens to connections that are made while it listens. */
export interface ConntrackListener {
  /** `portId`: the netlink port of the program that did it, or 0. */
  connectionEvent(event: ConntrackEvent, connection: Connection, portId: number): void;
}

/** The events of a host's connections. */
export class ConntrackEvents {
  readonly listeners: ConntrackListener[] = [];

  /** A connection has been made: if somebody listens now, it will be told of. */
  begin(connection: Connection): void {
    if (this.listeners.length > 0) connection.news = News.TOLD;
  }

  /** Something about a connection is new. @hot */
  changed(connection: Connection): void {
    if (connection.news !== News.NONE) connection.news = News.PENDING;
  }

  /** A packet of the connection leaves. @hot */
  packetLeaves(connection: Connection): void {
    if (connection.news === News.PENDING) this.tell("UPDATE", connection, 0);
  }

  /** Tells of an event at once, as `ConntrackListener`. */
  tell(event: ConntrackEvent, connection: Connection, portId: number): void {
    if (connection.news === News.NONE) return;
    if (event === "UPDATE" && (connection.status & Status.DYING) !== 0) return;
    connection.news = News.TOLD;
    for (let index = 0; index < this.listeners.length; index += 1) {
      this.listeners[index]?.connectionEvent(event, connection, portId);
    }
  }
}

/** Who hears of what happens to connections, and of how much. Spec: conntrack-tools, `-E` and `-S`. */
import type { Connection } from "./connection.ts";

/** What happened to a connection, as `conntrack -E` names it. */
export type ConntrackEvent = "NEW" | "UPDATE" | "DESTROY";

/** Told of what happens to connections that are made while it listens. */
export interface ConntrackListener {
  /** `portId`: the netlink port of the program that did it, or 0. */
  connectionEvent(event: ConntrackEvent, connection: Connection, portId: number): void;
}

/** What conntrack asks of NAT when a connection goes. */
export interface ConnectionOwner {
  connectionGone(connection: Connection): void;
}

/** Counts of `conntrack -S`. */
export class ConntrackStatistics {
  found = 0;
  /** By programs; what packets make is not counted. */
  inserted = 0;
  invalid = 0;
  insertFailed = 0;
  drop = 0;
  earlyDrop = 0;
  error = 0;
  searchRestart = 0;
  clashResolve = 0;
}

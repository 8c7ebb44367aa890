/**
 * The verification tags of associations: each packet must carry the one that its receiver chose.
 *
 * Spec: RFC 9260 §8.5. Kernel: net/netfilter/nf_conntrack_proto_sctp.c (nf_conntrack_sctp_packet), 6.18.
 */
import type { Packet } from "../packet.ts";
import { type Connection, Direction } from "./connection.ts";
import {
  ABORT,
  bit,
  COOKIE_ACK,
  COOKIE_ECHO,
  DATA,
  FLAG_T,
  HEARTBEAT,
  HEARTBEAT_ACK,
  INIT,
  SHUTDOWN_COMPLETE,
  TAG,
} from "./sctp-chunks.ts";
import {
  END,
  LAST_DIRECTION,
  LAST_FLAGS,
  LAST_INDEX,
  MAX_END,
  SIDE,
  type TcpWindows,
} from "./tcp-window.ts";

/** Field of a side's row: whether an INIT came from it that no COOKIE ACK has ended. */
const INIT_SEEN = MAX_END;

/** The tags of a host's associations. They are kept in the rows that TCP uses for its windows. */
export class SctpTags {
  readonly #rows: TcpWindows;

  constructor(rows: TcpWindows) {
    this.#rows = rows;
  }

  /** Both sides may have sent an INIT: the tags of the INIT ACKs then tell which one counts. */
  noteInit(connection: Connection, direction: Direction): void {
    const rows = this.#rows;
    const { row } = connection;
    const mine = direction * SIDE + INIT_SEEN;
    const theirs = opposite(direction) * SIDE + INIT_SEEN;
    if (rows.get(row, mine) !== 0 && rows.get(row, theirs) !== 0) rows.set(row, theirs, 0);
    rows.set(row, mine, 1);
  }

  /** Whether an INIT ACK with that tag fits what was seen. */
  mayAnswer(connection: Connection, direction: Direction, initiateTag: number): boolean {
    const rows = this.#rows;
    const { row } = connection;
    const known = this.of(connection, opposite(direction));
    const theirs = rows.get(row, opposite(direction) * SIDE + INIT_SEEN) !== 0;
    if (known === initiateTag) return true;
    if (!theirs) return known === 0;
    return rows.get(row, direction * SIDE + INIT_SEEN) === 0;
  }

  #clearInits(connection: Connection): void {
    this.#rows.set(connection.row, INIT_SEEN, 0);
    this.#rows.set(connection.row, SIDE + INIT_SEEN, 0);
  }

  /** RFC 9260 §8.5.1, and the heartbeats of further paths. */
  check(
    connection: Connection,
    packet: Packet,
    direction: Direction,
    at: number,
    seen: number,
    ignored: boolean,
  ): "good" | "bad" | "ignore" {
    const { view } = packet;
    const type = view.getUint8(at);
    const tag = view.getInt32(packet.l4 + TAG);
    const own = this.of(connection, direction);
    switch (type) {
      case INIT:
        return tag === 0 ? "good" : "bad";
      case ABORT:
      case SHUTDOWN_COMPLETE: {
        const reflected = (view.getUint8(at + 1) & FLAG_T) !== 0;
        const wanted = reflected ? this.of(connection, opposite(direction)) : own;
        return tag === wanted ? "good" : "bad";
      }
      case COOKIE_ECHO:
        return tag === own ? "good" : "bad";
      case COOKIE_ACK:
        // Also when the state then refuses it.
        this.#clearInits(connection);
        return "good";
      case HEARTBEAT:
      case HEARTBEAT_ACK: {
        const isAlone = (seen & bit(DATA)) === 0 && !ignored;
        return this.#checkHeartbeat(connection, direction, type, tag, isAlone);
      }
      default:
        return "good";
    }
  }

  /** A heartbeat with another tag and its answer tell of a path of another association. */
  #checkHeartbeat(
    connection: Connection,
    direction: Direction,
    type: number,
    tag: number,
    isAlone: boolean,
  ): "good" | "bad" | "ignore" {
    const rows = this.#rows;
    const { row } = connection;
    const own = this.of(connection, direction);
    if (own === 0) {
      this.set(connection, direction, tag);
    } else if (tag !== own) {
      if (!isAlone) return "bad";
      if (type === HEARTBEAT) {
        rows.set(row, LAST_FLAGS, 1);
        rows.set(row, LAST_DIRECTION, direction);
        return "ignore";
      }
      const pending = rows.get(row, LAST_FLAGS) !== 0;
      if (!pending || rows.get(row, LAST_DIRECTION) === direction) return "bad";
      rows.set(row, LAST_FLAGS, 0);
      this.set(connection, direction, tag);
      this.set(connection, opposite(direction), 0);
    } else {
      rows.set(row, LAST_FLAGS, 0);
    }
    rows.set(row, LAST_INDEX, type);
    return "good";
  }

  /** The tag that packets of a direction must carry. */
  of(connection: Connection, direction: Direction): number {
    return this.#rows.get(connection.row, direction * SIDE + END);
  }

  set(connection: Connection, direction: Direction, tag: number): void {
    this.#rows.set(connection.row, direction * SIDE + END, tag);
  }
}

/** The other direction. */
export function opposite(direction: Direction): Direction {
  return direction === Direction.ORIGINAL ? Direction.REPLY : Direction.ORIGINAL;
}

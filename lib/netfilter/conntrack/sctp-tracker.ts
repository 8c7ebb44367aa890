/**
 * SCTP as conntrack sees it: associations by their chunks, with the verification tags checked.
 *
 *     +---------------+---------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +---------------+---------------+-------------------------------+
 *     |                       Verification Tag                        |
 *     +---------------------------------------------------------------+
 *     |                           Checksum                            |
 *     +---------------+---------------+-------------------------------+
 *     |  Chunk Type   |     Flags     |         Chunk Length          |  …
 *
 * Spec: RFC 9260 §3, §8.4, §8.5.
 * Kernel: net/netfilter/nf_conntrack_proto_sctp.c, 6.18.
 */
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { type Connection, Direction, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { crc32c } from "./crc32c.ts";
import { nextState, SCTP_CLOSED, SCTP_ESTABLISHED, SCTP_INVALID } from "./sctp-state.ts";
import {
  END,
  LAST_DIRECTION,
  LAST_FLAGS,
  LAST_INDEX,
  MAX_END,
  SIDE,
  type TcpWindows,
} from "./tcp-window.ts";
import { Tracking } from "./tracking.ts";

const HEADER_SIZE = 12;
const TAG = 4;
const CHECKSUM = 8;
/** Where the initiate tag stands in an INIT or INIT ACK chunk. */
const INITIATE_TAG = 4;
const FLAG_T = 1;
/** Field of a side's row: whether an INIT came from it that no COOKIE ACK has ended. */
const INIT_SEEN = MAX_END;

const DATA = 0;
const INIT = 1;
const INIT_ACK = 2;
const HEARTBEAT = 4;
const HEARTBEAT_ACK = 5;
const ABORT = 6;
const SHUTDOWN_ACK = 8;
const COOKIE_ECHO = 10;
const COOKIE_ACK = 11;
const SHUTDOWN_COMPLETE = 14;

/** How long an entry lives in each state. */
const SETTINGS = [
  "nf_conntrack_sctp_timeout_closed",
  "nf_conntrack_sctp_timeout_closed",
  "nf_conntrack_sctp_timeout_cookie_wait",
  "nf_conntrack_sctp_timeout_cookie_echoed",
  "nf_conntrack_sctp_timeout_established",
  "nf_conntrack_sctp_timeout_shutdown_sent",
  "nf_conntrack_sctp_timeout_shutdown_recd",
  "nf_conntrack_sctp_timeout_shutdown_ack_sent",
  "nf_conntrack_sctp_timeout_heartbeat_sent",
] as const;

/** Chunks whose packets may carry any verification tag here; checked one by one. */
const TAG_CHECKED_LATER =
  bit(INIT) |
  bit(SHUTDOWN_COMPLETE) |
  bit(COOKIE_ECHO) |
  bit(ABORT) |
  bit(SHUTDOWN_ACK) |
  bit(HEARTBEAT) |
  bit(HEARTBEAT_ACK);

/** The SCTP tracker of a host. Tags are kept in the rows that TCP uses for its windows. */
export class SctpTracker {
  readonly #conntrack: Conntrack;
  readonly #rows: TcpWindows;

  constructor(conntrack: Conntrack, rows: TcpWindows) {
    this.#conntrack = conntrack;
    this.#rows = rows;
  }

  /** Follows a packet of an association. */
  packet(connection: Connection, packet: Packet, direction: Direction): Tracking {
    if (!this.#isSound(packet)) return Tracking.INVALID;
    const chunks = chunksOf(packet);
    if (chunks === null) return Tracking.INVALID;
    const seen = chunks.reduce((bits, at) => bits | bit(packet.view.getUint8(at)), 0);
    if (!connection.confirmed && connection.row === -1) {
      if ((seen & (bit(ABORT) | bit(SHUTDOWN_COMPLETE) | bit(COOKIE_ACK))) !== 0) {
        return Tracking.INVALID;
      }
      if (!this.#begin(connection, packet, chunks)) return Tracking.INVALID;
    }
    const tag = packet.view.getInt32(packet.l4 + TAG);
    if ((seen & TAG_CHECKED_LATER) === 0 && tag !== this.#tag(connection, direction)) {
      return Tracking.INVALID;
    }
    return this.#chunks(connection, packet, direction, chunks, seen);
  }

  #isSound(packet: Packet): boolean {
    const { frame, view, l4, end } = packet;
    if (end - l4 < HEADER_SIZE) return false;
    if (packet.hook !== Hook.PREROUTING || frame.checksumVerified || frame.checksumPending) {
      return true;
    }
    if (this.#conntrack.settings.nf_conntrack_checksum === 0) return true;
    return view.getUint32(l4 + CHECKSUM, true) === crc32c(view, l4, end, l4 + CHECKSUM);
  }

  #begin(connection: Connection, packet: Packet, chunks: readonly number[]): boolean {
    const row = this.#rows.take();
    connection.row = row;
    connection.state = 0;
    const { view } = packet;
    const tag = view.getInt32(packet.l4 + TAG);
    for (const at of chunks) {
      const type = view.getUint8(at);
      const next = nextState(Direction.ORIGINAL, 0, type);
      if (next === 0 || next === SCTP_INVALID) return false;
      if (type === INIT) {
        if (tag !== 0 || at + INITIATE_TAG + 4 > packet.end) return false;
        this.#setTag(connection, Direction.REPLY, view.getInt32(at + INITIATE_TAG));
      } else if (type === HEARTBEAT) {
        this.#setTag(connection, Direction.ORIGINAL, tag);
      } else if (type === SHUTDOWN_ACK) {
        this.#setTag(connection, Direction.REPLY, tag);
      }
    }
    return true;
  }

  #chunks(
    connection: Connection,
    packet: Packet,
    direction: Direction,
    chunks: readonly number[],
    seen: number,
  ): Tracking {
    const { view } = packet;
    const before = connection.state;
    let ignored = false;
    let last: number = before;
    for (const at of chunks) {
      const type = view.getUint8(at);
      const checked = this.#checkTag(connection, packet, direction, at, seen, ignored);
      if (checked === "bad") return Tracking.INVALID;
      if (checked === "ignore") {
        ignored = true;
        continue;
      }
      last = connection.state;
      const next = nextState(direction, last, type);
      if (next === SCTP_INVALID) return Tracking.INVALID;
      if (type === INIT || type === INIT_ACK) {
        if (at + INITIATE_TAG + 4 > packet.end) return Tracking.INVALID;
        const initiateTag = view.getInt32(at + INITIATE_TAG);
        if (type === INIT_ACK && !this.#mayAnswer(connection, direction, initiateTag)) {
          return Tracking.INVALID;
        }
        if (type === INIT) {
          // One with the tag that is known already is late or sent again, and tells nothing new.
          if (last === 0 || this.#tag(connection, opposite(direction)) !== initiateTag) {
            this.#noteInit(connection, direction);
          }
          // An INIT that is sent again does not renew the entry: it might keep it for ever.
          if (next === SCTP_CLOSED && last === SCTP_CLOSED && connection.confirmed) ignored = true;
        }
        this.#setTag(connection, opposite(direction), initiateTag);
      }
      this.#enter(connection, next);
    }
    if (ignored) return Tracking.ACCEPT;
    const setting = SETTINGS[connection.state] ?? SETTINGS[0];
    this.#conntrack.refresh(connection, this.#conntrack.settings[setting], packet.frame);
    return Tracking.ACCEPT;
  }

  #enter(connection: Connection, next: number): void {
    const isNew = connection.state !== next;
    connection.state = next;
    if (isNew && next === SCTP_ESTABLISHED) connection.status |= Status.ASSURED;
    if (isNew) this.#conntrack.events.changed(connection);
  }

  /** Both sides may have sent an INIT: the tags of the INIT ACKs then tell which one counts. */
  #noteInit(connection: Connection, direction: Direction): void {
    const rows = this.#rows;
    const { row } = connection;
    const mine = direction * SIDE + INIT_SEEN;
    const theirs = opposite(direction) * SIDE + INIT_SEEN;
    if (rows.get(row, mine) !== 0 && rows.get(row, theirs) !== 0) rows.set(row, theirs, 0);
    rows.set(row, mine, 1);
  }

  /** Whether an INIT ACK with that tag fits what was seen. */
  #mayAnswer(connection: Connection, direction: Direction, initiateTag: number): boolean {
    const rows = this.#rows;
    const { row } = connection;
    const known = this.#tag(connection, opposite(direction));
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
  #checkTag(
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
    const own = this.#tag(connection, direction);
    switch (type) {
      case INIT:
        return tag === 0 ? "good" : "bad";
      case ABORT:
      case SHUTDOWN_COMPLETE: {
        const reflected = (view.getUint8(at + 1) & FLAG_T) !== 0;
        const wanted = reflected ? this.#tag(connection, opposite(direction)) : own;
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
    const own = this.#tag(connection, direction);
    if (own === 0) {
      this.#setTag(connection, direction, tag);
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
      this.#setTag(connection, direction, tag);
      this.#setTag(connection, opposite(direction), 0);
    } else {
      rows.set(row, LAST_FLAGS, 0);
    }
    rows.set(row, LAST_INDEX, type);
    return "good";
  }

  #tag(connection: Connection, direction: Direction): number {
    return this.#rows.get(connection.row, direction * SIDE + END);
  }

  #setTag(connection: Connection, direction: Direction, tag: number): void {
    this.#rows.set(connection.row, direction * SIDE + END, tag);
  }
}

function opposite(direction: Direction): Direction {
  return direction === Direction.ORIGINAL ? Direction.REPLY : Direction.ORIGINAL;
}

function bit(type: number): number {
  return type < 31 ? 1 << type : 0;
}

/** Where the chunks begin, or null if the packet must not look like this (RFC 9260 §6.10). */
function chunksOf(packet: Packet): number[] | null {
  const { view, end } = packet;
  const chunks: number[] = [];
  let alone = false;
  for (let at = packet.l4 + HEADER_SIZE; at + 4 <= end; ) {
    const type = view.getUint8(at);
    const length = view.getUint16(at + 2);
    if (type === INIT || type === INIT_ACK || type === SHUTDOWN_COMPLETE) alone = true;
    const mustBeFirst = type === COOKIE_ACK || type === COOKIE_ECHO || alone;
    if ((mustBeFirst && chunks.length > 0) || length === 0) return null;
    chunks.push(at);
    at += (length + 3) & ~3;
  }
  return chunks.length === 0 ? null : chunks;
}

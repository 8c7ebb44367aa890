/**
 * SCTP as conntrack sees it: associations, whose state each chunk may change.
 *
 * Spec: RFC 9260 §8.4. Kernel: net/netfilter/nf_conntrack_proto_sctp.c, 6.18.
 */
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { type Connection, Direction, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { crc32c } from "./crc32c.ts";
import {
  ABORT,
  bit,
  CHECKSUM,
  COOKIE_ACK,
  COOKIE_ECHO,
  chunksOf,
  HEADER_SIZE,
  HEARTBEAT,
  HEARTBEAT_ACK,
  INIT,
  INIT_ACK,
  INITIATE_TAG,
  SHUTDOWN_ACK,
  SHUTDOWN_COMPLETE,
  TAG,
} from "./sctp-chunks.ts";
import { nextState, SCTP_CLOSED, SCTP_ESTABLISHED, SCTP_INVALID } from "./sctp-state.ts";
import { opposite, SctpTags } from "./sctp-tags.ts";
import type { TcpWindows } from "./tcp-window.ts";
import { Tracking } from "./tracking.ts";

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

/** The SCTP tracker of a host. */
export class SctpTracker {
  readonly #conntrack: Conntrack;
  readonly #rows: TcpWindows;
  readonly #tags: SctpTags;

  constructor(conntrack: Conntrack, rows: TcpWindows) {
    this.#conntrack = conntrack;
    this.#rows = rows;
    this.#tags = new SctpTags(rows);
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
    if ((seen & TAG_CHECKED_LATER) === 0 && tag !== this.#tags.of(connection, direction)) {
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
        this.#tags.set(connection, Direction.REPLY, view.getInt32(at + INITIATE_TAG));
      } else if (type === HEARTBEAT) {
        this.#tags.set(connection, Direction.ORIGINAL, tag);
      } else if (type === SHUTDOWN_ACK) {
        this.#tags.set(connection, Direction.REPLY, tag);
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
    let ignored = false;
    for (const at of chunks) {
      const type = view.getUint8(at);
      const checked = this.#tags.check(connection, packet, direction, at, seen, ignored);
      if (checked === "bad") return Tracking.INVALID;
      if (checked === "ignore") {
        ignored = true;
        continue;
      }
      const before = connection.state;
      const next = nextState(direction, before, type);
      if (next === SCTP_INVALID) return Tracking.INVALID;
      if (type === INIT || type === INIT_ACK) {
        if (!this.#initiate(connection, packet, direction, at)) return Tracking.INVALID;
        // An INIT that is sent again does not renew the entry: it might keep it for ever.
        const isAgain = next === SCTP_CLOSED && before === SCTP_CLOSED && connection.confirmed;
        if (type === INIT && isAgain) ignored = true;
      }
      this.#enter(connection, next);
    }
    if (ignored) return Tracking.ACCEPT;
    const setting = SETTINGS[connection.state] ?? SETTINGS[0];
    this.#conntrack.refresh(connection, this.#conntrack.settings[setting], packet.frame);
    return Tracking.ACCEPT;
  }

  /** Takes note of the tag in an INIT or INIT ACK chunk; false if it does not fit. */
  #initiate(connection: Connection, packet: Packet, direction: Direction, at: number): boolean {
    if (at + INITIATE_TAG + 4 > packet.end) return false;
    const { view } = packet;
    const tag = view.getInt32(at + INITIATE_TAG);
    if (view.getUint8(at) === INIT_ACK) {
      if (!this.#tags.mayAnswer(connection, direction, tag)) return false;
    } else if (
      // One with the tag that is known already is late or sent again, and tells nothing new.
      connection.state === 0 ||
      this.#tags.of(connection, opposite(direction)) !== tag
    ) {
      this.#tags.noteInit(connection, direction);
    }
    this.#tags.set(connection, opposite(direction), tag);
    return true;
  }

  #enter(connection: Connection, next: number): void {
    const isNew = connection.state !== next;
    connection.state = next;
    if (isNew && next === SCTP_ESTABLISHED) connection.status |= Status.ASSURED;
    if (isNew) this.#conntrack.events.changed(connection);
  }
}

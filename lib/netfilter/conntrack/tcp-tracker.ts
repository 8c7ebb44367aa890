/**
 * TCP as conntrack sees it: each segment changes the state of its connection, if it lies in the
 * window, and how long the connection is kept.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (tcp_new, nf_conntrack_tcp_packet), 6.18.
 */
import * as tcp from "../../wire/tcp.ts";
import type { Packet } from "../packet.ts";
import { type Connection, Direction, directionOf, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { InWindow, WindowCheck } from "./tcp-in-window.ts";
import { ResetCheck, ResetVerdict } from "./tcp-reset.ts";
import { TcpSegment } from "./tcp-segment.ts";
import { flagsAreValid, IGNORE, INVALID, Kind, nextState, TcpState } from "./tcp-state.ts";
import { TcpTimeouts } from "./tcp-timeout.ts";
import * as row from "./tcp-window.ts";
import { Tracking } from "./tracking.ts";

/** The TCP tracker of a host. */
export class TcpTracker {
  readonly #conntrack: Conntrack;
  readonly #rows: row.TcpWindows;
  readonly #segment = new TcpSegment();
  readonly #window: WindowCheck;
  readonly #resets: ResetCheck;
  readonly #timeouts: TcpTimeouts;
  #row = -1;

  constructor(conntrack: Conntrack, rows: row.TcpWindows) {
    this.#conntrack = conntrack;
    this.#rows = rows;
    this.#window = new WindowCheck(rows, conntrack.settings, this.#segment);
    this.#resets = new ResetCheck(rows, conntrack.settings, this.#segment);
    this.#timeouts = new TcpTimeouts(conntrack, rows);
  }

  /** Whether the segment is sound enough to be tracked: lengths, flags. @hot */
  isSound(packet: Packet): boolean {
    return (
      tcp.isValid(packet.view, packet.l4, packet.end) &&
      flagsAreValid(tcp.flags(packet.view, packet.l4))
    );
  }

  /** Begins a connection with the segment; false if none may begin with it (`tcp_new`). */
  begin(connection: Connection, packet: Packet): boolean {
    const segment = this.#segment;
    segment.read(packet);
    const state = nextState(Direction.ORIGINAL, segment.kind, TcpState.NONE);
    if (state >= INVALID) return false;
    const loose = this.#conntrack.settings.nf_conntrack_tcp_loose !== 0;
    if (state !== TcpState.SYN_SENT && !loose) return false;
    const at = this.#rows.take();
    connection.row = at;
    connection.state = TcpState.NONE;
    const rows = this.#rows;
    const window = segment.window === 0 ? 1 : segment.window;
    rows.set(at, row.END, segment.end);
    rows.set(at, row.LAST_INDEX, Kind.NONE);
    rows.set(at, row.MAX_WINDOW, window);
    if (state === TcpState.SYN_SENT) {
      rows.set(at, row.MAX_END, segment.end);
      segment.takeOptions(rows, at, row.SCALE, row.FLAGS);
    } else {
      // A connection picked up in the middle: it gets the benefit of the doubt.
      rows.set(at, row.MAX_END, (segment.end + window) | 0);
      const flags = row.Flag.SACK_PERM | row.Flag.BE_LIBERAL;
      rows.set(at, row.FLAGS, flags);
      rows.set(at, row.SIDE + row.FLAGS, flags);
    }
    return true;
  }

  /** Follows a segment of a connection. @hot */
  packet(connection: Connection, packet: Packet, info: number): Tracking {
    this.#segment.read(packet);
    this.#row = connection.row;
    const direction = directionOf(info);
    const before = connection.state;
    const next = nextState(direction, this.#segment.kind, before);
    return this.#transition(connection, direction, before, next);
  }

  #transition(
    connection: Connection,
    direction: Direction,
    before: number,
    next: number,
  ): Tracking {
    const rows = this.#rows;
    const at = this.#row;
    switch (next) {
      case TcpState.SYN_SENT:
        if (before < TcpState.TIME_WAIT) break;
        if (this.#mayReopen(direction)) {
          return this.#conntrack.kill(connection) ? Tracking.REPEAT : Tracking.DROP;
        }
        return this.#ignore(connection, direction, before);
      case IGNORE:
        return this.#ignore(connection, direction, before);
      case INVALID:
        return Tracking.INVALID;
      case TcpState.TIME_WAIT:
        // RFC 5961's challenge ACK to a stray SYN must not be taken for the last ACK.
        if (
          before === TcpState.LAST_ACK &&
          this.#segment.kind === Kind.ACK &&
          rows.get(at, row.LAST_DIRECTION) !== direction &&
          rows.get(at, row.LAST_INDEX) === Kind.SYN &&
          (rows.get(at, row.LAST_FLAGS) & row.Flag.CHALLENGE_ACK) !== 0
        ) {
          rows.clear(at, row.LAST_FLAGS, row.Flag.CHALLENGE_ACK);
          return Tracking.ACCEPT;
        }
        break;
      case TcpState.SYN_SENT2:
        rows.or(at, row.LAST_FLAGS, row.Flag.SIMULTANEOUS_OPEN);
        break;
      case TcpState.SYN_RECV:
        if (
          direction === Direction.REPLY &&
          this.#segment.kind === Kind.ACK &&
          (rows.get(at, row.LAST_FLAGS) & row.Flag.SIMULTANEOUS_OPEN) !== 0
        ) {
          return this.#inState(connection, direction, before, TcpState.ESTABLISHED, false);
        }
        break;
      case TcpState.CLOSE:
        if (this.#segment.kind === Kind.RST) return this.#reset(connection, direction, before);
        break;
      default:
    }
    return this.#inState(connection, direction, before, next, false);
  }

  /** Whether a SYN may begin anew what was closed or reset. */
  #mayReopen(direction: Direction): boolean {
    const rows = this.#rows;
    const at = this.#row;
    const flags = rows.get(at, row.FLAGS) | rows.get(at, row.SIDE + row.FLAGS);
    return (
      (flags & row.Flag.CLOSE_INIT) !== 0 ||
      (rows.get(at, row.LAST_DIRECTION) === direction && rows.get(at, row.LAST_INDEX) === Kind.RST)
    );
  }

  /** A segment that may belong to another incarnation: remembered, and let through. */
  #ignore(connection: Connection, direction: Direction, before: number): Tracking {
    const rows = this.#rows;
    const at = this.#row;
    const segment = this.#segment;
    const lastDirection = rows.get(at, row.LAST_DIRECTION);
    if (
      segment.kind === Kind.SYNACK &&
      rows.get(at, row.LAST_INDEX) === Kind.SYN &&
      lastDirection !== direction &&
      segment.acknowledgment === rows.get(at, row.LAST_END)
    ) {
      this.#resynchronise(lastDirection as Direction, direction);
      return this.#inState(connection, direction, TcpState.SYN_SENT, TcpState.SYN_RECV, false);
    }
    rows.set(at, row.LAST_INDEX, segment.kind);
    rows.set(at, row.LAST_DIRECTION, direction);
    rows.set(at, row.LAST_SEQUENCE, segment.sequence);
    rows.set(at, row.LAST_END, segment.end);
    rows.set(at, row.LAST_WINDOW, segment.window);
    if (segment.kind === Kind.SYN && direction === Direction.ORIGINAL) {
      rows.set(at, row.LAST_FLAGS, 0);
      rows.set(at, row.LAST_SCALE, 0);
      segment.takeOptions(rows, at, row.LAST_SCALE, row.LAST_FLAGS);
      if (before === TcpState.LAST_ACK) rows.or(at, row.LAST_FLAGS, row.Flag.CHALLENGE_ACK);
    }
    if (
      before === TcpState.SYN_SENT &&
      segment.kind === Kind.ACK &&
      direction === Direction.REPLY
    ) {
      rows.set(at, row.LAST_ACK, segment.acknowledgment);
    }
    return Tracking.ACCEPT;
  }

  /** Takes over what was remembered of a SYN that turned out to be real. */
  #resynchronise(synDirection: Direction, direction: Direction): void {
    const rows = this.#rows;
    const at = this.#row;
    const side = synDirection * row.SIDE;
    const end = rows.get(at, row.LAST_END);
    rows.set(at, side + row.END, end);
    rows.set(at, side + row.MAX_END, end);
    rows.set(at, side + row.MAX_WINDOW, Math.max(rows.get(at, row.LAST_WINDOW), 1));
    rows.set(at, side + row.SCALE, rows.get(at, row.LAST_SCALE));
    rows.clear(at, row.LAST_FLAGS, row.Flag.CHALLENGE_ACK);
    rows.set(at, side + row.FLAGS, rows.get(at, row.LAST_FLAGS));
    this.#resetSide(direction);
  }

  #resetSide(direction: Direction): void {
    const side = direction * row.SIDE;
    const flags = this.#rows.get(this.#row, side + row.FLAGS) & row.Flag.BE_LIBERAL;
    for (let field = 0; field < row.SIDE; field += 1) this.#rows.set(this.#row, side + field, 0);
    this.#rows.set(this.#row, side + row.FLAGS, flags);
  }

  #reset(connection: Connection, direction: Direction, before: number): Tracking {
    switch (this.#resets.check(connection, direction, before)) {
      case ResetVerdict.INVALID:
        return Tracking.INVALID;
      case ResetVerdict.CLOSE:
        return this.#inState(connection, direction, before, TcpState.CLOSE, false);
      case ResetVerdict.CLOSE_UNCHECKED:
        return this.#inState(connection, direction, before, TcpState.CLOSE, true);
      case ResetVerdict.STAY:
        return this.#inState(connection, direction, before, before, false);
      default:
        return this.#inState(connection, direction, before, before, true);
    }
  }

  /** Checks the window unless told not to, and carries the change of state out. */
  #inState(
    connection: Connection,
    direction: Direction,
    before: number,
    next: number,
    skipWindow: boolean,
  ): Tracking {
    const rows = this.#rows;
    const at = this.#row;
    if (!skipWindow) {
      const result = this.#window.check(at, before, direction);
      if (result === InWindow.IGNORE) return Tracking.ACCEPT;
      if (result === InWindow.NO) {
        this.#timeouts.shortenIfClosing(connection, direction, this.#segment.kind);
        return Tracking.INVALID;
      }
    }
    rows.set(at, row.LAST_INDEX, this.#segment.kind);
    rows.set(at, row.LAST_DIRECTION, direction);
    connection.state = next;
    if (before !== next && next === TcpState.FIN_WAIT) {
      rows.or(at, direction * row.SIDE + row.FLAGS, row.Flag.CLOSE_INIT);
    }
    return this.#refresh(connection, before, next);
  }

  #refresh(connection: Connection, before: number, next: number): Tracking {
    const conntrack = this.#conntrack;
    const { kind, frame } = this.#segment;
    let timeout = this.#timeouts.secondsIn(next, connection.row, kind);
    if (before !== next) conntrack.events.changed(connection);
    if ((connection.status & Status.SEEN_REPLY) === 0) {
      if (kind === Kind.RST) {
        if (frame !== null) conntrack.account(connection, frame);
        conntrack.kill(connection);
        return Tracking.ACCEPT;
      }
      // A SYN that is sent again does not renew the entry: it might keep it for ever.
      if (kind === Kind.SYN && before === TcpState.SYN_SENT) return Tracking.ACCEPT;
      // A connection picked up in the middle must not stay for days unless it is answered.
      if (next === TcpState.ESTABLISHED) {
        timeout = Math.min(timeout, conntrack.settings.nf_conntrack_tcp_timeout_unacknowledged);
      }
    } else if (
      (connection.status & Status.ASSURED) === 0 &&
      (before === TcpState.SYN_RECV || before === TcpState.ESTABLISHED) &&
      next === TcpState.ESTABLISHED
    ) {
      connection.status |= Status.ASSURED;
      conntrack.events.changed(connection);
    }
    conntrack.refresh(connection, timeout, frame);
    return Tracking.ACCEPT;
  }
}

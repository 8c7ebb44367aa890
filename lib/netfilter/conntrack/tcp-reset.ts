/**
 * What a reset does to a connection: only one with a plausible sequence number ends it.
 *
 * Spec: RFC 5961 §3. Kernel: net/netfilter/nf_conntrack_proto_tcp.c (nf_conntrack_tcp_packet), 6.18.
 */
import { before as isBefore } from "../../wire/sequence.ts";
import { type Connection, Direction, Status } from "./connection.ts";
import type { ConntrackSettings } from "./sysctls.ts";
import type { TcpSegment } from "./tcp-segment.ts";
import { Kind, mayDropEarly, TcpState } from "./tcp-state.ts";
import * as row from "./tcp-window.ts";

/** What becomes of a connection that sees a reset. */
export const ResetVerdict = {
  INVALID: 0,
  /** It closes if the reset lies in the window. */
  CLOSE: 1,
  /** It closes, wherever the reset lies. */
  CLOSE_UNCHECKED: 2,
  /** The receiver may answer with a challenge ACK, so it lives on. */
  STAY: 3,
  STAY_UNCHECKED: 4,
} as const;
export type ResetVerdict = (typeof ResetVerdict)[keyof typeof ResetVerdict];

/** Judges the resets of a host's connections. */
export class ResetCheck {
  readonly #rows: row.TcpWindows;
  readonly #settings: ConntrackSettings;
  readonly #segment: TcpSegment;

  /** `segment`: the one at hand, read anew for each packet. */
  constructor(rows: row.TcpWindows, settings: ConntrackSettings, segment: TcpSegment) {
    this.#rows = rows;
    this.#settings = settings;
    this.#segment = segment;
  }

  /** Judges the reset at hand, of a connection in state `before`. */
  check(connection: Connection, direction: Direction, before: number): ResetVerdict {
    const rows = this.#rows;
    const at = connection.row;
    const other = (1 - direction) * row.SIDE;
    // A connection that is closing may have been begun anew already.
    if (mayDropEarly(before)) return ResetVerdict.CLOSE_UNCHECKED;
    let closes = true;
    if (
      (rows.get(at, other + row.FLAGS) & row.Flag.MAXACK_SET) !== 0 &&
      rows.get(at, row.LAST_INDEX) !== Kind.SYN
    ) {
      const { sequence } = this.#segment;
      const isEstablished =
        before === TcpState.ESTABLISHED && (connection.status & Status.ASSURED) !== 0;
      if (sequence === 0 && !isEstablished) return ResetVerdict.CLOSE;
      const expected = rows.get(at, other + row.MAX_ACK);
      const toleratesOld = this.#settings.nf_conntrack_tcp_ignore_invalid_rst !== 0;
      if (isBefore(sequence, expected) && !toleratesOld) return ResetVerdict.INVALID;
      const isExact = sequence === expected || this.#followsLastAck(at, direction);
      if (!isEstablished || isExact) return ResetVerdict.CLOSE;
      closes = false;
    }
    if (this.#answersIgnored(connection, direction, before)) {
      return closes ? ResetVerdict.CLOSE_UNCHECKED : ResetVerdict.STAY_UNCHECKED;
    }
    return closes ? ResetVerdict.CLOSE : ResetVerdict.STAY;
  }

  /** Whether the reset comes right behind an ACK of its own side. */
  #followsLastAck(at: number, direction: Direction): boolean {
    const rows = this.#rows;
    return (
      rows.get(at, row.LAST_INDEX) === Kind.ACK &&
      rows.get(at, row.LAST_DIRECTION) === direction &&
      this.#segment.sequence === rows.get(at, row.LAST_END)
    );
  }

  /** Whether a reset answers a segment of the other side that was let through unchecked. */
  #answersIgnored(connection: Connection, direction: Direction, before: number): boolean {
    const rows = this.#rows;
    const at = connection.row;
    const lastDirection = rows.get(at, row.LAST_DIRECTION);
    const last = rows.get(at, row.LAST_INDEX);
    const { status } = connection;
    if (
      lastDirection !== direction &&
      (((status & Status.SEEN_REPLY) !== 0 && last === Kind.SYN) ||
        ((status & Status.ASSURED) === 0 && last === Kind.ACK)) &&
      this.#segment.acknowledgment === rows.get(at, row.LAST_END)
    ) {
      return true;
    }
    // The answer to a challenge ACK.
    return (
      before === TcpState.SYN_SENT &&
      last === Kind.ACK &&
      lastDirection === Direction.REPLY &&
      this.#segment.sequence === rows.get(at, row.LAST_ACK)
    );
  }
}

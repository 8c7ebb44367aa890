/**
 * How long a TCP connection is kept after a segment.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (nf_conntrack_tcp_packet, nf_tcp_handle_invalid), 6.18.
 */
import { type Connection, type Direction, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { Kind, TcpState, TIMEOUT_SETTINGS } from "./tcp-state.ts";
import * as row from "./tcp-window.ts";

/** Seconds; the one state whose timeout no sysctl sets. */
const SYN_SENT2_TIMEOUT = 120;
/** Connections that end sooner than that stay as they are (nf_tcp_handle_invalid). */
const SHORT_SECONDS = 120;

/** The timeouts of a host's TCP connections. */
export class TcpTimeouts {
  readonly #conntrack: Conntrack;
  readonly #rows: row.TcpWindows;

  constructor(conntrack: Conntrack, rows: row.TcpWindows) {
    this.#conntrack = conntrack;
    this.#rows = rows;
  }

  /** Seconds that the connection of a row lives in a state, after a segment of that kind. @hot */
  secondsIn(state: number, at: number, kind: Kind): number {
    const { settings } = this.#conntrack;
    const rows = this.#rows;
    const timeout =
      state === TcpState.SYN_SENT2
        ? SYN_SENT2_TIMEOUT
        : settings[TIMEOUT_SETTINGS[state] ?? "nf_conntrack_tcp_timeout_close"];
    const flags = rows.get(at, row.FLAGS) | rows.get(at, row.SIDE + row.FLAGS);
    const retransmission = settings.nf_conntrack_tcp_timeout_max_retrans;
    if (
      rows.get(at, row.RETRANSMISSIONS) >= settings.nf_conntrack_tcp_max_retrans &&
      timeout > retransmission
    ) {
      return retransmission;
    }
    if (kind === Kind.RST) return settings.nf_conntrack_tcp_timeout_close;
    if ((flags & row.Flag.DATA_UNACKNOWLEDGED) !== 0) {
      const unacknowledged = settings.nf_conntrack_tcp_timeout_unacknowledged;
      if (timeout > unacknowledged) return unacknowledged;
    }
    if (rows.get(at, row.LAST_WINDOW) === 0 && timeout > retransmission) return retransmission;
    return timeout;
  }

  /** FINs or RSTs of both sides out of the window: the connection is dead, it only cannot be told. */
  shortenIfClosing(connection: Connection, direction: Direction, kind: Kind): void {
    if (
      (connection.status & Status.ASSURED) === 0 ||
      (connection.status & Status.FIXED_TIMEOUT) !== 0 ||
      (kind !== Kind.RST && kind !== Kind.FIN)
    ) {
      return;
    }
    const rows = this.#rows;
    const at = connection.row;
    const last = rows.get(at, row.LAST_INDEX);
    if (
      rows.get(at, row.LAST_DIRECTION) !== direction &&
      (last === Kind.FIN || last === Kind.RST)
    ) {
      const seconds = this.#conntrack.settings.nf_conntrack_tcp_timeout_unacknowledged;
      if (this.#conntrack.secondsLeft(connection) >= SHORT_SECONDS) {
        this.#conntrack.shorten(connection, seconds);
      }
    } else {
      rows.set(at, row.LAST_INDEX, kind);
      rows.set(at, row.LAST_DIRECTION, direction);
    }
  }
}

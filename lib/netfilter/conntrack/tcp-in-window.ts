/**
 * Whether a TCP segment lies in its connection's window, as far as a host in the middle can tell, and
 * what such a segment teaches about the window.
 *
 * Spec: Guido van Rooij, "Real stateful TCP packet filtering in IP Filter" (2000).
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (tcp_in_window, tcp_init_sender), 6.18.
 */
import { after, before } from "../../wire/sequence.ts";
import * as tcp from "../../wire/tcp.ts";
import { Direction } from "./connection.ts";
import type { ConntrackSettings } from "./sysctls.ts";
import type { TcpSegment } from "./tcp-segment.ts";
import { Kind, TcpState } from "./tcp-state.ts";
import * as row from "./tcp-window.ts";

/** How the check ends. */
export const InWindow = {
  YES: 0,
  /** Out of the window for a reason that happens to good connections: let through, not looked at. */
  IGNORE: 1,
  NO: 2,
} as const;
export type InWindow = (typeof InWindow)[keyof typeof InWindow];

/** An ACK may lag behind by at least so many bytes (MAXACKWINCONST). */
const MIN_ACK_WINDOW = 66000;

/** Checks segments against the rows of a host's connections. */
export class WindowCheck {
  readonly #rows: row.TcpWindows;
  readonly #settings: ConntrackSettings;
  /** The row, the segment and its numbers; the latter may be corrected before they are compared. */
  #row = -1;
  #segment: TcpSegment;
  #seq = 0;
  #ack = 0;
  #sack = 0;
  #end = 0;

  /** `segment`: the one into which the tracker reads. */
  constructor(rows: row.TcpWindows, settings: ConntrackSettings, segment: TcpSegment) {
    this.#rows = rows;
    this.#settings = settings;
    this.#segment = segment;
  }

  /** Looks at the segment, and moves the window in row `at` on if it lies in it. @hot */
  check(at: number, state: number, direction: Direction): InWindow {
    const rows = this.#rows;
    const segment = this.#segment;
    const receiver = (1 - direction) * row.SIDE;
    this.#row = at;
    this.#seq = segment.sequence;
    this.#ack = segment.acknowledgment;
    this.#end = segment.end;
    const sacks = (rows.get(at, receiver + row.FLAGS) & row.Flag.SACK_PERM) !== 0;
    this.#sack = sacks ? segment.highestSack() : this.#ack;
    const isOpening = this.#meetSender(state, direction);
    if (isOpening) return InWindow.YES;
    this.#correct(state, direction);
    const result = this.#compare(direction);
    if (result !== InWindow.YES) return this.#isLiberal(direction) ? InWindow.YES : result;
    this.#moveOn(direction);
    return InWindow.YES;
  }

  /**
   * Takes note of a sender from which nothing was seen before, or which opens again. True: it is a
   * SYN that acknowledges nothing, so that there is nothing to compare.
   */
  #meetSender(state: number, direction: Direction): boolean {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const { flags, window } = this.#segment;
    const isSyn = (flags & tcp.FLAG_SYN) !== 0;
    const hasAck = (flags & tcp.FLAG_ACK) !== 0;
    if (rows.get(at, sender + row.MAX_WINDOW) === 0) {
      if (!isSyn) {
        this.#pickUp(direction);
        return false;
      }
      this.#initSender(direction, this.#end, window);
      return !hasAck;
    }
    if (
      isSyn &&
      after(this.#end, rows.get(at, sender + row.END)) &&
      (state === TcpState.SYN_SENT || state === TcpState.SYN_RECV)
    ) {
      this.#initSender(direction, this.#end, window);
      return direction === Direction.REPLY && !hasAck;
    }
    return false;
  }

  /** The first segment of a sender is none that opens: its window begins where the segment ends. */
  #pickUp(direction: Direction): void {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const scaled = this.#segment.window * 2 ** rows.get(at, sender + row.SCALE);
    const maxWindow = scaled === 0 ? 1 : scaled;
    rows.set(at, sender + row.END, this.#end);
    rows.set(at, sender + row.MAX_WINDOW, maxWindow);
    rows.set(at, sender + row.MAX_END, (this.#end + maxWindow) | 0);
    if (rows.get(at, receiver + row.MAX_WINDOW) === 0) {
      rows.set(at, receiver + row.END, this.#sack);
      rows.set(at, receiver + row.MAX_END, this.#sack);
    } else if (this.#sack === ((rows.get(at, receiver + row.END) + 1) | 0)) {
      // The other side's keepalive probe, or a packet lost before we saw it.
      rows.set(at, receiver + row.END, (rows.get(at, receiver + row.END) + 1) | 0);
    }
  }

  #initSender(direction: Direction, end: number, window: number): void {
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const rows = this.#rows;
    const at = this.#row;
    rows.set(at, sender + row.END, end);
    rows.set(at, sender + row.MAX_END, end);
    rows.set(at, sender + row.MAX_WINDOW, window === 0 ? 1 : window);
    rows.set(at, sender + row.SCALE, 0);
    rows.set(at, sender + row.FLAGS, rows.get(at, sender + row.FLAGS) & row.Flag.BE_LIBERAL);
    this.#segment.takeOptions(rows, at, sender + row.SCALE, sender + row.FLAGS);
    // RFC 7323 §2.2: scaling is on only if both sides offered it.
    if (direction === Direction.ORIGINAL) return;
    const both = rows.get(at, sender + row.FLAGS) & rows.get(at, receiver + row.FLAGS);
    if ((both & row.Flag.WINDOW_SCALE) === 0) {
      rows.set(at, sender + row.SCALE, 0);
      rows.set(at, receiver + row.SCALE, 0);
    }
  }

  /** Segments that acknowledge nothing, and resets that answer a SYN, have no numbers to compare. */
  #correct(state: number, direction: Direction): void {
    const rows = this.#rows;
    const at = this.#row;
    const { flags } = this.#segment;
    const isRst = (flags & tcp.FLAG_RST) !== 0;
    if ((flags & tcp.FLAG_ACK) === 0 || (isRst && this.#ack === 0)) {
      this.#ack = rows.get(at, (1 - direction) * row.SIDE + row.END);
      this.#sack = this.#ack;
    }
    if (isRst && this.#seq === 0 && state === TcpState.SYN_SENT) {
      this.#seq = rows.get(at, direction * row.SIDE + row.END);
      this.#end = this.#seq;
    }
  }

  /** The four bounds: of data above and below, of acknowledgments above and below. */
  #compare(direction: Direction): InWindow {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const receiverWindow = rows.get(at, receiver + row.MAX_WINDOW);
    const receiverEnd = rows.get(at, receiver + row.END);
    const senderMaxEnd = rows.get(at, sender + row.MAX_END);
    const dataIsRecent =
      receiverWindow === 0 ||
      after(this.#end, (rows.get(at, sender + row.END) - receiverWindow - 1) | 0);
    const ackIsOfSent = before(this.#sack, (receiverEnd + 1) | 0);
    const ackWindow = Math.max(rows.get(at, sender + row.MAX_WINDOW), MIN_ACK_WINDOW);
    const ackIsRecent = after(this.#sack, (receiverEnd - ackWindow - 1) | 0);
    if (!before(this.#seq, (senderMaxEnd + 1) | 0)) {
      const overshot = (this.#end - senderMaxEnd + 1) >>> 0;
      if (
        receiverWindow === 0 ||
        !dataIsRecent ||
        overshot > receiverWindow ||
        !ackIsOfSent ||
        !ackIsRecent
      ) {
        return InWindow.NO;
      }
      // More bytes than the window allows; the receiver may acknowledge them all the same.
      rows.set(at, sender + row.END, this.#end);
      rows.or(at, sender + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
      return InWindow.IGNORE;
    }
    if (!ackIsOfSent) return InWindow.NO;
    return dataIsRecent && ackIsRecent ? InWindow.YES : InWindow.IGNORE;
  }

  #isLiberal(direction: Direction): boolean {
    const flags = this.#rows.get(this.#row, direction * row.SIDE + row.FLAGS);
    return (flags & row.Flag.BE_LIBERAL) !== 0 || this.#settings.nf_conntrack_tcp_be_liberal !== 0;
  }

  #moveOn(direction: Direction): void {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const ack = this.#ack;
    const end = this.#end;
    const { flags } = this.#segment;
    let { window } = this.#segment;
    if ((flags & tcp.FLAG_SYN) === 0) window *= 2 ** rows.get(at, sender + row.SCALE);
    const offered = window + ((this.#sack - ack) | 0);
    if (rows.get(at, sender + row.MAX_WINDOW) < offered) {
      rows.set(at, sender + row.MAX_WINDOW, offered);
    }
    if (after(end, rows.get(at, sender + row.END))) {
      rows.set(at, sender + row.END, end);
      rows.or(at, sender + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
    }
    if ((flags & tcp.FLAG_ACK) !== 0) {
      const known = (rows.get(at, sender + row.FLAGS) & row.Flag.MAXACK_SET) !== 0;
      if (!known || after(ack, rows.get(at, sender + row.MAX_ACK))) {
        rows.set(at, sender + row.MAX_ACK, ack);
        rows.or(at, sender + row.FLAGS, row.Flag.MAXACK_SET);
      }
    }
    const maxEnd = rows.get(at, sender + row.MAX_END);
    if (rows.get(at, receiver + row.MAX_WINDOW) !== 0 && after(end, maxEnd)) {
      const more = (end - maxEnd) | 0;
      rows.set(at, receiver + row.MAX_WINDOW, rows.get(at, receiver + row.MAX_WINDOW) + more);
    }
    const edge = (this.#sack + window) | 0;
    if (after(edge, (rows.get(at, receiver + row.MAX_END) - 1) | 0)) {
      rows.set(at, receiver + row.MAX_END, window === 0 ? (edge + 1) | 0 : edge);
    }
    if (ack === rows.get(at, receiver + row.END)) {
      rows.clear(at, receiver + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
    }
    if (this.#segment.kind === Kind.ACK) this.#countRetransmission(direction);
  }

  #countRetransmission(direction: Direction): void {
    const rows = this.#rows;
    const at = this.#row;
    const { window } = this.#segment;
    if (
      rows.get(at, row.LAST_DIRECTION) === direction &&
      rows.get(at, row.LAST_SEQUENCE) === this.#seq &&
      rows.get(at, row.LAST_ACK) === this.#ack &&
      rows.get(at, row.LAST_END) === this.#end &&
      rows.get(at, row.LAST_WINDOW) === window
    ) {
      rows.set(at, row.RETRANSMISSIONS, rows.get(at, row.RETRANSMISSIONS) + 1);
      return;
    }
    rows.set(at, row.LAST_DIRECTION, direction);
    rows.set(at, row.LAST_SEQUENCE, this.#seq);
    rows.set(at, row.LAST_ACK, this.#ack);
    rows.set(at, row.LAST_END, this.#end);
    rows.set(at, row.LAST_WINDOW, window);
    rows.set(at, row.RETRANSMISSIONS, 0);
  }
}

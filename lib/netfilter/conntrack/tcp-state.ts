/**
 * TCP as conntrack sees it: a state machine driven by the flags of segments in both directions, and
 * a check that each segment lies in the window.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (nf_conntrack_tcp_packet, tcp_in_window), 6.18.
 */
import type { Frame } from "../../wire/frame.ts";
import * as tcp from "../../wire/tcp.ts";
import { TcpOptions } from "../../wire/tcp-options.ts";
import type { Packet } from "../packet.ts";
import { type Connection, Direction, directionOf, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import * as row from "./tcp-window.ts";

/** States, in the kernel's numbering. */
export const TcpState = {
  NONE: 0,
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT: 4,
  CLOSE_WAIT: 5,
  LAST_ACK: 6,
  TIME_WAIT: 7,
  CLOSE: 8,
  SYN_SENT2: 9,
} as const;

/** Their names, as `conntrack -L` prints them. */
export const TCP_STATE_NAMES = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
] as const;

const SETTINGS = [
  "nf_conntrack_tcp_timeout_syn_sent",
  "nf_conntrack_tcp_timeout_syn_sent",
  "nf_conntrack_tcp_timeout_syn_recv",
  "nf_conntrack_tcp_timeout_established",
  "nf_conntrack_tcp_timeout_fin_wait",
  "nf_conntrack_tcp_timeout_close_wait",
  "nf_conntrack_tcp_timeout_last_ack",
  "nf_conntrack_tcp_timeout_time_wait",
  "nf_conntrack_tcp_timeout_close",
  "nf_conntrack_tcp_timeout_syn_sent",
] as const;

/** Seconds; the one state whose timeout no sysctl sets. */
const SYN_SENT2_TIMEOUT = 120;

/** Results of the state table that are no states. */
const INVALID = 10;
const IGNORE = 11;

/** Kinds of segments, by their flags (`enum tcp_bit_set`). */
const SYN = 0;
const SYNACK = 1;
const FIN = 2;
const ACK = 3;
const RST = 4;
const NONE = 5;

const { NONE: sNO, SYN_SENT: sSS, SYN_RECV: sSR, ESTABLISHED: sES, FIN_WAIT: sFW } = TcpState;
const { CLOSE_WAIT: sCW, LAST_ACK: sLA, TIME_WAIT: sTW, CLOSE: sCL, SYN_SENT2: sS2 } = TcpState;
const sIV = INVALID;
const sIG = IGNORE;

/** Next state by direction, kind of segment, and state: NO SS SR ES FW CW LA TW CL S2. */
const TRANSITIONS = Uint8Array.of(
  ...[sSS, sSS, sIG, sIG, sIG, sIG, sIG, sSS, sSS, sS2],
  ...[sIV, sIV, sSR, sIV, sIV, sIV, sIV, sIV, sIV, sSR],
  ...[sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
  ...[sES, sIV, sES, sES, sCW, sCW, sTW, sTW, sCL, sIV],
  ...[sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
  ...[sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
  ...[sIV, sS2, sIV, sIV, sIV, sIV, sIV, sSS, sIV, sS2],
  ...[sIV, sSR, sIG, sIG, sIG, sIG, sIG, sIG, sIG, sSR],
  ...[sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
  ...[sIV, sIG, sSR, sES, sCW, sCW, sTW, sTW, sCL, sIG],
  ...[sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
  ...[sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
);

/** What a tracker makes of a packet. */
export const Tracking = { ACCEPT: 0, INVALID: 1, REPEAT: 2, DROP: 3 } as const;
export type Tracking = (typeof Tracking)[keyof typeof Tracking];

/** How the window check ends. */
const IN_WINDOW = 0;
const IGNORED = 1;
const OUT_OF_WINDOW = 2;

/** An ACK may lag behind by at least so much (MAXACKWINCONST). */
const MIN_ACK_WINDOW = 66000;
const FLAGS_LOOKED_AT = tcp.FLAG_FIN | tcp.FLAG_SYN | tcp.FLAG_RST | tcp.FLAG_ACK | tcp.FLAG_URG;

const VALID_FLAGS = new Set([
  tcp.FLAG_SYN,
  tcp.FLAG_SYN | tcp.FLAG_URG,
  tcp.FLAG_SYN | tcp.FLAG_ACK,
  tcp.FLAG_RST,
  tcp.FLAG_RST | tcp.FLAG_ACK,
  tcp.FLAG_FIN | tcp.FLAG_ACK,
  tcp.FLAG_FIN | tcp.FLAG_ACK | tcp.FLAG_URG,
  tcp.FLAG_ACK,
  tcp.FLAG_ACK | tcp.FLAG_URG,
]);

/** The TCP tracker of a host; its fields are those of the segment that is being looked at. */
export class TcpTracker {
  readonly #conntrack: Conntrack;
  readonly #rows: row.TcpWindows;
  readonly #options = new TcpOptions();
  #flags = 0;
  #sequence = 0;
  #acknowledgment = 0;
  #end = 0;
  #window = 0;
  #index = NONE;
  #optionsAt = 0;
  #optionsEnd = 0;
  #view: DataView;
  #row = -1;
  /** Counted when it was in the window. */
  #frame: Frame | null = null;

  constructor(conntrack: Conntrack, rows: row.TcpWindows) {
    this.#conntrack = conntrack;
    this.#rows = rows;
    this.#view = new DataView(new ArrayBuffer(0));
  }

  /** Whether the segment is sound enough to be tracked: lengths, flags. @hot */
  isSound(packet: Packet): boolean {
    return (
      tcp.isValid(packet.view, packet.l4, packet.end) &&
      VALID_FLAGS.has(tcp.flags(packet.view, packet.l4) & FLAGS_LOOKED_AT)
    );
  }

  /** Begins a connection with the segment; false if none may begin with it (`tcp_new`). */
  begin(connection: Connection, packet: Packet): boolean {
    this.#read(packet);
    const state = TRANSITIONS[this.#index * 10 + sNO] ?? INVALID;
    if (state >= INVALID) return false;
    const loose = this.#conntrack.settings.nf_conntrack_tcp_loose !== 0;
    if (state !== TcpState.SYN_SENT && !loose) return false;
    const at = this.#rows.take();
    connection.row = at;
    connection.state = TcpState.NONE;
    this.#rows.set(at, row.END, this.#end);
    this.#rows.set(at, row.LAST_INDEX, NONE);
    if (state === TcpState.SYN_SENT) {
      this.#rows.set(at, row.MAX_WINDOW, this.#window === 0 ? 1 : this.#window);
      this.#rows.set(at, row.MAX_END, this.#end);
      this.#row = at;
      this.#readOptions(row.SCALE, row.FLAGS);
    } else {
      // A connection picked up in the middle: it gets the benefit of the doubt.
      this.#rows.set(at, row.MAX_WINDOW, this.#window === 0 ? 1 : this.#window);
      this.#rows.set(at, row.MAX_END, (this.#end + (this.#window === 0 ? 1 : this.#window)) | 0);
      const flags = row.Flag.SACK_PERM | row.Flag.BE_LIBERAL;
      this.#rows.set(at, row.FLAGS, flags);
      this.#rows.set(at, row.SIDE + row.FLAGS, flags);
    }
    return true;
  }

  /** Follows a segment of a connection. @hot */
  packet(connection: Connection, packet: Packet, info: number): Tracking {
    this.#read(packet);
    this.#row = connection.row;
    const direction = directionOf(info);
    const before = connection.state;
    this.#frame = packet.frame;
    const next = TRANSITIONS[direction * 60 + this.#index * 10 + before] ?? INVALID;
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
          this.#index === ACK &&
          rows.get(at, row.LAST_DIRECTION) !== direction &&
          rows.get(at, row.LAST_INDEX) === SYN &&
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
          this.#index === ACK &&
          (rows.get(at, row.LAST_FLAGS) & row.Flag.SIMULTANEOUS_OPEN) !== 0
        ) {
          return this.#inState(connection, direction, before, TcpState.ESTABLISHED, false);
        }
        break;
      case TcpState.CLOSE:
        if (this.#index === RST) return this.#reset(connection, direction, before);
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
      (rows.get(at, row.LAST_DIRECTION) === direction && rows.get(at, row.LAST_INDEX) === RST)
    );
  }

  /** A segment that may belong to another incarnation: remembered, and let through. */
  #ignore(connection: Connection, direction: Direction, before: number): Tracking {
    const rows = this.#rows;
    const at = this.#row;
    const lastDirection = rows.get(at, row.LAST_DIRECTION);
    if (
      this.#index === SYNACK &&
      rows.get(at, row.LAST_INDEX) === SYN &&
      lastDirection !== direction &&
      this.#acknowledgment === rows.get(at, row.LAST_END)
    ) {
      this.#resynchronise(lastDirection as Direction, direction);
      return this.#inState(connection, direction, TcpState.SYN_SENT, TcpState.SYN_RECV, false);
    }
    rows.set(at, row.LAST_INDEX, this.#index);
    rows.set(at, row.LAST_DIRECTION, direction);
    rows.set(at, row.LAST_SEQUENCE, this.#sequence);
    rows.set(at, row.LAST_END, this.#end);
    rows.set(at, row.LAST_WINDOW, this.#window);
    if (this.#index === SYN && direction === Direction.ORIGINAL) {
      rows.set(at, row.LAST_FLAGS, 0);
      rows.set(at, row.LAST_SCALE, 0);
      this.#readOptions(row.LAST_SCALE, row.LAST_FLAGS);
      if (before === TcpState.LAST_ACK) rows.or(at, row.LAST_FLAGS, row.Flag.CHALLENGE_ACK);
    }
    if (before === TcpState.SYN_SENT && this.#index === ACK && direction === Direction.REPLY) {
      rows.set(at, row.LAST_ACK, this.#acknowledgment);
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

  /** A reset: only one with a plausible sequence number ends the connection. */
  #reset(connection: Connection, direction: Direction, before: number): Tracking {
    const rows = this.#rows;
    const at = this.#row;
    const other = (1 - direction) * row.SIDE;
    const established =
      before === TcpState.ESTABLISHED && (connection.status & Status.ASSURED) !== 0;
    // A connection that is closing may have been begun anew already: no check then.
    if (mayDropEarly(before)) {
      return this.#inState(connection, direction, before, TcpState.CLOSE, true);
    }
    let next: number = TcpState.CLOSE;
    if (
      (rows.get(at, other + row.FLAGS) & row.Flag.MAXACK_SET) !== 0 &&
      rows.get(at, row.LAST_INDEX) !== SYN
    ) {
      const sequence = this.#sequence;
      const expected = rows.get(at, other + row.MAX_ACK);
      if (sequence === 0 && !established) {
        return this.#inState(connection, direction, before, next, false);
      }
      const ignoreInvalid = this.#conntrack.settings.nf_conntrack_tcp_ignore_invalid_rst !== 0;
      if (isBefore(sequence, expected) && !ignoreInvalid) return Tracking.INVALID;
      const inTrain =
        rows.get(at, row.LAST_INDEX) === ACK &&
        rows.get(at, row.LAST_DIRECTION) === direction &&
        sequence === rows.get(at, row.LAST_END);
      if (!established || sequence === expected || inTrain) {
        return this.#inState(connection, direction, before, next, false);
      }
      // Not exact: the receiver may answer with a challenge ACK, so the connection lives on.
      next = before;
    }
    const skipWindow = this.#answersIgnored(connection, direction, before);
    return this.#inState(connection, direction, before, next, skipWindow);
  }

  /** Whether a reset answers a segment of the other side that was let through unchecked. */
  #answersIgnored(connection: Connection, direction: Direction, before: number): boolean {
    const rows = this.#rows;
    const at = this.#row;
    const lastDirection = rows.get(at, row.LAST_DIRECTION);
    const last = rows.get(at, row.LAST_INDEX);
    const { status } = connection;
    if (
      lastDirection !== direction &&
      (((status & Status.SEEN_REPLY) !== 0 && last === SYN) ||
        ((status & Status.ASSURED) === 0 && last === ACK)) &&
      this.#acknowledgment === rows.get(at, row.LAST_END)
    ) {
      return true;
    }
    // The answer to a challenge ACK.
    return (
      before === TcpState.SYN_SENT &&
      last === ACK &&
      lastDirection === Direction.REPLY &&
      this.#sequence === rows.get(at, row.LAST_ACK)
    );
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
      const result = this.#checkWindow(before, direction);
      if (result === IGNORED) return Tracking.ACCEPT;
      if (result === OUT_OF_WINDOW) {
        this.#shortenIfClosing(connection, direction);
        return Tracking.INVALID;
      }
    }
    rows.set(at, row.LAST_INDEX, this.#index);
    rows.set(at, row.LAST_DIRECTION, direction);
    connection.state = next;
    if (before !== next && next === TcpState.FIN_WAIT) {
      rows.or(at, direction * row.SIDE + row.FLAGS, row.Flag.CLOSE_INIT);
    }
    return this.#refresh(connection, before, next);
  }

  #refresh(connection: Connection, before: number, next: number): Tracking {
    const conntrack = this.#conntrack;
    let timeout = this.#timeoutOf(next);
    if (before !== next) conntrack.changed(connection);
    if ((connection.status & Status.SEEN_REPLY) === 0) {
      if (this.#index === RST) {
        if (this.#frame !== null) conntrack.account(connection, this.#frame);
        conntrack.kill(connection);
        return Tracking.ACCEPT;
      }
      // A SYN that is sent again does not renew the entry: it might keep it for ever.
      if (this.#index === SYN && before === TcpState.SYN_SENT) return Tracking.ACCEPT;
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
      conntrack.changed(connection);
    }
    conntrack.refresh(connection, timeout, this.#frame);
    return Tracking.ACCEPT;
  }

  /** Seconds that a connection in a state lives. */
  #timeoutOf(state: number): number {
    const { settings } = this.#conntrack;
    const rows = this.#rows;
    const at = this.#row;
    const timeout =
      state === TcpState.SYN_SENT2
        ? SYN_SENT2_TIMEOUT
        : settings[SETTINGS[state] ?? "nf_conntrack_tcp_timeout_close"];
    const flags = rows.get(at, row.FLAGS) | rows.get(at, row.SIDE + row.FLAGS);
    const retransmission = settings.nf_conntrack_tcp_timeout_max_retrans;
    if (
      rows.get(at, row.RETRANSMISSIONS) >= settings.nf_conntrack_tcp_max_retrans &&
      timeout > retransmission
    ) {
      return retransmission;
    }
    if (this.#index === RST) return settings.nf_conntrack_tcp_timeout_close;
    if ((flags & row.Flag.DATA_UNACKNOWLEDGED) !== 0) {
      const unacknowledged = settings.nf_conntrack_tcp_timeout_unacknowledged;
      if (timeout > unacknowledged) return unacknowledged;
    }
    if (rows.get(at, row.LAST_WINDOW) === 0 && timeout > retransmission) return retransmission;
    return timeout;
  }

  /** FINs or RSTs of both sides out of the window: the connection is dead, it only cannot be told. */
  #shortenIfClosing(connection: Connection, direction: Direction): void {
    if (
      (connection.status & Status.ASSURED) === 0 ||
      (connection.status & Status.FIXED_TIMEOUT) !== 0 ||
      (this.#index !== RST && this.#index !== FIN)
    ) {
      return;
    }
    const rows = this.#rows;
    const at = this.#row;
    const last = rows.get(at, row.LAST_INDEX);
    if (rows.get(at, row.LAST_DIRECTION) !== direction && (last === FIN || last === RST)) {
      const seconds = this.#conntrack.settings.nf_conntrack_tcp_timeout_unacknowledged;
      if (this.#conntrack.secondsLeft(connection) >= 120) {
        this.#conntrack.shorten(connection, seconds);
      }
    } else {
      rows.set(at, row.LAST_INDEX, this.#index);
      rows.set(at, row.LAST_DIRECTION, direction);
    }
  }

  /** Whether the segment lies in the window; if so, moves the window on (tcp_in_window). */
  #checkWindow(state: number, direction: Direction): number {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const isSyn = (this.#flags & tcp.FLAG_SYN) !== 0;
    const hasAck = (this.#flags & tcp.FLAG_ACK) !== 0;
    const isRst = (this.#flags & tcp.FLAG_RST) !== 0;
    let seq = this.#sequence;
    let ack = this.#acknowledgment;
    let end = this.#end;
    let window = this.#window;
    let sack = ack;
    if ((rows.get(at, receiver + row.FLAGS) & row.Flag.SACK_PERM) !== 0)
      sack = this.#highestSack(ack);
    if (rows.get(at, sender + row.MAX_WINDOW) === 0) {
      if (isSyn) {
        this.#initSender(direction, end, window);
        if (!hasAck) return IN_WINDOW;
      } else {
        const scaled = window * 2 ** rows.get(at, sender + row.SCALE);
        const maxWindow = scaled === 0 ? 1 : scaled;
        rows.set(at, sender + row.END, end);
        rows.set(at, sender + row.MAX_WINDOW, maxWindow);
        rows.set(at, sender + row.MAX_END, (end + maxWindow) | 0);
        if (rows.get(at, receiver + row.MAX_WINDOW) === 0) {
          rows.set(at, receiver + row.END, sack);
          rows.set(at, receiver + row.MAX_END, sack);
        } else if (sack === ((rows.get(at, receiver + row.END) + 1) | 0)) {
          // The other side's keepalive probe, or a packet lost before we saw it.
          rows.set(at, receiver + row.END, (rows.get(at, receiver + row.END) + 1) | 0);
        }
      }
    } else if (
      isSyn &&
      isAfter(end, rows.get(at, sender + row.END)) &&
      (state === TcpState.SYN_SENT || state === TcpState.SYN_RECV)
    ) {
      this.#initSender(direction, end, window);
      if (direction === Direction.REPLY && !hasAck) return IN_WINDOW;
    }
    if (!hasAck || (isRst && ack === 0)) {
      ack = rows.get(at, receiver + row.END);
      sack = ack;
    }
    if (isRst && seq === 0 && state === TcpState.SYN_SENT) {
      // A reset in answer to a SYN.
      seq = rows.get(at, sender + row.END);
      end = seq;
    }
    const receiverWindow = rows.get(at, receiver + row.MAX_WINDOW);
    const senderMaxEnd = rows.get(at, sender + row.MAX_END);
    const senderEnd = rows.get(at, sender + row.END);
    const receiverEnd = rows.get(at, receiver + row.END);
    const inReceiveWindow =
      receiverWindow === 0 || isAfter(end, (senderEnd - receiverWindow - 1) | 0);
    if (!isBefore(seq, (senderMaxEnd + 1) | 0)) {
      const overshot = (end - senderMaxEnd + 1) >>> 0;
      const ackWindow = Math.max(rows.get(at, sender + row.MAX_WINDOW), MIN_ACK_WINDOW);
      if (
        receiverWindow !== 0 &&
        inReceiveWindow &&
        overshot <= receiverWindow &&
        isBefore(sack, (receiverEnd + 1) | 0) &&
        isAfter(sack, (receiverEnd - ackWindow - 1) | 0)
      ) {
        // More bytes than the window allows; the receiver may acknowledge them all the same.
        rows.set(at, sender + row.END, end);
        rows.or(at, sender + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
        return this.#tolerated(sender) ? IN_WINDOW : IGNORED;
      }
      return this.#tolerated(sender) ? IN_WINDOW : OUT_OF_WINDOW;
    }
    if (!isBefore(sack, (receiverEnd + 1) | 0)) {
      return this.#tolerated(sender) ? IN_WINDOW : OUT_OF_WINDOW;
    }
    if (!inReceiveWindow) return this.#tolerated(sender) ? IN_WINDOW : IGNORED;
    const ackWindow = Math.max(rows.get(at, sender + row.MAX_WINDOW), MIN_ACK_WINDOW);
    if (!isAfter(sack, (receiverEnd - ackWindow - 1) | 0)) {
      return this.#tolerated(sender) ? IN_WINDOW : IGNORED;
    }
    if (!isSyn) window *= 2 ** rows.get(at, sender + row.SCALE);
    this.#moveOn(direction, seq, ack, sack, end, window, hasAck);
    return IN_WINDOW;
  }

  #tolerated(sender: number): boolean {
    return (
      (this.#rows.get(this.#row, sender + row.FLAGS) & row.Flag.BE_LIBERAL) !== 0 ||
      this.#conntrack.settings.nf_conntrack_tcp_be_liberal !== 0
    );
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
    this.#readOptions(sender + row.SCALE, sender + row.FLAGS);
    // RFC 7323 §2.2: scaling is on only if both sides offered it.
    if (direction === Direction.ORIGINAL) return;
    const both = rows.get(at, sender + row.FLAGS) & rows.get(at, receiver + row.FLAGS);
    if ((both & row.Flag.WINDOW_SCALE) === 0) {
      rows.set(at, sender + row.SCALE, 0);
      rows.set(at, receiver + row.SCALE, 0);
    }
  }

  #moveOn(
    direction: Direction,
    seq: number,
    ack: number,
    sack: number,
    end: number,
    window: number,
    hasAck: boolean,
  ): void {
    const rows = this.#rows;
    const at = this.#row;
    const sender = direction * row.SIDE;
    const receiver = (1 - direction) * row.SIDE;
    const offered = window + ((sack - ack) | 0);
    if (rows.get(at, sender + row.MAX_WINDOW) < offered) {
      rows.set(at, sender + row.MAX_WINDOW, offered);
    }
    if (isAfter(end, rows.get(at, sender + row.END))) {
      rows.set(at, sender + row.END, end);
      rows.or(at, sender + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
    }
    if (hasAck) {
      const known = (rows.get(at, sender + row.FLAGS) & row.Flag.MAXACK_SET) !== 0;
      if (!known || isAfter(ack, rows.get(at, sender + row.MAX_ACK))) {
        rows.set(at, sender + row.MAX_ACK, ack);
        rows.or(at, sender + row.FLAGS, row.Flag.MAXACK_SET);
      }
    }
    const maxEnd = rows.get(at, sender + row.MAX_END);
    if (rows.get(at, receiver + row.MAX_WINDOW) !== 0 && isAfter(end, maxEnd)) {
      const more = (end - maxEnd) | 0;
      rows.set(at, receiver + row.MAX_WINDOW, rows.get(at, receiver + row.MAX_WINDOW) + more);
    }
    const edge = (sack + window) | 0;
    if (isAfter(edge, (rows.get(at, receiver + row.MAX_END) - 1) | 0)) {
      rows.set(at, receiver + row.MAX_END, window === 0 ? (edge + 1) | 0 : edge);
    }
    if (ack === rows.get(at, receiver + row.END)) {
      rows.clear(at, receiver + row.FLAGS, row.Flag.DATA_UNACKNOWLEDGED);
    }
    if (this.#index === ACK) this.#countRetransmission(direction, seq, ack, end);
  }

  #countRetransmission(direction: Direction, seq: number, ack: number, end: number): void {
    const rows = this.#rows;
    const at = this.#row;
    const window = this.#window;
    if (
      rows.get(at, row.LAST_DIRECTION) === direction &&
      rows.get(at, row.LAST_SEQUENCE) === seq &&
      rows.get(at, row.LAST_ACK) === ack &&
      rows.get(at, row.LAST_END) === end &&
      rows.get(at, row.LAST_WINDOW) === window
    ) {
      rows.set(at, row.RETRANSMISSIONS, rows.get(at, row.RETRANSMISSIONS) + 1);
      return;
    }
    rows.set(at, row.LAST_DIRECTION, direction);
    rows.set(at, row.LAST_SEQUENCE, seq);
    rows.set(at, row.LAST_ACK, ack);
    rows.set(at, row.LAST_END, end);
    rows.set(at, row.LAST_WINDOW, window);
    rows.set(at, row.RETRANSMISSIONS, 0);
  }

  #read(packet: Packet): void {
    const { view, l4 } = packet;
    this.#view = view;
    this.#flags = tcp.flags(view, l4);
    this.#sequence = tcp.sequence(view, l4);
    this.#acknowledgment = tcp.acknowledgment(view, l4);
    this.#window = tcp.window(view, l4);
    const size = tcp.headerSize(view, l4);
    this.#optionsAt = l4 + tcp.TCP_SIZE;
    this.#optionsEnd = l4 + size;
    const payload = packet.length - (l4 - packet.l3) - size;
    const syn = (this.#flags & tcp.FLAG_SYN) !== 0 ? 1 : 0;
    const fin = (this.#flags & tcp.FLAG_FIN) !== 0 ? 1 : 0;
    this.#end = (this.#sequence + payload + syn + fin) | 0;
    this.#index = kindOf(this.#flags);
  }

  /** Takes window scale and "SACK permitted" of a SYN into a row's fields. */
  #readOptions(scaleField: number, flagsField: number): void {
    const options = this.#options;
    options.parse(this.#view, this.#optionsAt, this.#optionsEnd, true);
    const rows = this.#rows;
    if (options.windowScale >= 0) {
      rows.set(this.#row, scaleField, options.windowScale);
      rows.or(this.#row, flagsField, row.Flag.WINDOW_SCALE);
    }
    if (options.sackPermitted) rows.or(this.#row, flagsField, row.Flag.SACK_PERM);
  }

  #highestSack(ack: number): number {
    if (this.#optionsAt === this.#optionsEnd) return ack;
    const options = this.#options;
    options.parse(this.#view, this.#optionsAt, this.#optionsEnd, false);
    let highest = ack;
    for (let block = 0; block < options.sackCount; block += 1) {
      const right = options.sack[2 * block + 1] ?? 0;
      if (isAfter(right, highest)) highest = right;
    }
    return highest;
  }
}

function kindOf(flags: number): number {
  if ((flags & tcp.FLAG_RST) !== 0) return RST;
  if ((flags & tcp.FLAG_SYN) !== 0) return (flags & tcp.FLAG_ACK) !== 0 ? SYNACK : SYN;
  if ((flags & tcp.FLAG_FIN) !== 0) return FIN;
  return (flags & tcp.FLAG_ACK) !== 0 ? ACK : NONE;
}

/** Whether a connection in that state may make room for another when the table is full. */
export function mayDropEarly(state: number): boolean {
  return (
    state === TcpState.FIN_WAIT ||
    state === TcpState.LAST_ACK ||
    state === TcpState.TIME_WAIT ||
    state === TcpState.CLOSE ||
    state === TcpState.CLOSE_WAIT
  );
}

function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function isAfter(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

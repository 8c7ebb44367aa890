/**
 * The states of a TCP connection as conntrack sees it, and the table of changes between them: the
 * kinds of segments in both directions lead from one to the next.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (tcp_conntracks, get_conntrack_index,
 * tcp_valid_flags), 6.18.
 */
import * as tcp from "../../wire/tcp.ts";
import type { Direction } from "./connection.ts";

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

/** The sysctl with the timeout of each state; that of SYN_SENT2 is fixed. */
export const TIMEOUT_SETTINGS = [
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

/** Results of the state table that are no states. */
export const INVALID = 10;
export const IGNORE = 11;

/** Kinds of segments, by their flags (`enum tcp_bit_set`). */
export const Kind = { SYN: 0, SYNACK: 1, FIN: 2, ACK: 3, RST: 4, NONE: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const STATES = TCP_STATE_NAMES.length;
/** Entries of the table for one direction. */
const TABLE = STATES * Object.keys(Kind).length;

const { SYN_SENT: sSS, SYN_RECV: sSR, ESTABLISHED: sES, FIN_WAIT: sFW } = TcpState;
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

/** What a segment of that kind leads to: a state, `INVALID` or `IGNORE`. @hot */
export function nextState(direction: Direction, kind: Kind, state: number): number {
  return TRANSITIONS[direction * TABLE + kind * STATES + state] ?? INVALID;
}

/** The kind that a segment's flags make it. @hot */
export function kindOf(flags: number): Kind {
  if ((flags & tcp.FLAG_RST) !== 0) return Kind.RST;
  if ((flags & tcp.FLAG_SYN) !== 0) return (flags & tcp.FLAG_ACK) !== 0 ? Kind.SYNACK : Kind.SYN;
  if ((flags & tcp.FLAG_FIN) !== 0) return Kind.FIN;
  return (flags & tcp.FLAG_ACK) !== 0 ? Kind.ACK : Kind.NONE;
}

/** Whether a TCP segment may have these flags. @hot */
export function flagsAreValid(flags: number): boolean {
  return VALID_FLAGS.has(flags & FLAGS_LOOKED_AT);
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

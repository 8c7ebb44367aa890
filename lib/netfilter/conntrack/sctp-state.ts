/**
 * The states of an SCTP association as conntrack sees it, and how chunks lead from one to another.
 *
 * Spec: RFC 9260 §4.
 * Kernel: net/netfilter/nf_conntrack_proto_sctp.c (sctp_conntracks, sctp_new_state), 6.18.
 */
import type { Direction } from "./connection.ts";

/** States' names, as `conntrack -L` prints them, in the kernel's numbering. */
export const SCTP_STATE_NAMES = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
] as const;

/** No state may follow. */
export const SCTP_INVALID = 9;
/** The association is there. */
export const SCTP_ESTABLISHED = 4;
/** Nothing is left of it. */
export const SCTP_CLOSED = 1;

const [sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS, sIV] = [1, 2, 3, 4, 5, 6, 7, 8, SCTP_INVALID];

/** Row of the state table by chunk type; -1: the chunk changes no state. */
const CHUNK_ROWS = [-1, 0, 1, -1, 9, 10, 2, 3, 4, 5, 6, 7, -1, -1, 8];
/** Next state by direction, chunk and state: NO CL CW CE ES SS SR SA HS. */
const TRANSITIONS: readonly number[] = [
  ...[sCL, sCL, sCW, sCE, sES, sCL, sCL, sSA, sCW],
  ...[sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sCL],
  ...[sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
  ...[sCL, sCL, sCW, sCE, sSS, sSS, sSR, sSA, sCL],
  ...[sSA, sCL, sCW, sCE, sES, sSA, sSA, sSA, sSA],
  ...[sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sCL],
  ...[sCL, sCL, sCE, sCE, sES, sSS, sSR, sSA, sCL],
  ...[sCL, sCL, sCW, sES, sES, sSS, sSR, sSA, sCL],
  ...[sCL, sCL, sCW, sCE, sES, sSS, sSR, sCL, sCL],
  ...[sHS, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
  ...[sCL, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
  ...[sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sIV],
  ...[sIV, sCW, sCW, sCE, sES, sSS, sSR, sSA, sIV],
  ...[sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sIV],
  ...[sIV, sCL, sCW, sCE, sSR, sSS, sSR, sSA, sIV],
  ...[sIV, sCL, sCW, sCE, sES, sSA, sSA, sSA, sIV],
  ...[sIV, sCL, sCW, sCL, sES, sSS, sSR, sSA, sIV],
  ...[sIV, sCL, sCE, sCE, sES, sSS, sSR, sSA, sIV],
  ...[sIV, sCL, sCW, sES, sES, sSS, sSR, sSA, sIV],
  ...[sIV, sCL, sCW, sCE, sES, sSS, sSR, sCL, sIV],
  ...[sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sHS],
  ...[sIV, sCL, sCW, sCE, sES, sSS, sSR, sSA, sES],
].map((state) => state ?? 0);

/** The state after a chunk of that type; `SCTP_INVALID`: it must not come. */
export function nextState(direction: Direction, state: number, type: number): number {
  const row = CHUNK_ROWS[type] ?? -1;
  return row === -1 ? state : (TRANSITIONS[(direction * 11 + row) * 9 + state] ?? SCTP_INVALID);
}

/** Whether an association in that state may make room for another when the table is full. */
export function associationMayDropEarly(state: number): boolean {
  return state === sSS || state === sSR || state === sSA;
}

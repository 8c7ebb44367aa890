/**
 * Duplicate ACKs of a peer without SACK, each of which stands for a segment that has arrived.
 *
 * Spec: RFC 6582. Kernel: net/ipv4/tcp_input.c (tcp_add_reno_sack, tcp_remove_reno_sacks), 6.18.
 */
import type { Tcb } from "./tcb.ts";

/** Without SACK each duplicate ACK stands for one segment that left the network. */
export function addRenoSack(tp: Tcb, dupacks: number): void {
  if (dupacks === 0) return;
  const before = tp.sackedOut;
  tp.sackedOut += dupacks;
  checkRenoReordering(tp, 0);
  tp.delivered += Math.max(0, tp.sackedOut - before);
}

/** ACKed segments without SACK: the hole is filled, so fewer are beyond it. */
export function removeRenoSacks(tp: Tcb, acked: number): void {
  if (acked > 0) {
    tp.delivered += Math.max(acked - tp.sackedOut, 1);
    tp.sackedOut = Math.max(0, tp.sackedOut - (acked - 1));
  }
  checkRenoReordering(tp, acked);
}

/** More duplicate ACKs than segments are missing: they were reordered, `acked` of them just now. */
function checkRenoReordering(tp: Tcb, acked: number): void {
  if (!limitRenoSacked(tp)) return;
  tp.reordering = Math.min(tp.packetsOut + acked, tp.env.sysctls.tcpMaxReordering);
  tp.reordSeen += 1;
}

/**
 * No more can have arrived than is out without what is missing. True if more was counted
 * (`tcp_limit_reno_sacked`).
 */
export function limitRenoSacked(tp: Tcb): boolean {
  const holes = Math.min(Math.max(tp.lostOut, 1), tp.packetsOut);
  if (tp.sackedOut + holes <= tp.packetsOut) return false;
  tp.sackedOut = Math.max(0, tp.packetsOut - holes);
  return true;
}

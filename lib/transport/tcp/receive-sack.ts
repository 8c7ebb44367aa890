/**
 * The receiver's side of SACK: which blocks to report, in which order, and D-SACKs.
 *
 * Spec: RFC 2018 §4, RFC 2883. Kernel: net/ipv4/tcp_input.c (tcp_sack_new_ofo_skb,
 * tcp_dsack_set), 6.18.
 */

import { after, before } from "../../wire/sequence.ts";
import { jiffies } from "./clock.ts";
import { ACK_NOW } from "./constants.ts";
import type { Tcb } from "./tcb.ts";
import { isSack } from "./tcb-queries.ts";

const MAX_BLOCKS = 4;
/** From so many blocks on, compressed ACKs are flushed (`TCP_SACK_BLOCKS_EXPECTED`). */
const BLOCKS_EXPECTED = 2;

/** Reports `seq`–`endSeq` as received twice. */
export function setDsack(tp: Tcb, seq: number, endSeq: number): void {
  if (!isSack(tp) || tp.env.sysctls.tcpDsack === 0) return;
  tp.dsack = true;
  tp.duplicateSack[0] = seq;
  tp.duplicateSack[1] = endSeq;
}

/** The same, joined to the D-SACK that is pending already. */
export function extendDsack(tp: Tcb, seq: number, endSeq: number): void {
  if (!tp.dsack) setDsack(tp, seq, endSeq);
  else extend(tp.duplicateSack, 0, seq, endSeq);
}

/** Takes a block that arrived out of order into the report, first. */
export function newOutOfOrder(tp: Tcb, seq: number, endSeq: number): void {
  const blocks = tp.selectiveAcks;
  for (let index = 0; index < tp.numSacks; index += 1) {
    if (!extend(blocks, index, seq, endSeq)) continue;
    if (index >= BLOCKS_EXPECTED) flushCompressed(tp);
    const start = blocks[2 * index] ?? 0;
    const end = blocks[2 * index + 1] ?? 0;
    blocks.copyWithin(2, 0, 2 * index);
    blocks[0] = start;
    blocks[1] = end;
    if (tp.numSacks > 1) maybeCoalesce(tp);
    return;
  }
  if (tp.numSacks >= BLOCKS_EXPECTED) flushCompressed(tp);
  if (tp.numSacks >= MAX_BLOCKS) tp.numSacks = MAX_BLOCKS - 1;
  blocks.copyWithin(2, 0, 2 * tp.numSacks);
  blocks[0] = seq;
  blocks[1] = endSeq;
  tp.numSacks += 1;
}

/** Takes blocks out that `rcvNxt` has passed (`tcp_sack_remove`). */
export function removeSacks(tp: Tcb): void {
  if (tp.outOfOrder.empty) {
    tp.numSacks = 0;
    return;
  }
  const blocks = tp.selectiveAcks;
  let index = 0;
  while (index < tp.numSacks) {
    if (before(tp.rcvNxt, blocks[2 * index] ?? 0)) {
      index += 1;
      continue;
    }
    blocks.copyWithin(2 * index, 2 * index + 2, 2 * tp.numSacks);
    tp.numSacks -= 1;
  }
}

/** Joins the first block with others that it touches. */
function maybeCoalesce(tp: Tcb): void {
  const blocks = tp.selectiveAcks;
  let index = 1;
  while (index < tp.numSacks) {
    if (extend(blocks, 0, blocks[2 * index] ?? 0, blocks[2 * index + 1] ?? 0)) {
      blocks.copyWithin(2 * index, 2 * index + 2, 2 * tp.numSacks);
      tp.numSacks -= 1;
    } else {
      index += 1;
    }
  }
}

/** Widens a block by another that overlaps or touches it. */
function extend(blocks: Int32Array, index: number, seq: number, endSeq: number): boolean {
  const start = blocks[2 * index] ?? 0;
  const end = blocks[2 * index + 1] ?? 0;
  if (after(seq, end) || after(start, endSeq)) return false;
  if (before(seq, start)) blocks[2 * index] = seq;
  if (after(endSeq, end)) blocks[2 * index + 1] = endSeq;
  return true;
}

/** Sends what ACK compression held back (`tcp_sack_compress_send_ack`). */
export function flushCompressed(tp: Tcb): void {
  if (tp.compressedAck === 0) return;
  tp.compressedAckTimer.stop();
  tp.compressedAck = 0;
  tp.ack.pending |= ACK_NOW;
  tp.ack.timeout = jiffies(tp);
}

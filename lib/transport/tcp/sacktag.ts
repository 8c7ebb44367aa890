/**
 * The sender's side of SACK: what a peer's blocks say about the segments in flight.
 *
 * Spec: RFC 2018, RFC 2883. Kernel: net/ipv4/tcp_input.c (tcp_sacktag_write_queue), 6.18.
 *
 * Differs: neighbouring SACKed segments are not merged (tcp_shift_skb_data), which saves memory
 * and shows on no wire.
 */

import { after, before } from "../../wire/sequence.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import {
  type AckState,
  FLAG_DATA_SACKED,
  FLAG_DSACK_TLP,
  FLAG_DSACKING_ACK,
  FLAG_ORIG_SACK_ACKED,
} from "./ack-flags.ts";
import {
  CaState,
  DSACK_SEEN,
  EVER_RETRANS,
  LOST,
  SACKED_ACKED,
  SACKED_RETRANS,
} from "./constants.ts";
import { fragment } from "./queue.ts";
import { rackAdvance } from "./rack.ts";
import { rateSkbDelivered } from "./rate.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";

const starts = new Int32Array(4);
const ends = new Int32Array(4);
const duplicates = new Uint8Array(4);

/** Sequence number after the highest SACKed byte (`tcp_highest_sack_seq`). */
export function highestSackSeq(tp: Tcb): number {
  if (tp.sackedOut === 0) return tp.sndUna;
  return tp.highestSack === null ? tp.sndNxt : tp.highestSack.seq;
}

/** Takes the SACK blocks of an ACK into the scoreboard. */
export function tagWriteQueue(
  tp: Tcb,
  ackSeq: number,
  options: TcpOptions,
  priorSndUna: number,
  ack: AckState,
): void {
  if (tp.sackedOut === 0) tp.highestSack = tp.rtxQueue.head;
  const foundDsack = checkDsack(tp, ackSeq, options, priorSndUna, ack);
  if (before(ackSeq, (priorSndUna - tp.maxWindow) | 0) || tp.packetsOut === 0) return;
  const count = collectBlocks(tp, options, priorSndUna, foundDsack);
  for (let index = 0; index < count; index += 1) {
    walk(tp, starts[index] ?? 0, ends[index] ?? 0, duplicates[index] === 1, ack);
  }
  if (tp.caState !== CaState.LOSS || tp.undoMarker !== 0) checkReordering(tp, ack.reord);
}

/** Remembers how far segments overtake one another (`tcp_check_sack_reordering`). */
export function checkReordering(tp: Tcb, lowSeq: number): void {
  const fack = highestSackSeq(tp);
  if (!before(lowSeq, fack)) return;
  const metric = (fack - lowSeq) | 0;
  const mss = tp.mssCache;
  if (metric > tp.reordering * mss && mss > 0) {
    tp.reordering = Math.min(Math.ceil(metric / mss), tp.env.sysctls.tcpMaxReordering);
  }
  tp.reordSeen += 1;
}

function collectBlocks(tp: Tcb, options: TcpOptions, una: number, foundDsack: boolean): number {
  let used = 0;
  for (let index = 0; index < options.sackCount; index += 1) {
    const start = options.sack[2 * index] ?? 0;
    const end = options.sack[2 * index + 1] ?? 0;
    const duplicate = foundDsack && index === 0;
    if (!isValidBlock(tp, duplicate, start, end) || !after(end, una)) continue;
    let place = used;
    while (place > 0 && after(starts[place - 1] ?? 0, start)) {
      starts[place] = starts[place - 1] ?? 0;
      ends[place] = ends[place - 1] ?? 0;
      duplicates[place] = duplicates[place - 1] ?? 0;
      place -= 1;
    }
    starts[place] = start;
    ends[place] = end;
    duplicates[place] = duplicate ? 1 : 0;
    used += 1;
  }
  return used;
}

/** Whether a block lies within what we have sent (`tcp_is_sackblock_valid`). */
function isValidBlock(tp: Tcb, duplicate: boolean, start: number, end: number): boolean {
  if (after(end, tp.sndNxt) || !before(start, end)) return false;
  if (!before(start, tp.sndNxt)) return false;
  if (after(start, tp.sndUna)) return true;
  if (!duplicate || tp.undoMarker === 0) return false;
  if (after(end, tp.sndUna)) return false;
  if (!before(start, tp.undoMarker)) return true;
  if (!after(end, tp.undoMarker)) return false;
  return !before(start, (end - tp.maxWindow) | 0);
}

function checkDsack(
  tp: Tcb,
  ackSeq: number,
  options: TcpOptions,
  priorSndUna: number,
  ack: AckState,
): boolean {
  const start = options.sack[0] ?? 0;
  const end = options.sack[1] ?? 0;
  if (!before(start, ackSeq)) {
    if (options.sackCount < 2) return false;
    const outerStart = options.sack[2] ?? 0;
    const outerEnd = options.sack[3] ?? 0;
    if (after(end, outerEnd) || before(start, outerStart)) return false;
  }
  const segments = dsackSeen(tp, start, end, ack);
  if (segments === 0) return false;
  const forgotten =
    tp.undoMarker !== 0 &&
    tp.undoRetrans > 0 &&
    !after(end, priorSndUna) &&
    after(end, tp.undoMarker);
  if (forgotten) tp.undoRetrans = Math.max(0, tp.undoRetrans - segments);
  return true;
}

function dsackSeen(tp: Tcb, start: number, end: number, ack: AckState): number {
  if (!before(start, end)) return 0;
  const length = (end - start) | 0;
  if (length > tp.maxWindow) return 0;
  let segments = 1;
  if (length > tp.mssCache) segments = Math.ceil(length / tp.mssCache);
  else if (tp.tlpHighSeq !== 0 && tp.tlpHighSeq === end) ack.flag |= FLAG_DSACK_TLP;
  tp.dsackDups += segments;
  if (tp.dsackDups > tp.totalRetrans) return 0;
  tp.sackOk |= DSACK_SEEN;
  if (tp.reordSeen > 0 && (ack.flag & FLAG_DSACK_TLP) === 0) tp.rack.dsackSeen = true;
  ack.flag |= FLAG_DSACKING_ACK;
  ack.sackDelivered += segments;
  return segments;
}

/** Marks all segments that the block covers (`tcp_sacktag_walk`). */
function walk(tp: Tcb, start: number, end: number, duplicate: boolean, ack: AckState): void {
  for (let skb = tp.rtxQueue.head; skb !== null; skb = skb.next) {
    if (!before(skb.seq, end)) return;
    if (!after(skb.endSeq, start)) continue;
    if (!matches(tp, skb, start, end)) continue;
    tagOne(tp, skb, duplicate, ack);
    rateSkbDelivered(tp, skb, ack);
    if ((skb.sacked & SACKED_ACKED) !== 0) tp.sorted.remove(skb);
    if (!before(skb.seq, highestSackSeq(tp))) tp.highestSack = skb.next;
  }
}

/** Whether the block covers the segment, which is cut if it covers whole MSSs of it. */
function matches(tp: Tcb, skb: SendSkb, start: number, end: number): boolean {
  let inSack = !after(start, skb.seq) && !before(end, skb.endSeq);
  if (inSack || skb.pcount <= 1 || !after(skb.endSeq, start)) return inSack;
  const mss = skb.gsoSize;
  inSack = !after(start, skb.seq);
  let length: number;
  if (inSack) {
    length = (end - skb.seq) | 0;
    if (length < mss) return false;
  } else {
    length = Math.max((start - skb.seq) | 0, mss);
  }
  if (length > mss) {
    const whole = length - (length % mss);
    length = !inSack && whole < length ? whole + mss : whole;
    if (length >= skb.length && !inSack) return false;
  }
  if (length < skb.length) fragment(tp, tp.rtxQueue, skb, length, mss);
  return inSack;
}

function tagOne(tp: Tcb, skb: SendSkb, duplicate: boolean, ack: AckState): void {
  const count = skb.pcount;
  const retransmitted = (skb.sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0;
  if (duplicate && retransmitted) {
    if (tp.undoMarker !== 0 && tp.undoRetrans > 0 && after(skb.endSeq, tp.undoMarker)) {
      tp.undoRetrans = Math.max(0, tp.undoRetrans - count);
    }
    if ((skb.sacked & SACKED_ACKED) !== 0 && before(skb.seq, ack.reord)) ack.reord = skb.seq;
  }
  if (!after(skb.endSeq, tp.sndUna)) return;
  if ((skb.sacked & SACKED_ACKED) === 0) {
    rackAdvance(tp, skb.sacked, skb.endSeq, skb.sentAt);
    if ((skb.sacked & SACKED_RETRANS) !== 0) {
      if ((skb.sacked & LOST) !== 0) {
        skb.sacked &= ~(LOST | SACKED_RETRANS);
        tp.lostOut -= count;
        tp.retransOut -= count;
      }
    } else {
      if (!retransmitted) noteOriginal(tp, skb, ack);
      if ((skb.sacked & LOST) !== 0) {
        skb.sacked &= ~LOST;
        tp.lostOut -= count;
      }
    }
    skb.sacked |= SACKED_ACKED;
    ack.flag |= FLAG_DATA_SACKED;
    tp.sackedOut += count;
    ack.sackDelivered += count;
  }
  if (duplicate && (skb.sacked & SACKED_RETRANS) !== 0) {
    skb.sacked &= ~SACKED_RETRANS;
    tp.retransOut -= count;
  }
}

/** A segment that was sent once has arrived out of order. */
function noteOriginal(tp: Tcb, skb: SendSkb, ack: AckState): void {
  if (before(skb.seq, highestSackSeq(tp)) && before(skb.seq, ack.reord)) ack.reord = skb.seq;
  if (!after(skb.endSeq, tp.highSeq)) ack.flag |= FLAG_ORIG_SACK_ACKED;
  if (ack.firstSackAt === 0) ack.firstSackAt = skb.sentAt;
  ack.lastSackAt = skb.sentAt;
}

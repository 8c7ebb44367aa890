/**
 * Segments that an ACK covers leave the retransmission queue; what they tell of RTT, delivery and
 * reordering is taken down.
 *
 * Spec: RFC 6298, RFC 7323 §4. Kernel: net/ipv4/tcp_input.c (tcp_clean_rtx_queue,
 * tcp_ack_update_rtt), 6.18.
 */
import { HZ, jiffiesToUs } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_SYN } from "../../wire/tcp.ts";
import {
  AckState,
  FLAG_ACK_MAYBE_DELAYED,
  FLAG_ACKED,
  FLAG_CA_ALERT,
  FLAG_DATA_ACKED,
  FLAG_ORIG_SACK_ACKED,
  FLAG_RETRANS_DATA_ACKED,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SYN_ACKED,
} from "./ack-flags.ts";
import { jiffies, usBetween } from "./clock.ts";
import { EVER_RETRANS, LOST, SACKED_ACKED, SACKED_RETRANS } from "./constants.ts";
import { probeAcknowledged } from "./mtu-probe.ts";
import { unlinkRtx } from "./queue.ts";
import { rackAdvance } from "./rack.ts";
import { rateSkbDelivered } from "./rate.ts";
import { removeRenoSacks } from "./reno-sacks.ts";
import { trimHead } from "./retransmit.ts";
import { estimateRtt, setRto, timestampRttUs } from "./rtt.ts";
import { checkReordering } from "./sacktag.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { isSack } from "./tcb-queries.ts";

/**
 * Frees what is acknowledged, and learns from it: RTT, delivery, reordering (`tcp_clean_rtx_queue`).
 * `priorFack` and `priorSndUna` are the edges before this ACK. @hot
 */
export function cleanRtxQueue(
  tp: Tcb,
  priorFack: number,
  priorSndUna: number,
  ack: AckState,
): void {
  const priorSacked = tp.sackedOut;
  let fully = true;
  let skb = tp.rtxQueue.head;
  while (skb !== null) {
    const start = skb.seq;
    let count = skb.pcount;
    if (after(skb.endSeq, tp.sndUna)) {
      count = trimAcked(tp, skb);
      if (count === 0) break;
      fully = false;
    }
    countAcked(tp, skb, start, count, ack);
    if (!fully) break;
    const next: SendSkb | null = skb.next;
    if (skb === tp.retransmitHint) tp.retransmitHint = null;
    if (skb === tp.highestSack) tp.highestSack = next;
    unlinkRtx(tp, skb);
    skb = next;
  }
  if (skb !== null && (skb.sacked & SACKED_ACKED) !== 0) ack.flag |= FLAG_SACK_RENEGING;
  measure(tp, skb, fully && priorSacked === 0, priorSndUna, ack);
  if ((ack.flag & FLAG_ACKED) !== 0) {
    if (tp.mtuSearch.probeSize !== 0) probeAcknowledged(tp);
    if (!isSack(tp)) {
      removeRenoSacks(tp, ack.packets);
      if ((ack.flag & FLAG_RETRANS_DATA_ACKED) !== 0) ack.flag &= ~FLAG_ORIG_SACK_ACKED;
    } else if (before(ack.lowestAcked, priorFack)) {
      checkReordering(tp, ack.lowestAcked);
    }
  }
  tp.ca.pktsAcked(tp, ack.packets, ack.rttUs);
}

/** Cuts whole segments that are acknowledged off a large frame. Returns how many. @hot */
function trimAcked(tp: Tcb, skb: SendSkb): number {
  const count = skb.pcount;
  if (count === 1 || !after(tp.sndUna, skb.seq)) return 0;
  trimHead(tp, skb);
  return count - skb.pcount;
}

/** `count` segments of `skb`, from `start` on, are acknowledged: they are out no more. @hot */
function countAcked(tp: Tcb, skb: SendSkb, start: number, count: number, ack: AckState): void {
  const { sacked } = skb;
  if ((sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0) {
    if ((sacked & SACKED_RETRANS) !== 0) tp.retransOut -= count;
    ack.flag |= FLAG_RETRANS_DATA_ACKED;
  } else if ((sacked & SACKED_ACKED) === 0) {
    ack.lastAckAt = skb.sentAt;
    if (ack.firstAckAt === 0) ack.firstAckAt = skb.sentAt;
    if (before(start, ack.lowestAcked)) ack.lowestAcked = start;
    if (!after(skb.endSeq, tp.highSeq)) ack.flag |= FLAG_ORIG_SACK_ACKED;
  }
  if ((sacked & SACKED_ACKED) !== 0) tp.sackedOut -= count;
  else if (isSack(tp)) {
    tp.delivered += count;
    if (!isSpuriousRetrans(tp, skb)) rackAdvance(tp, sacked, skb.endSeq, skb.sentAt);
  }
  if ((sacked & LOST) !== 0) tp.lostOut -= count;
  tp.packetsOut -= count;
  ack.packets += count;
  rateSkbDelivered(tp, skb, ack);
  if ((skb.flags & FLAG_SYN) === 0) ack.flag |= FLAG_DATA_ACKED;
  else {
    ack.flag |= FLAG_SYN_ACKED;
    tp.retransStamp = 0;
  }
}

/** An ACK that comes too early to answer the retransmission that it seems to answer. */
function isSpuriousRetrans(tp: Tcb, skb: SendSkb): boolean {
  if ((skb.sacked & (SACKED_RETRANS | EVER_RETRANS)) === 0 || !tp.sawTstamp) return false;
  return tp.rcvTsecr !== 0 && before(tp.rcvTsecr, Math.floor(skb.sentAt / 1_000_000) | 0);
}

/**
 * Takes RTT samples from what was acknowledged, and decides whether timers restart. `head` is the
 * oldest segment that is left, `simple` whether this ACK covers whole frames and nothing was SACKed
 * before it. @hot
 */
function measure(
  tp: Tcb,
  head: SendSkb | null,
  simple: boolean,
  priorSndUna: number,
  ack: AckState,
): void {
  let seqRtt = -1;
  let caRtt = -1;
  let sackRtt = -1;
  if (ack.firstAckAt !== 0 && (ack.flag & FLAG_RETRANS_DATA_ACKED) === 0) {
    seqRtt = usBetween(ack.firstAckAt, tp.mstamp);
    caRtt = usBetween(ack.lastAckAt, tp.mstamp);
    if (
      ack.packets === 1 &&
      simple &&
      (tp.sndUna - priorSndUna) >>> 0 < tp.mssCache &&
      ack.priorDelivered + 1 === tp.delivered &&
      (ack.flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)) === 0
    ) {
      ack.flag |= FLAG_ACK_MAYBE_DELAYED;
    }
  }
  if (ack.firstSackAt !== 0) {
    sackRtt = usBetween(ack.firstSackAt, tp.mstamp);
    caRtt = usBetween(ack.lastSackAt, tp.mstamp);
  }
  const updated = updateRtt(tp, seqRtt, sackRtt, caRtt, ack);
  if ((ack.flag & FLAG_ACKED) !== 0) {
    ack.flag |= FLAG_SET_XMIT_TIMER;
  } else if (head !== null && updated && sackRtt > usBetween(head.sentAt, tp.mstamp)) {
    ack.flag |= FLAG_SET_XMIT_TIMER;
  }
}

/**
 * Takes the best of the samples, in us and -1 for none, into estimate and RTO (`tcp_ack_update_rtt`).
 * False if there is none. @hot
 */
function updateRtt(
  tp: Tcb,
  seqRttUs: number,
  sackRttUs: number,
  caRttUs: number,
  ack: AckState,
): boolean {
  let seqRtt = seqRttUs < 0 ? sackRttUs : seqRttUs;
  let caRtt = caRttUs;
  if (seqRtt < 0 && tp.sawTstamp && tp.rcvTsecr !== 0 && (ack.flag & FLAG_ACKED) !== 0) {
    seqRtt = timestampRttUs(tp, 1);
    caRtt = seqRtt;
  }
  ack.rttUs = caRtt;
  if (seqRtt < 0) return false;
  if ((ack.flag & FLAG_ACK_MAYBE_DELAYED) === 0 || caRtt <= tp.rttMinUs) {
    const window = tp.env.sysctls.tcpMinRttWlen * HZ;
    tp.rttMinUs = tp.minRtt.update(window, jiffies(tp), caRtt > 0 ? caRtt : jiffiesToUs(1));
  }
  estimateRtt(tp, seqRtt);
  setRto(tp);
  tp.backoff = 0;
  return true;
}

const synackState = new AckState();

/**
 * RTT of a passive open, from the SYN-ACK to its ACK (`tcp_synack_rtt_meas`). -1 if the SYN-ACK was
 * repeated: then only the timestamp tells which one was answered.
 */
export function synackRtt(tp: Tcb, rttUs: number): void {
  synackState.begin(FLAG_SYN_ACKED, tp.sndNxt);
  updateRtt(tp, rttUs, rttUs, rttUs, synackState);
}

/**
 * Delivery rate samples: how many segments were delivered over which interval. Cubic does not use
 * the rate, but RACK and PRR use what is counted here.
 *
 * Kernel: net/ipv4/tcp_rate.c, 6.18.
 */
import type { AckState } from "./ack-flags.ts";
import { SACKED_ACKED } from "./constants.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";

/** A segment is sent: remembers what was delivered until then. Before `packetsOut` grows. @hot */
export function rateSkbSent(tp: Tcb, skb: SendSkb): void {
  if (tp.packetsOut === 0) tp.deliveredAt = skb.sentAt;
  skb.txDeliveredAt = tp.deliveredAt;
  skb.txDelivered = tp.delivered;
}

/** Counts a segment as delivered for the rate sample (`tcp_rate_skb_delivered`). @hot */
export function rateSkbDelivered(tp: Tcb, skb: SendSkb, ack: AckState): void {
  if (skb.txDeliveredAt === 0) return;
  tp.deliveredAt = tp.mstamp;
  if (ack.priorDelivered === 0 || skb.txDelivered >= ack.priorDelivered) {
    ack.priorDelivered = skb.txDelivered;
  }
  if ((skb.sacked & SACKED_ACKED) !== 0) skb.txDeliveredAt = 0;
}

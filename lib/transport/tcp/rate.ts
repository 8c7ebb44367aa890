/**
 * Delivery rate samples: how many segments were delivered over which interval. Cubic does not use
 * the rate, but RACK and PRR use what is counted here.
 *
 * Kernel: net/ipv4/tcp_rate.c, 6.18.
 */
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";

/** A segment is sent: remembers what was delivered until then. Before `packetsOut` grows. @hot */
export function rateSkbSent(tp: Tcb, skb: SendSkb): void {
  if (tp.packetsOut === 0) {
    tp.firstTxAt = skb.sentAt;
    tp.deliveredAt = skb.sentAt;
  }
  skb.txFirstAt = tp.firstTxAt;
  skb.txDeliveredAt = tp.deliveredAt;
  skb.txDelivered = tp.delivered;
  skb.txAppLimited = tp.appLimited > 0;
}

/**
 * Sending again what was too large for the path, without taking it for congestion.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_simple_retransmit), 6.18.
 */

import { setCaState } from "./ca-state.ts";
import { currentSsthresh } from "./congestion.ts";
import { CaState } from "./constants.ts";
import { currentMss } from "./mss.ts";
import { markLost } from "./rack.ts";
import { limitRenoSacked } from "./reno-sacks.ts";
import { xmitRetransmitQueue } from "./retransmit.ts";
import type { Tcb } from "./tcb.ts";
import { isSack } from "./tcb-queries.ts";

/** Marks what is larger than the MSS as lost and sends it in smaller pieces. */
export function simpleRetransmit(tp: Tcb): void {
  const mss = currentMss(tp);
  for (let skb = tp.rtxQueue.head; skb !== null; skb = skb.next) {
    const largest = skb.pcount > 1 ? skb.gsoSize : skb.length;
    if (largest > mss) markLost(tp, skb);
  }
  tp.retransmitHint = null;
  if (tp.lostOut === 0) return;
  if (!isSack(tp)) limitRenoSacked(tp);
  if (tp.caState !== CaState.LOSS) {
    tp.highSeq = tp.sndNxt;
    tp.sndSsthresh = currentSsthresh(tp);
    tp.priorSsthresh = 0;
    tp.undoMarker = 0;
    setCaState(tp, CaState.LOSS);
  }
  xmitRetransmitQueue(tp);
}

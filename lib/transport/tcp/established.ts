/**
 * A handshake is complete: buffers, windows and the congestion window get their first values.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_init_transfer, tcp_finish_connect), 6.18.
 */

import { TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import { initRcvMss } from "./ack-policy.ts";
import { jiffies } from "./clock.ts";
import { TcpState } from "./constants.ts";
import { initialCwnd } from "./cwnd-usage.ts";
import { initMetrics } from "./metrics.ts";
import { updatePacingRate } from "./mss.ts";
import { initMtuSearch } from "./mtu-probe.ts";
import { synackRtt } from "./rtx-clean.ts";
import type { Segment } from "./segment.ts";
import { setState } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { initBufferSpace } from "./window.ts";

/** First values of what the transfer needs (`tcp_init_transfer`). */
function initTransfer(tp: Tcb): void {
  initMtuSearch(tp);
  initMetrics(tp);
  // RFC 5681 §3.1, with Linux's leniency: one lost SYN does not cost the initial window.
  tp.sndCwnd = tp.totalRetrans > 1 && tp.undoMarker !== 0 ? 1 : initialCwnd(tp);
  tp.cwndStamp = jiffies(tp);
  tp.ca.init(tp);
  initBufferSpace(tp);
}

/** The SYN that we repeated was not lost after all: its first copy was answered. */
export function undoSpuriousSyn(tp: Tcb): void {
  const stamp = tp.retransStamp;
  if (tp.undoMarker === 0 || stamp === 0 || !tp.sawTstamp) return;
  if (tp.rcvTsecr === stamp) tp.undoMarker = 0;
}

/** ESTABLISHED from our side's SYN (`tcp_finish_connect`). */
export function finishConnect(tp: Tcb): void {
  setState(tp, TcpState.ESTABLISHED);
  tp.ack.lrcvtime = jiffies(tp);
  initTransfer(tp);
  tp.lsndtime = jiffies(tp);
  if (tp.keepopen) tp.owner.startKeepalive(tp);
}

/** ESTABLISHED from SYN_RECV: the peer has acknowledged our SYN-ACK. */
export function establishPassive(tp: Tcb, segment: Segment): void {
  tp.delivered += 1;
  tp.confirmPending = true;
  if (tp.srttUs === 0) synackRtt(tp, -1);
  if (tp.tstampOk) tp.advmss -= TIMESTAMPS_ALIGNED_SIZE;
  undoSpuriousSyn(tp);
  tp.retransStamp = 0;
  initTransfer(tp);
  tp.copiedSeq = tp.rcvNxt;
  setState(tp, TcpState.ESTABLISHED);
  tp.wait.wake();
  tp.sndUna = segment.ack;
  tp.sndWnd = segment.window << tp.sndWscale;
  tp.sndWl1 = segment.seq;
  updatePacingRate(tp);
  tp.lsndtime = jiffies(tp);
  initRcvMss(tp);
}

/**
 * Round-trip time: the smoothed estimate, its variation, the RTO.
 *
 * Spec: RFC 6298. Kernel: net/ipv4/tcp_input.c (tcp_rtt_estimator, tcp_set_rto), 6.18.
 */

import { jiffiesToUs, usToJiffies } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { timestampMs, usBetween } from "./clock.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Least RTO in us: the route's, the sysctl's or 200 ms. @hot */
export function rtoMinUs(tp: Tcb): number {
  const route = tp.route;
  if (route !== null && route.rtoMinNs > 0) return Math.floor(route.rtoMinNs / 1000);
  return tp.rtoMin > 0 ? jiffiesToUs(tp.rtoMin) : tp.env.sysctls.tcpRtoMinUs;
}

/** Takes an RTT sample in us into the estimate (`tcp_rtt_estimator`). @hot */
export function estimateRtt(tp: Tcb, sampleUs: number): void {
  let m = sampleUs;
  let srtt = tp.srttUs;
  if (srtt === 0) {
    srtt = Math.max(1, m << 3);
    tp.mdevUs = m << 1;
    tp.rttvarUs = Math.max(tp.mdevUs, rtoMinUs(tp));
    tp.mdevMaxUs = tp.rttvarUs;
    tp.rttSeq = tp.sndNxt;
    tp.srttUs = srtt;
    return;
  }
  m -= srtt >> 3;
  srtt += m;
  if (m < 0) {
    m = -m;
    m -= tp.mdevUs >> 2;
    // A falling RTT must not raise the RTO (the kernel's answer to Eifel's).
    if (m > 0) m >>= 3;
  } else {
    m -= tp.mdevUs >> 2;
  }
  tp.mdevUs += m;
  if (tp.mdevUs > tp.mdevMaxUs) {
    tp.mdevMaxUs = tp.mdevUs;
    if (tp.mdevMaxUs > tp.rttvarUs) tp.rttvarUs = tp.mdevMaxUs;
  }
  if (after(tp.sndUna, tp.rttSeq)) {
    if (tp.mdevMaxUs < tp.rttvarUs) tp.rttvarUs -= (tp.rttvarUs - tp.mdevMaxUs) >> 2;
    tp.rttSeq = tp.sndNxt;
    tp.mdevMaxUs = rtoMinUs(tp);
  }
  tp.srttUs = Math.max(1, srtt);
}

/** RTO from the estimate (`tcp_set_rto`). @hot */
export function setRto(tp: Tcb): void {
  tp.rto = Math.min(usToJiffies((tp.srttUs >> 3) + tp.rttvarUs), tp.rtoMax);
}

/** Least RTO in jiffies (`tcp_rto_min`). */
export function rtoMinJiffies(tp: Tcb): number {
  return usToJiffies(rtoMinUs(tp));
}

/** RTT by the timestamp that the peer echoed, in us; -1 if it cannot be used. @hot */
export function timestampRttUs(tp: Tcb, minDelta: number): number {
  let delta = (timestampMs(tp) - tp.rcvTsecr) | 0;
  if (delta < 0 || delta >= 2_147_483) return -1;
  if (delta === 0) delta = minDelta;
  return delta * 1000;
}

/** The receiver's RTT: how long the peer takes to answer a window or a timestamp. @hot */
function updateReceiveRtt(tp: Tcb, sampleUs: number, windowDependent: boolean): void {
  const before = tp.receiveTuning.rttUs;
  const scaled = sampleUs * 8;
  if (before === 0 || scaled < before) {
    tp.receiveTuning.rttUs = scaled;
    return;
  }
  if (windowDependent || tp.rcvNxt !== tp.copiedSeq) return;
  tp.receiveTuning.rttUs = before - (before >> 3) + sampleUs;
}

/** Measures by window: the time until data beyond the window of then arrives. @hot */
export function measureReceiveRtt(tp: Tcb): void {
  if (tp.receiveTuning.rttAt !== 0) {
    if (before(tp.rcvNxt, tp.receiveTuning.rttSeq)) return;
    updateReceiveRtt(tp, Math.max(1, usBetween(tp.receiveTuning.rttAt, tp.mstamp)), true);
  }
  tp.receiveTuning.rttSeq = (tp.rcvNxt + tp.rcvWnd) | 0;
  tp.receiveTuning.rttAt = tp.mstamp;
}

/** Measures by timestamps, once for each value that the peer echoes. @hot */
export function measureReceiveRttByTimestamp(tp: Tcb, segment: Segment): void {
  if (tp.rcvTsecr === tp.receiveTuning.rttTsecr) return;
  tp.receiveTuning.rttTsecr = tp.rcvTsecr;
  if ((segment.endSeq - segment.seq) >>> 0 < tp.ack.rcvMss) return;
  const delta = timestampRttUs(tp, 0);
  if (delta > 0) updateReceiveRtt(tp, delta, false);
}

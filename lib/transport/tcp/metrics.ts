/**
 * What connections leave behind for later ones to the same address: smoothed RTT, its variation,
 * ssthresh, reordering.
 *
 * Kernel: net/ipv4/tcp_metrics.c, 6.18.
 */
import { MetricBit, NO_METRICS, type RouteMetrics } from "../../net/route.ts";
import { CaState, INFINITE_SSTHRESH, TIMEOUT_INIT } from "./constants.ts";
import { rtoMinJiffies } from "./rtt.ts";
import type { Tcb } from "./tcb.ts";
import { inSlowStart } from "./tcb-queries.ts";

/** Saved values for one destination; 0 is "none". */
export interface Metrics {
  rttUs: number;
  rttvarUs: number;
  ssthresh: number;
  cwnd: number;
  reordering: number;
  /** Which of them stay as the route said, as bits of `MetricBit`. */
  readonly locks: number;
}

/** The cache of one host, by source and destination address. */
export class MetricsCache {
  readonly #entries = new Map<string, Metrics>();

  /** The entry of a connection's addresses, made if `create` is set. */
  find(tp: Tcb, create: boolean): Metrics | null {
    const key = `${tp.localAddress} ${tp.remoteAddress}`;
    let entry = this.#entries.get(key) ?? null;
    if (entry === null && create) {
      entry = ofRoute(tp.route?.metrics ?? NO_METRICS);
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/** A new entry begins with what the route says (`tcpm_suck_dst`). */
function ofRoute(metrics: RouteMetrics): Metrics {
  const { rtt, rttvar, ssthresh, cwnd, reordering, locks } = metrics;
  return { rttUs: rtt * 1000, rttvarUs: rttvar * 1000, ssthresh, cwnd, reordering, locks };
}

function isLocked({ locks }: Metrics, bit: number): boolean {
  return ((locks >> bit) & 1) !== 0;
}

/** Begins with what earlier connections learned (`tcp_init_metrics`). */
export function initMetrics(tp: Tcb): void {
  const entry = tp.owner.metrics.find(tp, false);
  // What a lost SYN made of it says nothing about the data that follows.
  tp.sndSsthresh = INFINITE_SSTHRESH;
  let cachedRtt = 0;
  if (entry !== null) {
    if (isLocked(entry, MetricBit.cwnd)) tp.sndCwndClamp = entry.cwnd;
    if (entry.ssthresh > 0 && tp.env.sysctls.tcpNoSsthreshMetricsSave === 0) {
      tp.sndSsthresh = Math.min(entry.ssthresh, tp.sndCwndClamp);
    }
    if (entry.reordering > 0 && tp.reordering !== entry.reordering)
      tp.reordering = entry.reordering;
    cachedRtt = entry.rttUs;
  }
  // The cached RTT seeds the first RTO only; the estimate begins with the handshake's sample.
  if (cachedRtt > tp.srttUs) {
    const rtt = Math.floor(cachedRtt / 8 / 4000);
    tp.rto = rtt + Math.max(2 * rtt, rtoMinJiffies(tp));
  } else if (tp.srttUs === 0) {
    // RFC 6298 §5.7: after a lost SYN without a sample the RTO is 3 s.
    tp.rttvarUs = 3 * 1_000_000;
    tp.mdevUs = tp.rttvarUs;
    tp.mdevMaxUs = tp.rttvarUs;
    tp.rto = 3 * TIMEOUT_INIT;
  }
}

/** Saves what the connection learned (`tcp_update_metrics`). */
export function updateMetrics(tp: Tcb): void {
  const { sysctls } = tp.env;
  if (sysctls.tcpNoMetricsSave !== 0) return;
  if (tp.backoff > 0 || tp.srttUs === 0) {
    const entry = tp.owner.metrics.find(tp, false);
    if (entry !== null && !isLocked(entry, MetricBit.rtt)) entry.rttUs = 0;
    return;
  }
  const entry = tp.owner.metrics.find(tp, true);
  if (entry === null) return;
  const gap = entry.rttUs - tp.srttUs;
  // A falling RTT is taken over slowly, a rising one at once.
  if (!isLocked(entry, MetricBit.rtt)) {
    entry.rttUs = gap <= 0 ? tp.srttUs : entry.rttUs - (gap >> 3);
  }
  if (!isLocked(entry, MetricBit.rttvar)) {
    const deviation = Math.max(Math.abs(gap) >> 1, tp.mdevUs);
    const before = entry.rttvarUs;
    entry.rttvarUs = deviation >= before ? deviation : before - ((before - deviation) >> 2);
  }
  saveWindow(tp, entry);
  if (isLocked(entry, MetricBit.reordering)) return;
  if (entry.reordering < tp.reordering && tp.reordering !== sysctls.tcpReordering) {
    entry.reordering = tp.reordering;
  }
}

function saveWindow(tp: Tcb, entry: Metrics): void {
  const save =
    tp.env.sysctls.tcpNoSsthreshMetricsSave === 0 && !isLocked(entry, MetricBit.ssthresh);
  const saveCwnd = !isLocked(entry, MetricBit.cwnd);
  if (tp.sndSsthresh >= INFINITE_SSTHRESH) {
    if (save && entry.ssthresh > 0 && tp.sndCwnd >> 1 > entry.ssthresh) {
      entry.ssthresh = tp.sndCwnd >> 1;
    }
  } else if (!inSlowStart(tp) && tp.caState === CaState.OPEN) {
    if (save) entry.ssthresh = Math.max(tp.sndCwnd >> 1, tp.sndSsthresh);
    if (saveCwnd) entry.cwnd = (entry.cwnd + tp.sndCwnd) >> 1;
  } else {
    if (save && entry.ssthresh > 0 && tp.sndSsthresh > entry.ssthresh)
      entry.ssthresh = tp.sndSsthresh;
    if (saveCwnd) entry.cwnd = (entry.cwnd + tp.sndSsthresh) >> 1;
  }
}

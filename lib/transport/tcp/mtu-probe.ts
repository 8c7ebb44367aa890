/**
 * Path MTU discovery without ICMP: the connection sends a larger segment now and then, and begins
 * with small ones once it suspects a black hole.
 *
 * Spec: RFC 4821. Kernel: net/ipv4/tcp_output.c (tcp_mtu_probe, tcp_mtu_check_reprobe),
 * net/ipv4/tcp_input.c (tcp_mtup_probe_success), net/ipv4/tcp_timer.c (tcp_mtu_probing), 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";
import { after } from "../../wire/sequence.ts";
import { jiffies } from "./clock.ts";
import { currentSsthresh } from "./congestion.ts";
import { CaState } from "./constants.ts";
import { currentMss, IPV4_AND_TCP, mssToMtu, mtuToMss, syncMss } from "./mss.ts";
import { fragment, growSkb, setTsoSegs } from "./queue.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { packetsInFlight, windowEnd } from "./tcb-queries.ts";

/** The transfer begins: what there is to search (`tcp_mtup_init`). */
export function initMtuSearch(tp: Tcb): void {
  const { sysctls } = tp.env;
  tp.mtuSearch.enabled = sysctls.tcpMtuProbing > 1;
  tp.mtuSearch.high = tp.mssClamp + IPV4_AND_TCP;
  tp.mtuSearch.low = mssToMtu(tp, sysctls.tcpBaseMss);
  tp.mtuSearch.probeSize = 0;
  if (tp.mtuSearch.enabled) tp.mtuSearch.since = jiffies(tp);
}

/** Many retransmissions went unanswered: perhaps they are too large (`tcp_mtu_probing`). */
export function suspectBlackHole(tp: Tcb): void {
  const { sysctls } = tp.env;
  if (sysctls.tcpMtuProbing === 0) return;
  if (!tp.mtuSearch.enabled) {
    tp.mtuSearch.enabled = true;
    tp.mtuSearch.since = jiffies(tp);
  } else {
    const half = mtuToMss(tp, tp.mtuSearch.low) >> 1;
    const mss = Math.min(sysctls.tcpBaseMss, half);
    const least = Math.max(sysctls.tcpMtuProbeFloor, sysctls.tcpMinSndMss);
    tp.mtuSearch.low = mssToMtu(tp, Math.max(mss, least));
  }
  syncMss(tp, tp.pmtuCookie);
}

/**
 * The segment to send as a probe, cut to its size at the head of the write queue; null if none is
 * due. `mustWait`: nothing at all may be sent yet, so that there will be room for one.
 */
export function nextProbe(tp: Tcb): SendSkb | null {
  mustWait = false;
  const search = tp.mtuSearch;
  const unfit = search.probeSize !== 0 || tp.caState !== CaState.OPEN || tp.sndCwnd < 11;
  if (unfit || tp.numSacks > 0 || tp.dsack) return null;
  const mss = currentMss(tp);
  const size = mtuToMss(tp, (search.high + search.low) >> 1);
  const interval = search.high - search.low;
  if (size > mtuToMss(tp, search.high) || interval < tp.env.sysctls.tcpProbeThreshold) {
    searchAgain(tp, mss);
    return null;
  }
  // Enough has to follow for a loss to be told by duplicate ACKs.
  const needed = size + (tp.reordering + 1) * tp.mssCache;
  if (((tp.writeSeq - tp.sndNxt) | 0) < needed || tp.sndWnd < needed) return null;
  const inFlight = packetsInFlight(tp);
  mustWait =
    after((tp.sndNxt + needed) | 0, windowEnd(tp)) || (inFlight > 0 && inFlight + 2 > tp.sndCwnd);
  if (mustWait || inFlight + 2 > tp.sndCwnd) return null;
  return cutProbe(tp, size, mss);
}

/** Set by `nextProbe`. */
export let mustWait = false;

function cutProbe(tp: Tcb, size: number, mss: number): SendSkb | null {
  const head = tp.writeQueue.head;
  if (head === null) return null;
  while (head.length < size) {
    const length = head.length;
    growSkb(tp, head, size - length);
    if (head.length === length) return null;
  }
  if (head.length > size) fragment(tp, tp.writeQueue, head, size, mss);
  setTsoSegs(head, size);
  return head;
}

/** The probe has left (the end of `tcp_mtu_probe`). It counts for two segments. */
export function probeSent(tp: Tcb, skb: SendSkb): void {
  tp.sndCwnd -= 1;
  tp.mtuSearch.probeSize = mssToMtu(tp, skb.length);
  tp.mtuSearch.probeStart = skb.seq;
  tp.mtuSearch.probeEnd = skb.endSeq;
}

/** After `tcp_probe_interval` the path may have become wider. */
function searchAgain(tp: Tcb, mss: number): void {
  const interval = tp.env.sysctls.tcpProbeInterval * HZ;
  if (jiffies(tp) - tp.mtuSearch.since < interval) return;
  tp.mtuSearch.probeSize = 0;
  tp.mtuSearch.high = tp.mssClamp + IPV4_AND_TCP;
  tp.mtuSearch.low = mssToMtu(tp, mss);
  tp.mtuSearch.since = jiffies(tp);
}

/** What was acknowledged may be the probe: then the path takes its size. */
export function probeAcknowledged(tp: Tcb): void {
  const { probeSize, probeEnd } = tp.mtuSearch;
  if (probeSize === 0 || after(probeEnd, tp.sndUna)) return;
  tp.priorSsthresh = currentSsthresh(tp);
  const bytes = tp.sndCwnd * mssToMtu(tp, tp.mssCache);
  tp.sndCwnd = Math.max(1, Math.floor(bytes / probeSize));
  tp.sndCwndCnt = 0;
  tp.cwndStamp = jiffies(tp);
  tp.sndSsthresh = currentSsthresh(tp);
  tp.mtuSearch.low = probeSize;
  tp.mtuSearch.probeSize = 0;
  syncMss(tp, tp.pmtuCookie);
}

/**
 * Loss at the probe itself says that it was too large, not that the path is congested
 * (`tcp_mtup_probe_failed`). True if so.
 */
export function probeLost(tp: Tcb): boolean {
  const { probeSize, probeStart } = tp.mtuSearch;
  if (probeSize === 0 || tp.caState >= CaState.CWR || tp.sndUna !== probeStart) return false;
  tp.mtuSearch.high = probeSize - 1;
  tp.mtuSearch.probeSize = 0;
  tp.sndCwnd += 1;
  return true;
}

/**
 * Segment sizes: from the path MTU, the peer's MSS and the options that segments carry now.
 *
 * Spec: RFC 9293 §3.7.1, RFC 6691. Kernel: net/ipv4/tcp_output.c (tcp_sync_mss, tcp_current_mss,
 * tcp_tso_autosize), 6.18.
 */

import { TCP_SIZE } from "../../wire/tcp.ts";
import { TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import { DEFAULT_MSS, GSO_HEADER_ROOM, GSO_MAX_SEGS, GSO_MAX_SIZE } from "./constants.ts";
import type { Tcb } from "./tcb.ts";

/** Size of a GSO frame's payload at most. */
export const GSO_LIMIT = GSO_MAX_SIZE - GSO_HEADER_ROOM;
/** Size of the headers without options. */
export const IPV4_AND_TCP = 40;

/** Payload that fits into packets of `pmtu` bytes (`tcp_mtu_to_mss`). */
export function mtuToMss(tp: Tcb, pmtu: number): number {
  const mss = Math.max(Math.min(pmtu - IPV4_AND_TCP, tp.mssClamp), tp.env.sysctls.tcpMinSndMss);
  return mss - (tp.headerLen - TCP_SIZE);
}

/** Size of packets with `mss` bytes of payload (`tcp_mss_to_mtu`). */
export function mssToMtu(tp: Tcb, mss: number): number {
  return mss + tp.headerLen + IPV4_AND_TCP - TCP_SIZE;
}

/** Segments are never more than half the largest window of the peer, if that is small. */
function boundToHalfWindow(tp: Tcb, size: number): number {
  const cutoff = tp.maxWindow > DEFAULT_MSS ? tp.maxWindow >>> 1 : tp.maxWindow;
  if (cutoff > 0 && size > cutoff) return Math.max(cutoff, 68 - tp.headerLen);
  return size;
}

/** Follows a new path MTU; returns the new MSS. */
export function syncMss(tp: Tcb, pmtu: number): number {
  const search = tp.mtuSearch;
  if (search.high > pmtu) search.high = pmtu;
  tp.pmtuCookie = pmtu;
  tp.mssCache = boundToHalfWindow(tp, mtuToMss(tp, pmtu));
  if (search.enabled) tp.mssCache = Math.min(tp.mssCache, mtuToMss(tp, search.low));
  return tp.mssCache;
}

/** Payload of a full segment that is sent now, whose options may take more room than usual. @hot */
export function currentMss(tp: Tcb): number {
  let mss = tp.mssCache;
  const route = tp.route;
  if (route !== null && route.mtu !== tp.pmtuCookie) mss = syncMss(tp, route.mtu);
  const size = TCP_SIZE + establishedOptionsSize(tp);
  return mss - (size - tp.headerLen);
}

/** Size of the options of a segment other than SYN (`tcp_established_options`). @hot */
export function establishedOptionsSize(tp: Tcb): number {
  const size = tp.tstampOk ? TIMESTAMPS_ALIGNED_SIZE : 0;
  const blocks = sackBlocks(tp);
  return blocks > 0 ? size + 4 + 8 * blocks : size;
}

/** How many SACK blocks the next segment carries. @hot */
export function sackBlocks(tp: Tcb): number {
  const blocks = tp.numSacks + (tp.dsack ? 1 : 0);
  return blocks === 0 ? 0 : Math.min(blocks, tp.tstampOk ? 3 : 4);
}

/** How large one write queue segment may grow (`tcp_xmit_size_goal`). @hot */
export function xmitSizeGoal(tp: Tcb, mss: number): number {
  const goal = boundToHalfWindow(tp, GSO_LIMIT);
  let size = tp.gsoSegs * mss;
  if (goal < size || goal >= size + mss) {
    tp.gsoSegs = Math.min(Math.floor(goal / mss), GSO_MAX_SEGS);
    size = tp.gsoSegs * mss;
  }
  return Math.max(size, mss);
}

/** How many segments one frame may carry (`tcp_tso_segs`): about 1 ms of data. @hot */
export function tsoSegs(tp: Tcb, mss: number): number {
  const { sysctls } = tp.env;
  let bytes = Math.floor(tp.pacingRate / 1024);
  const shift = tp.rttMinUs >= 0xffffffff ? 32 : tp.rttMinUs >>> sysctls.tcpTsoRttLog;
  if (shift < 32) bytes += GSO_LIMIT >>> shift;
  if (bytes > GSO_LIMIT) bytes = GSO_LIMIT;
  return Math.min(Math.max(Math.floor(bytes / mss), sysctls.tcpMinTsoSegs), GSO_MAX_SEGS);
}

/** The rate that sizes frames, in bytes per second (`tcp_update_pacing_rate`). @hot */
export function updatePacingRate(tp: Tcb): void {
  const { sysctls } = tp.env;
  const ratio =
    tp.sndCwnd < tp.sndSsthresh / 2 ? sysctls.tcpPacingSsRatio : sysctls.tcpPacingCaRatio;
  const rate = tp.mssCache * 80_000 * ratio * Math.max(tp.sndCwnd, tp.packetsOut);
  tp.pacingRate = tp.srttUs > 0 ? Math.floor(rate / tp.srttUs) : rate;
}

/**
 * The receive window: what is offered first, how it follows the free buffer, how it grows with the
 * sender's skill and the reader's speed.
 *
 * Spec: RFC 9293 §3.8.6, RFC 7323 §2. Kernel: net/ipv4/tcp_output.c (tcp_select_window),
 * net/ipv4/tcp_input.c (tcp_grow_window, tcp_rcv_space_adjust), 6.18.
 */
import type { TransportSysctls } from "../sysctls.ts";
import { refreshMstamp, usBetween } from "./clock.ts";
import { ACK_NOMEM, INIT_CWND } from "./constants.ts";
import { MAX_TCP_HEADER } from "./segment-memory.ts";
import type { Tcb } from "./tcb.ts";
import { fullSpace, receiveWindow, spaceFromWin, tcpSpace, winFromSpace } from "./tcb-queries.ts";

/** Largest window that a header can say. */
export const MAX_WINDOW = 65535;
/** Largest window of a stack that takes windows for signed numbers (`MAX_TCP_WINDOW`). */
const MAX_SIGNED = 32767;
const MAX_WSCALE = 14;
/** SOCK_MIN_RCVBUF. */
export const MIN_RCVBUF = 2304;

/** Result of `selectInitialWindow`: reused. */
export const initialWindow = { rcvWnd: 0, windowClamp: 0, rcvWscale: 0 };

/** Chooses window, clamp and scale for a SYN or SYN-ACK into `initialWindow`. */
export function selectInitialWindow(
  sysctls: TransportSysctls,
  fullSpaceBytes: number,
  mss: number,
  clamp: number,
  wscaleOk: boolean,
  initRwnd: number,
): void {
  const windowClamp = clamp === 0 ? MAX_WINDOW << MAX_WSCALE : clamp;
  let space = Math.min(windowClamp, Math.max(0, fullSpaceBytes));
  if (space > mss) space -= space % mss;
  const offer = sysctls.tcpWorkaroundSignedWindows === 0 ? space : Math.min(space, MAX_SIGNED);
  initialWindow.rcvWnd = initRwnd > 0 ? Math.min(offer, initRwnd * mss) : offer;
  initialWindow.rcvWscale = 0;
  if (wscaleOk) {
    const largest = Math.min(Math.max(space, sysctls.tcpRmem[2], sysctls.rmemMax), windowClamp);
    const log2 = 31 - Math.clz32(largest);
    initialWindow.rcvWscale = Math.min(Math.max(log2 - 15, 0), MAX_WSCALE);
  }
  initialWindow.windowClamp = Math.min(MAX_WINDOW << initialWindow.rcvWscale, windowClamp);
}

/** The window that could be offered now, in bytes (`__tcp_select_window`). @hot */
export function windowToOffer(tp: Tcb): number {
  let mss = tp.ack.rcvMss;
  let free = tcpSpace(tp);
  const allowed = fullSpace(tp);
  const full = Math.min(tp.windowClamp, allowed);
  const unit = 1 << tp.rcvWscale;
  if (mss > full) {
    mss = full;
    if (mss <= 0) return 0;
  }
  if (mayShrink(tp)) return shrinkingWindow(tp, free, full, allowed, mss);
  if (free < full >> 1) {
    tp.ack.quick = 0;
    free -= ((free % unit) + unit) % unit;
    if (free < allowed >> 4 || free < mss) return 0;
  }
  if (free > tp.rcvSsthresh) free = tp.rcvSsthresh;
  if (tp.rcvWscale > 0) return alignUp(free, unit);
  const window = tp.rcvWnd;
  if (window <= free - mss || window > free) return free - (free % mss);
  if (mss === full && free > window + (full >> 1)) return free;
  return window;
}

/** `tcp_shrink_window`: memory decides over the right edge, in units of the scale. */
function mayShrink(tp: Tcb): boolean {
  return tp.env.sysctls.tcpShrinkWindow !== 0 && tp.rcvWscale > 0;
}

function shrinkingWindow(
  tp: Tcb,
  space: number,
  full: number,
  allowed: number,
  mss: number,
): number {
  const unit = 1 << tp.rcvWscale;
  const free = Math.floor(space / unit) * unit;
  if (free < full >> 1) {
    tp.ack.quick = 0;
    if (free < allowed >> 4 || free < mss || free < unit) return 0;
  }
  return free > tp.rcvSsthresh ? alignUp(tp.rcvSsthresh, unit) : free;
}

/** The window field of a segment that is sent now; remembers what it offers. @hot */
export function selectWindow(tp: Tcb): number {
  if ((tp.ack.pending & ACK_NOMEM) !== 0) {
    tp.rcvWnd = 0;
    tp.rcvWup = tp.rcvNxt;
    return 0;
  }
  const current = receiveWindow(tp);
  let offer = windowToOffer(tp);
  // RFC 9293 §3.8.6: the right edge is not moved to the left.
  if (offer < current && !mayShrink(tp)) offer = alignUp(current, 1 << tp.rcvWscale);
  tp.rcvWnd = offer;
  tp.rcvWup = tp.rcvNxt;
  const signed = tp.rcvWscale === 0 && tp.env.sysctls.tcpWorkaroundSignedWindows !== 0;
  return Math.min(offer, signed ? MAX_SIGNED : MAX_WINDOW << tp.rcvWscale) >> tp.rcvWscale;
}

/** Sets the clamp, moving the slow-start threshold of the window with it. */
export function setWindowClamp(tp: Tcb, value: number): void {
  const before = tp.windowClamp;
  const clamp = Math.max(MIN_RCVBUF / 2, value);
  if (clamp === before) return;
  tp.windowClamp = clamp;
  if (clamp < before) tp.rcvSsthresh = Math.min(tp.rcvSsthresh, clamp);
  else tp.rcvSsthresh = Math.max(Math.min(tp.rcvWnd, clamp), tp.rcvSsthresh);
}

/** Buffers and clamp at the moment that the connection is established. */
export function initBufferSpace(tp: Tcb): void {
  if (!tp.sndbufLocked) expandSndbuf(tp);
  refreshMstamp(tp);
  tp.receiveTuning.at = tp.mstamp;
  tp.receiveTuning.seq = tp.copiedSeq;
  const appWin = tp.env.sysctls.tcpAppWin;
  const maxwin = fullSpace(tp);
  if (tp.windowClamp >= maxwin) {
    tp.windowClamp = maxwin;
    if (appWin > 0 && maxwin > 4 * tp.advmss) {
      tp.windowClamp = Math.max(maxwin - (maxwin >> appWin), 4 * tp.advmss);
    }
  }
  if (appWin > 0 && tp.windowClamp > 2 * tp.advmss && tp.windowClamp + tp.advmss > maxwin) {
    tp.windowClamp = Math.max(2 * tp.advmss, maxwin - tp.advmss);
  }
  tp.rcvSsthresh = Math.min(tp.rcvSsthresh, tp.windowClamp);
  tp.receiveTuning.space = Math.min(tp.rcvSsthresh, tp.rcvWnd, INIT_CWND * tp.advmss);
}

/** Makes the send buffer large enough for twice the congestion window. */
export function expandSndbuf(tp: Tcb): void {
  const wanted = Math.max(tp.mssClamp, tp.mssCache) + MAX_TCP_HEADER + 320;
  let perMss = 1;
  while (perMss < wanted) perMss *= 2;
  perMss += 256;
  const segments = Math.max(INIT_CWND, tp.sndCwnd, tp.reordering + 1);
  const memory = 2 * segments * perMss;
  if (tp.sndbuf < memory) tp.sndbuf = Math.min(memory, tp.env.sysctls.tcpWmem[2]);
}

/**
 * Lets the window grow when segments use their memory well (`tcp_grow_window`). `size` is what the
 * segment counts as: its truesize, or `sizeWithoutHead`. @hot
 */
export function growWindow(tp: Tcb, length: number, size: number): void {
  const room = Math.min(tp.windowClamp, tcpSpace(tp)) - tp.rcvSsthresh;
  if (room <= 0) return;
  const increase = winFromSpace(tp, size) <= length ? tp.advmss << 1 : slowly(tp, length, size);
  if (increase === 0) return;
  tp.rcvSsthresh += Math.min(room, Math.max(increase, 2 * length));
  tp.ack.quick |= 1;
}

function slowly(tp: Tcb, length: number, truesize: number): number {
  let size = winFromSpace(tp, truesize) >> 1;
  let window = winFromSpace(tp, tp.env.sysctls.tcpRmem[2]) >> 1;
  while (tp.rcvSsthresh <= window) {
    if (size <= length) return 2 * tp.ack.rcvMss;
    size >>= 1;
    window >>= 1;
  }
  return 0;
}

/** Dynamic right-sizing: the buffer follows what the program reads in one RTT. @hot */
export function adjustReceiveSpace(tp: Tcb): void {
  refreshMstamp(tp);
  const time = usBetween(tp.receiveTuning.at, tp.mstamp);
  if (time < tp.receiveTuning.rttUs >> 3 || tp.receiveTuning.rttUs === 0) return;
  const queued = (tp.rcvNxt - tp.copiedSeq) | 0;
  const copied = ((tp.copiedSeq - tp.receiveTuning.seq) | 0) - queued;
  if (copied > tp.receiveTuning.space) growRcvbuf(tp, copied);
  tp.receiveTuning.seq = tp.copiedSeq;
  tp.receiveTuning.at = tp.mstamp;
}

/** Enlarges the receive buffer for `space` bytes read in one RTT (`tcp_rcvbuf_grow`). */
function growRcvbuf(tp: Tcb, space: number): void {
  const before = tp.receiveTuning.space;
  tp.receiveTuning.space = space;
  const { sysctls } = tp.env;
  if (sysctls.tcpModerateRcvbuf === 0 || tp.rcvbufLocked) return;
  // One RTT late by nature, so twice; and the sender may double its rate in slow start.
  let window = space * 2;
  window += Math.floor((window * (space - before)) / before) * 2;
  const last = tp.outOfOrder.tail;
  if (last !== null) window += (last.endSeq - tp.rcvNxt) | 0;
  const rcvbuf = Math.min(spaceFromWin(tp, window), sysctls.tcpRmem[2]);
  if (rcvbuf <= tp.rcvbuf) return;
  tp.rcvbuf = rcvbuf;
  tp.windowClamp = winFromSpace(tp, rcvbuf);
}

/** Lowers the window's threshold after the buffer overflowed (`tcp_clamp_window`). */
export function clampWindow(tp: Tcb): void {
  tp.ack.quick = 0;
  const max = tp.env.sysctls.tcpRmem[2];
  if (tp.rcvbuf < max && !tp.rcvbufLocked)
    tp.rcvbuf = Math.min(Math.max(tp.rmemAlloc, tp.rcvbuf), max);
  if (tp.rmemAlloc > tp.rcvbuf) tp.rcvSsthresh = Math.min(tp.windowClamp, 2 * tp.advmss);
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

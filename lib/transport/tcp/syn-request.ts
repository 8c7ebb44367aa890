/**
 * What a SYN asks for, and the window that its SYN-ACK offers.
 *
 * Kernel: net/ipv4/tcp_input.c (tcp_openreq_init), net/ipv4/tcp_minisocks.c
 * (tcp_openreq_init_rwin), 6.18.
 */

import { FLAG_CWR, FLAG_ECE } from "../../wire/tcp.ts";
import { type TcpOptions, TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import { clampMss } from "./connect.ts";
import { DEFAULT_MSS, ECN_MASK } from "./constants.ts";
import type { ConnectionRequest } from "./request.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import { fullSpace } from "./tcb-queries.ts";
import { initialWindow, selectInitialWindow } from "./window.ts";

/** What both sides allow of the options of a SYN (`tcp_openreq_init`). */
export function fillRequest(
  request: ConnectionRequest,
  listener: Tcb,
  segment: Segment,
  options: TcpOptions,
): void {
  const { sysctls } = listener.env;
  const mss = options.mss > 0 ? options.mss : DEFAULT_MSS;
  request.mss = listener.userMss > 0 ? Math.min(mss, listener.userMss) : mss;
  request.timestamps = options.hasTimestamps && sysctls.tcpTimestamps !== 0;
  request.tsRecent = request.timestamps ? options.timestampValue : 0;
  request.sack = options.sackPermitted && sysctls.tcpSack !== 0;
  request.windowScaling = options.windowScale >= 0 && sysctls.tcpWindowScaling !== 0;
  request.sndWscale = request.windowScaling ? options.windowScale : 0;
  const accepted = sysctls.tcpFwmarkAccept === 0 ? 0 : (segment.frame?.mark ?? 0);
  request.mark = listener.mark === 0 ? accepted : listener.mark;
  request.tos = requestTos(listener, segment);
  const wantsEcn = (segment.flags & (FLAG_ECE | FLAG_CWR)) === (FLAG_ECE | FLAG_CWR);
  request.ecn = wantsEcn && sysctls.tcpEcn !== 0;
}

/** The TOS of the answer: the listener's, or the SYN's with `tcp_reflect_tos`. */
export function requestTos(listener: Tcb, segment: Segment): number {
  if (listener.env.sysctls.tcpReflectTos === 0) return listener.tos;
  return (segment.tos & ~ECN_MASK) | (listener.tos & ECN_MASK);
}

/**
 * The window that the SYN-ACK offers, whole segments of `mss` bytes; 0 for what a segment carries
 * with its options (`tcp_openreq_init_rwin`).
 */
export function chooseWindow(request: ConnectionRequest, listener: Tcb, mss: number): void {
  const { sysctls } = listener.env;
  const route = request.route();
  const advmss = route === null ? DEFAULT_MSS : clampMss(listener, route.advmss);
  const space = fullSpace(listener);
  let clamp = listener.windowClamp;
  if (clamp === 0 && route !== null) clamp = route.window;
  if (listener.rcvbufLocked && (clamp > space || clamp === 0)) clamp = space;
  const initRwnd = route === null ? 0 : route.initrwnd;
  selectInitialWindow(
    sysctls,
    Math.max(space, initRwnd * advmss),
    mss !== 0 ? mss : advmss - (request.timestamps ? TIMESTAMPS_ALIGNED_SIZE : 0),
    clamp,
    request.windowScaling,
    initRwnd,
  );
  request.rcvWnd = initialWindow.rcvWnd;
  request.windowClamp = initialWindow.windowClamp;
  request.rcvWscale = initialWindow.rcvWscale;
}

/**
 * Requests that live in a cookie: what goes into one, and what comes back with the ACK.
 *
 * Spec: RFC 4987 §3.6. Kernel: net/ipv4/syncookies.c (cookie_init_timestamp, cookie_v4_check), 6.18.
 */
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import { type Cookies, decodeTimestamp, encodeTimestamp } from "./cookies.ts";
import type { ConnectionRequest } from "./request.ts";
import type { Segment } from "./segment.ts";
import { requestTos } from "./syn-request.ts";

/** Puts what is known of the request into the sequence number and timestamp of its SYN-ACK. */
export function sayInCookie(
  request: ConnectionRequest,
  segment: Segment,
  cookies: Cookies,
  now: Ns,
): void {
  request.cookie = true;
  if (!request.timestamps) forgetOptions(request);
  request.sndIsn = cookies.make(segment, request.mss, now);
  const scale = request.windowScaling ? request.sndWscale : -1;
  const stamp = encodeTimestamp(Math.floor(now / NS_PER_MS) | 0, scale, request.sack, request.ecn);
  request.tsOffset = cookieTsOffset(segment);
  request.tsvalLast = (stamp + request.tsOffset) | 0;
}

function forgetOptions(request: ConnectionRequest): void {
  request.sack = false;
  request.windowScaling = false;
  request.sndWscale = 0;
  request.ecn = false;
}

/** Fills a request with what the cookie, its timestamp and the ACK's options say. */
export function restoreFromCookie(
  request: ConnectionRequest,
  segment: Segment,
  options: TcpOptions,
  mss: number,
): void {
  const { sysctls } = request.listener.env;
  Object.assign(request, { rcvIsn: (segment.seq - 1) | 0 });
  request.cookie = true;
  request.tos = requestTos(request.listener, segment);
  request.sndIsn = (segment.ack - 1) | 0;
  request.mss = mss;
  request.timestamps = options.hasTimestamps && sysctls.tcpTimestamps !== 0;
  request.tsOffset = cookieTsOffset(segment);
  if (!request.timestamps) return;
  request.tsRecent = options.timestampValue;
  const said = decodeTimestamp((options.timestampEcho - request.tsOffset) | 0);
  request.sack = said.sack && sysctls.tcpSack !== 0;
  request.ecn = said.ecn;
  request.windowScaling = said.scale >= 0 && sysctls.tcpWindowScaling !== 0;
  request.sndWscale = request.windowScaling ? said.scale : 0;
}

function cookieTsOffset(segment: Segment): number {
  return Math.imul(segment.source ^ segment.sourcePort, 0x85ebca6b) ^ segment.destination;
}

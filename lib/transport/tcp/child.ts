/**
 * A connection that its peer opened: what it takes over from its listener and from the request.
 *
 * Kernel: net/ipv4/tcp_minisocks.c (tcp_create_openreq_child), net/core/sock.c (sk_clone), 6.18.
 */

import { TCP_SIZE } from "../../wire/tcp.ts";
import { TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import { jiffies } from "./clock.ts";
import { DEFAULT_MSS, ECN_OK, SACK_SEEN, TcpState } from "./constants.ts";
import type { ListenOwner } from "./listen.ts";
import type { ConnectionRequest } from "./request.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Options of the listener that its connections take over. */
export function inherit(child: Tcb, listener: Tcb): void {
  child.parent = listener;
  child.rcvbuf = listener.rcvbuf;
  child.sndbuf = listener.sndbuf;
  child.rcvbufLocked = listener.rcvbufLocked;
  child.sndbufLocked = listener.sndbufLocked;
  child.userMss = listener.userMss;
  child.ttl = listener.ttl;
  child.tos = listener.tos;
  child.pmtuDiscover = listener.pmtuDiscover;
  child.boundDevice = listener.boundDevice;
  child.nonagle = listener.nonagle;
  child.keepopen = listener.keepopen;
  child.keepaliveTime = listener.keepaliveTime;
  child.keepaliveIntvl = listener.keepaliveIntvl;
  child.keepaliveProbes = listener.keepaliveProbes;
  child.userTimeoutMs = listener.userTimeoutMs;
  child.linger = listener.linger;
  child.lingerSeconds = listener.lingerSeconds;
  child.linger2 = listener.linger2;
  child.reuse = listener.reuse;
  child.reusePort = listener.reusePort;
  child.notsentLowat = listener.notsentLowat;
  child.synRetries = listener.synRetries;
  if (listener.ca.name !== child.ca.name)
    child.ca = listener.owner.congestionControl(listener.ca.name);
}

/** First values of a connection that was opened by its peer (`tcp_create_openreq_child`). */
export function openChild(
  child: Tcb,
  request: ConnectionRequest,
  segment: Segment,
  owner: ListenOwner,
): void {
  child.state = TcpState.SYN_RECV;
  child.localAddress = request.localAddress;
  child.localPort = request.localPort;
  child.remoteAddress = request.remoteAddress;
  child.remotePort = request.remotePort;
  child.boundAddress = request.listener.boundAddress;
  child.boundPort = true;
  child.ipId = owner.secureSeq.random() & 0xffff;
  openSequences(child, request);
  takeOptions(child, request, segment);
  if (request.numTimeout > 0) {
    child.undoMarker = request.sndIsn || 1;
    child.retransStamp = Math.floor(request.sentAt / 1_000_000) | 0 || 1;
  }
  if (segment.length >= DEFAULT_MSS) child.ack.lastSegSize = segment.length;
  child.totalRetrans = request.numRetrans;
  child.ack.lrcvtime = jiffies(child);
  if (child.keepopen) child.owner.startKeepalive(child);
}

/** Both sides' sequence spaces begin behind their SYNs. */
function openSequences(child: Tcb, request: ConnectionRequest): void {
  const first = (request.sndIsn + 1) | 0;
  child.rcvNxt = request.rcvNxt;
  child.rcvWup = request.rcvNxt;
  child.copiedSeq = request.rcvNxt;
  child.sndUna = first;
  child.sndNxt = first;
  child.sndSml = first;
  child.writeSeq = first;
  child.pushedSeq = first;
  child.sndWl1 = request.rcvIsn;
}

/** Options and windows that the handshake agreed on. */
function takeOptions(child: Tcb, request: ConnectionRequest, segment: Segment): void {
  child.tstampOk = request.timestamps;
  child.sackOk = request.sack ? SACK_SEEN : 0;
  child.windowClamp = request.windowClamp;
  child.rcvSsthresh = request.rcvWnd;
  child.rcvWnd = request.rcvWnd;
  child.wscaleOk = request.windowScaling;
  child.sndWscale = request.windowScaling ? request.sndWscale : 0;
  child.rcvWscale = request.windowScaling ? request.rcvWscale : 0;
  if (!request.windowScaling) child.windowClamp = Math.min(child.windowClamp, 65535);
  child.sndWnd = segment.window << child.sndWscale;
  child.maxWindow = child.sndWnd;
  child.headerLen = TCP_SIZE;
  if (request.timestamps) {
    child.headerLen += TIMESTAMPS_ALIGNED_SIZE;
    child.tsRecent = request.tsRecent;
    child.tsRecentStamp = Math.max(1, Math.floor(child.env.cpu.now / 1e9));
  }
  child.tsOffset = request.tsOffset;
  child.mssClamp = request.mss;
  child.ecnFlags = request.ecn ? ECN_OK : 0;
}

/**
 * Passive open: listeners, the queue of half-open requests, the queue of connections that wait to
 * be accepted, and what happens when either is full.
 *
 * Spec: RFC 9293 §3.10.7.2, RFC 4987. Kernel: net/ipv4/tcp_input.c (tcp_conn_request),
 * net/ipv4/tcp_minisocks.c (tcp_create_openreq_child), 6.18.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { Ring } from "../../base/ring.ts";
import { DropReason } from "../../sim/drop-reason.ts";
import { after } from "../../wire/sequence.ts";
import { FLAG_CWR, FLAG_ECE, TCP_SIZE } from "../../wire/tcp.ts";
import { type TcpOptions, TIMESTAMPS_ALIGNED_SIZE } from "../../wire/tcp-options.ts";
import type { ConnectionTable } from "../demux.ts";
import type { PortTable } from "../port-table.ts";
import { initRcvMss } from "./ack-policy.ts";
import { jiffies, usBetween } from "./clock.ts";
import { clampMss } from "./connect.ts";
import { DEFAULT_MSS, ECN_MASK, ECN_OK, SACK_SEEN, TcpState, TIMEOUT_INIT } from "./constants.ts";
import { type Cookies, decodeTimestamp, encodeTimestamp } from "./cookies.ts";
import { syncMss } from "./mss.ts";
import { sendReset } from "./reply.ts";
import { ConnectionRequest } from "./request.ts";
import { synackRtt } from "./rtx-clean.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { reset } from "./state.ts";
import type { Tcb, TcbOwner } from "./tcb.ts";
import { fullSpace } from "./tcb-queries.ts";
import { initialWindow, selectInitialWindow } from "./window.ts";

/** What listeners need of TCP. */
export interface ListenOwner extends TcbOwner {
  readonly segments: SegmentPool;
  readonly ports: PortTable;
  readonly connections: Pick<ConnectionTable<Tcb | ConnectionRequest>, "add" | "remove">;
  create(): Tcb;
  randomInt32(): number;
  timestampOffset(local: number, remote: number): number;
  doReceive(tp: Tcb, segment: Segment): void;
}

/** The listeners of a host. */
export class Listening {
  readonly #owner: ListenOwner;
  readonly #cookies: Cookies;
  readonly #byPort = new Map<number, Tcb[]>();
  /** When the queue of a listener overflowed last, so that cookies are believed for a while. */
  readonly #overflowAt = new Map<Tcb, number>();

  constructor(owner: ListenOwner, cookies: Cookies) {
    this.#owner = owner;
    this.#cookies = cookies;
  }

  /** All listeners, by port and then by age. */
  all(): Tcb[] {
    const ports = [...this.#byPort.keys()].sort((a, b) => a - b);
    return ports.flatMap((port) => this.#byPort.get(port) ?? []);
  }

  /** `listen`: the socket has its port already. */
  add(tp: Tcb, backlog: number): void {
    const max = Math.min(backlog >>> 0, this.#owner.env.sysctls.somaxconn);
    if (tp.listen !== null) {
      tp.listen.backlog = max;
      return;
    }
    tp.state = TcpState.LISTEN;
    tp.listen = { backlog: max, acceptQueue: new Ring(8), requests: 0, young: 0 };
    const listeners = this.#byPort.get(tp.localPort);
    if (listeners === undefined) this.#byPort.set(tp.localPort, [tp]);
    else listeners.push(tp);
  }

  /** The listener closes: what waits in its queues is reset (`inet_csk_listen_stop`). */
  remove(tp: Tcb): void {
    const listeners = this.#byPort.get(tp.localPort) ?? [];
    const index = listeners.indexOf(tp);
    if (index !== -1) listeners.splice(index, 1);
    if (listeners.length === 0) this.#byPort.delete(tp.localPort);
    this.#overflowAt.delete(tp);
  }

  /** The listener for an address and port: the most specific one, then by hash (SO_REUSEPORT). */
  find(address: Ipv4, port: number, segment: Segment): Tcb | null {
    const listeners = this.#byPort.get(port);
    if (listeners === undefined) return null;
    const device = segment.frame === null ? 0 : segment.frame.inputIndex;
    let best: Tcb | null = null;
    let bestScore = 0;
    let ties = 0;
    for (let index = 0; index < listeners.length; index += 1) {
      const listener = listeners[index];
      if (listener === undefined) continue;
      const score = scoreOf(listener, address, device);
      if (score > bestScore) {
        best = listener;
        bestScore = score;
        ties = 1;
      } else if (score === bestScore && score > 0 && listener.reusePort) {
        // One of a group of equals, by a hash over the connection.
        ties += 1;
        if (pick(segment) % ties === 0) best = listener;
      }
    }
    return best;
  }

  /** A SYN for a listener (`tcp_conn_request`). Takes the segment. */
  receiveSyn(listener: Tcb, segment: Segment, options: TcpOptions, isn: number): void {
    const owner = this.#owner;
    const { env } = owner;
    const listen = listener.listen;
    if (
      listen === null ||
      env.isBroadcast(segment.destination) ||
      env.isMulticast(segment.destination)
    ) {
      owner.segments.drop(segment, DropReason.TCP_FLAGS);
      return;
    }
    const { sysctls } = env;
    let cookie = false;
    if ((sysctls.tcpSyncookies === 2 || listen.requests >= listen.backlog) && isn === 0) {
      if (sysctls.tcpSyncookies === 0) {
        owner.segments.drop(segment, DropReason.TCP_REQ_QFULL_DROP);
        return;
      }
      cookie = true;
      this.#overflowAt.set(listener, env.cpu.now);
    }
    if (listen.acceptQueue.length > listen.backlog) {
      owner.segments.drop(segment, DropReason.TCP_LISTEN_OVERFLOW);
      return;
    }
    const request = new ConnectionRequest(owner, listener, segment);
    request.cookie = cookie;
    fillRequest(request, listener, segment, options);
    const free = sysctls.tcpMaxSynBacklog - listen.requests;
    if (
      !cookie &&
      isn === 0 &&
      sysctls.tcpSyncookies === 0 &&
      free < sysctls.tcpMaxSynBacklog >> 2
    ) {
      owner.segments.drop(segment, DropReason.TCP_REQ_QFULL_DROP);
      return;
    }
    request.sndIsn = isn === 0 ? owner.randomInt32() : isn;
    request.tsOffset = owner.timestampOffset(request.localAddress, request.remoteAddress);
    if (cookie) {
      if (!request.timestamps) forgetOptions(request);
      request.sndIsn = this.#cookies.make(segment, request.mss, env.cpu.now);
      const now = Math.floor(env.cpu.now / 1_000_000) | 0;
      const scale = request.windowScaling ? request.sndWscale : -1;
      const stamp = encodeTimestamp(now, scale, request.sack, request.ecn);
      request.tsOffset = cookieTsOffset(segment);
      request.tsvalLast = (stamp + request.tsOffset) | 0;
    }
    chooseWindow(request, listener, 0);
    if (!cookie) {
      listen.requests += 1;
      listen.young += 1;
      owner.connections.add(request);
      request.armJiffies(TIMEOUT_INIT);
    }
    request.sendSynAck();
    owner.segments.consume(segment);
  }

  /** An ACK that fits no request may bring a cookie back. Takes the segment if it returns true. */
  acceptCookie(listener: Tcb, segment: Segment, options: TcpOptions): boolean {
    const owner = this.#owner;
    const { env } = owner;
    const overflow = this.#overflowAt.get(listener);
    const recent = overflow !== undefined && env.cpu.now - overflow < 120e9;
    if (env.sysctls.tcpSyncookies === 0 || (!recent && env.sysctls.tcpSyncookies !== 2))
      return false;
    const mss = this.#cookies.check(segment, env.cpu.now);
    if (mss === 0) return false;
    const request = new ConnectionRequest(owner, listener, segment);
    restoreFromCookie(request, segment, options, mss);
    // Unlike a SYN's, the MSS is taken as it is (`cookie_v4_check`): options are not subtracted.
    chooseWindow(request, listener, mss);
    this.createChild(request, segment, options);
    return true;
  }

  /** The handshake is complete: makes the connection. Takes the segment. */
  createChild(request: ConnectionRequest, segment: Segment, options: TcpOptions): void {
    const owner = this.#owner;
    const { listener } = request;
    const listen = listener.listen;
    if (listen === null) {
      sendReset(owner.env, segment);
      owner.dropRequest(request);
      owner.segments.drop(segment, DropReason.NO_SOCKET);
      return;
    }
    if (listen.acceptQueue.length > listen.backlog) {
      if (owner.env.sysctls.tcpAbortOnOverflow !== 0) {
        sendReset(owner.env, segment);
        owner.dropRequest(request);
      } else {
        request.acked = true;
      }
      owner.segments.drop(segment, DropReason.TCP_LISTEN_OVERFLOW);
      return;
    }
    const route = request.route();
    if (route === null) {
      owner.segments.drop(segment, DropReason.IP_OUTNOROUTES);
      return;
    }
    const child = owner.create();
    inherit(child, listener);
    child.tos = request.tos;
    openChild(child, request, segment, owner);
    child.route = route;
    syncMss(child, route.mtu);
    child.advmss = clampMss(child, route.advmss);
    initRcvMss(child);
    if (options.hasTimestamps && !after(segment.seq, request.rcvNxt)) {
      child.tsRecent = options.timestampValue;
    }
    const measured = request.numRetrans === 0 && request.sentAt !== 0;
    if (measured) synackRtt(child, usBetween(request.sentAt, owner.env.cpu.now));
    owner.dropRequest(request);
    owner.hash(child);
    owner.ports.take(child, child.localPort);
    listen.acceptQueue.push(child);
    owner.doReceive(child, segment);
  }

  /** Takes the next connection off the queue, or null. */
  accept(listener: Tcb): Tcb | null {
    const child = listener.listen?.acceptQueue.shift() ?? null;
    if (child !== null) child.parent = null;
    return child;
  }

  /** Resets all that waits in a listener's queues, when it closes. */
  abortQueues(
    listener: Tcb,
    requests: readonly ConnectionRequest[],
    kill: (child: Tcb) => void,
  ): void {
    for (const request of requests) this.#owner.dropRequest(request);
    const queue = listener.listen?.acceptQueue;
    for (let child = queue?.shift() ?? null; child !== null; child = queue?.shift() ?? null) {
      child.parent = null;
      kill(child);
      if (child.state !== TcpState.CLOSE) reset(child);
    }
  }
}

function scoreOf(listener: Tcb, address: number, device: number): number {
  let score = 1;
  if (listener.localAddress !== 0) {
    if (listener.localAddress !== address) return 0;
    score += 2;
  }
  if (listener.boundDevice !== 0) {
    if (listener.boundDevice !== device) return 0;
    score += 4;
  }
  return score;
}

function pick(segment: Segment): number {
  const mixed = Math.imul(
    segment.source ^ ((segment.sourcePort << 16) | segment.destinationPort),
    0x9e3779b1,
  );
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function cookieTsOffset(segment: Segment): number {
  return Math.imul(segment.source ^ segment.sourcePort, 0x85ebca6b) ^ segment.destination;
}

function fillRequest(
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
  request.mark = listener.mark;
  request.tos = requestTos(listener, segment);
  const wantsEcn = (segment.flags & (FLAG_ECE | FLAG_CWR)) === (FLAG_ECE | FLAG_CWR);
  request.ecn = wantsEcn && sysctls.tcpEcn !== 0;
}

/** The TOS of the answer: the listener's, or the SYN's with `tcp_reflect_tos`. */
function requestTos(listener: Tcb, segment: Segment): number {
  if (listener.env.sysctls.tcpReflectTos === 0) return listener.tos;
  return (segment.tos & ~ECN_MASK) | (listener.tos & ECN_MASK);
}

function forgetOptions(request: ConnectionRequest): void {
  request.sack = false;
  request.windowScaling = false;
  request.sndWscale = 0;
  request.ecn = false;
}

function restoreFromCookie(
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

/**
 * The window that the SYN-ACK offers, whole segments of `mss` bytes; 0 for what a segment carries
 * with its options (`tcp_openreq_init_rwin`).
 */
function chooseWindow(request: ConnectionRequest, listener: Tcb, mss: number): void {
  const { sysctls } = listener.env;
  const route = request.route();
  const advmss = route === null ? DEFAULT_MSS : clampMss(listener, route.advmss);
  const space = fullSpace(listener);
  let clamp = listener.windowClamp;
  if (clamp === 0 && route !== null) clamp = route.window;
  if (listener.rcvbufLocked && (clamp > space || clamp === 0)) clamp = space;
  const initRwnd = route === null ? 0 : route.initrwnd;
  selectInitialWindow(
    sysctls.tcpRmem[2],
    sysctls.rmemMax,
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

/** Options of the listener that its connections take over. */
function inherit(child: Tcb, listener: Tcb): void {
  child.parent = listener;
  child.rcvbuf = listener.rcvbuf;
  child.sndbuf = listener.sndbuf;
  child.rcvbufLocked = listener.rcvbufLocked;
  child.sndbufLocked = listener.sndbufLocked;
  child.userMss = listener.userMss;
  child.ttl = listener.ttl;
  child.tos = listener.tos;
  child.pmtuDiscover = listener.pmtuDiscover;
  child.mark = listener.mark;
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
function openChild(
  child: Tcb,
  request: ConnectionRequest,
  segment: Segment,
  owner: ListenOwner,
): void {
  const first = (request.sndIsn + 1) | 0;
  child.state = TcpState.SYN_RECV;
  child.localAddress = request.localAddress;
  child.localPort = request.localPort;
  child.remoteAddress = request.remoteAddress;
  child.remotePort = request.remotePort;
  child.boundAddress = request.listener.boundAddress;
  child.boundPort = true;
  child.ipId = owner.randomInt32() & 0xffff;
  child.rcvNxt = request.rcvNxt;
  child.rcvWup = request.rcvNxt;
  child.copiedSeq = request.rcvNxt;
  child.sndUna = first;
  child.sndNxt = first;
  child.sndSml = first;
  child.sndUp = first;
  child.writeSeq = first;
  child.pushedSeq = first;
  child.sndWl1 = request.rcvIsn;
  child.totalRetrans = request.numRetrans;
  child.tstampOk = request.timestamps;
  child.sackOk = request.sack ? SACK_SEEN : 0;
  child.windowClamp = request.windowClamp;
  child.rcvSsthresh = request.rcvWnd;
  child.rcvWnd = request.rcvWnd;
  child.lrcvtime = jiffies(child);
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
    child.tsRecentStamp = Math.max(1, Math.floor(owner.env.cpu.now / 1e9));
  }
  if (request.numTimeout > 0) {
    child.undoMarker = request.sndIsn || 1;
    child.retransStamp = Math.floor(request.sentAt / 1_000_000) | 0 || 1;
  }
  child.tsOffset = request.tsOffset;
  if (segment.length >= DEFAULT_MSS) child.lastSegSize = segment.length;
  child.mssClamp = request.mss;
  child.ecnFlags = request.ecn ? ECN_OK : 0;
  if (child.keepopen) child.owner.startKeepalive(child);
}

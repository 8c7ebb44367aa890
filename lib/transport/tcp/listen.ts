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
import type { TcpOptions } from "../../wire/tcp-options.ts";
import type { ConnectionTable } from "../demux.ts";
import type { PortTable } from "../port-table.ts";
import { initRcvMss } from "./ack-policy.ts";
import { inherit, openChild } from "./child.ts";
import { usBetween } from "./clock.ts";
import { clampMss } from "./connect.ts";
import { TcpState, TIMEOUT_INIT } from "./constants.ts";
import { restoreFromCookie, sayInCookie } from "./cookie-request.ts";
import { Cookies } from "./cookies.ts";
import { syncMss } from "./mss.ts";
import { sendReset } from "./reply.ts";
import { ConnectionRequest } from "./request.ts";
import { synackRtt } from "./rtx-clean.ts";
import type { SecureSeq } from "./secure-seq.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { reset } from "./state.ts";
import { chooseWindow, fillRequest } from "./syn-request.ts";
import type { ListenState, Tcb } from "./tcb.ts";
import type { TcbOwner } from "./tcb-owner.ts";

/** What listeners need of TCP. */
export interface ListenOwner extends TcbOwner {
  readonly segments: SegmentPool;
  readonly ports: PortTable;
  readonly connections: Pick<ConnectionTable<Tcb | ConnectionRequest>, "add" | "remove">;
  create(): Tcb;
  readonly secureSeq: SecureSeq;
  doReceive(tp: Tcb, segment: Segment): void;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** The listeners of a host. */
export class Listening {
  readonly #owner: ListenOwner;
  #cookiesMade: Cookies | null = null;
  readonly #byPort = new Map<number, Tcb[]>();

  constructor(owner: ListenOwner) {
    this.#owner = owner;
  }

  /** Made when the first queue overflows. */
  get #cookies(): Cookies {
    const { random, name } = this.#owner.env;
    this.#cookiesMade ??= new Cookies(random, name);
    return this.#cookiesMade;
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
    const acceptQueue = new Ring<Tcb>(8);
    tp.listen = { backlog: max, acceptQueue, requests: 0, young: 0, overflowAt: NEVER };
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
    const { tcpSyncookies } = env.sysctls;
    const cookie = isn === 0 && (tcpSyncookies === 2 || listen.requests > listen.backlog);
    if (cookie && tcpSyncookies !== 0) listen.overflowAt = env.cpu.now;
    const refusal = this.#refusal(listen, cookie, isn);
    if (refusal !== null) {
      owner.segments.drop(segment, refusal);
      return;
    }
    const request = new ConnectionRequest(owner, listener, segment);
    fillRequest(request, listener, segment, options);
    request.sndIsn = isn === 0 ? owner.secureSeq.random() : isn;
    request.tsOffset = owner.secureSeq.timestampOffset(request.localAddress, request.remoteAddress);
    if (cookie) sayInCookie(request, segment, this.#cookies, env.cpu.now);
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

  /** Why a SYN finds no place, or null. One that may be answered with a cookie needs none. */
  #refusal(listen: ListenState, cookie: boolean, isn: number): DropReason | null {
    const { tcpSyncookies, tcpMaxSynBacklog } = this.#owner.env.sysctls;
    if (cookie && tcpSyncookies === 0) return DropReason.TCP_REQ_QFULL_DROP;
    if (listen.acceptQueue.length > listen.backlog) return DropReason.TCP_LISTEN_OVERFLOW;
    // Without cookies the last quarter is kept for peers that have proven to be alive.
    const free = tcpMaxSynBacklog - listen.requests;
    if (!cookie && isn === 0 && tcpSyncookies === 0 && free < tcpMaxSynBacklog >> 2) {
      return DropReason.TCP_REQ_QFULL_DROP;
    }
    return null;
  }

  /** An ACK that fits no request may bring a cookie back. Takes the segment if it returns true. */
  acceptCookie(listener: Tcb, segment: Segment, options: TcpOptions): boolean {
    const owner = this.#owner;
    const { env } = owner;
    const overflow = listener.listen?.overflowAt ?? NEVER;
    const recent = env.cpu.now - overflow < 120e9;
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
    child.mark = request.mark;
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

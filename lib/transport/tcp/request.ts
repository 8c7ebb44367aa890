/**
 * Half-open connections: a request from the SYN to the ACK of the SYN-ACK.
 *
 * Spec: RFC 9293 §3.10.7.4 (SYN-RECEIVED). Kernel: net/ipv4/tcp_minisocks.c (tcp_check_req),
 * net/ipv4/inet_connection_sock.c (reqsk_timer_handler), 6.18.
 */

import type { Ipv4 } from "../../base/inet.ts";
import { PROGRAM_SOCKET } from "../../netfilter/socket-owner.ts";
import { HZ } from "../../sim/jiffies.ts";
import { WheelTimer } from "../../sim/timer.ts";
import { between, inWindow } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_ECE, FLAG_RST, FLAG_SYN, TCP_SIZE, write } from "../../wire/tcp.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import type { TransportRoute } from "../environment.ts";
import { RTO_MAX, TIMEOUT_INIT } from "./constants.ts";
import { isTooSoon, mayLoop } from "./oow-rate-limit.ts";
import { lookUp, sendReply, sendReset, setFields } from "./reply.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import type { TcbOwner } from "./tcb-owner.ts";
import { writeHandshakeOptions } from "./transmit.ts";
import { MAX_WINDOW } from "./window.ts";

/** What becomes of a segment for a request. */
export const RequestVerdict = { TAKEN: 0, CREATE: 1, TO_LISTENER: 2 } as const;
export type RequestVerdict = (typeof RequestVerdict)[keyof typeof RequestVerdict];

/** A request of one peer to one listener. */
export class ConnectionRequest extends WheelTimer {
  readonly listener: Tcb;
  readonly localAddress: Ipv4;
  readonly remoteAddress: Ipv4;
  readonly localPort: number;
  readonly remotePort: number;
  readonly rcvIsn: number;
  sndIsn = 0;
  /** The peer's MSS. */
  mss = 0;
  timestamps = false;
  sack = false;
  windowScaling = false;
  ecn = false;
  sndWscale = 0;
  rcvWscale = 0;
  rcvWnd = 0;
  windowClamp = 0;
  tsRecent = 0;
  tsOffset = 0;
  /** First and last TSval that was sent, offset included. */
  tsvalFirst = 0;
  tsvalLast = 0;
  /** When the first SYN-ACK was sent, in ns; 0 after a retransmission. */
  sentAt = 0;
  numTimeout = 0;
  numRetrans = 0;
  /** The ACK came but there was no room, or data is waited for. */
  acked = false;
  lastOowAckTime = 0;
  mark = 0;
  tos = 0;
  /** Made from a SYN cookie: there is no timer and no place in the queue. */
  cookie = false;

  constructor(owner: TcbOwner, listener: Tcb, segment: Segment) {
    super(owner.env.cpu, owner);
    this.listener = listener;
    this.localAddress = segment.destination as Ipv4;
    this.remoteAddress = segment.source as Ipv4;
    this.localPort = segment.destinationPort;
    this.remotePort = segment.sourcePort;
    this.rcvIsn = segment.seq;
  }

  get rcvNxt(): number {
    return (this.rcvIsn + 1) | 0;
  }

  /** Sends the SYN-ACK (`tcp_v4_send_synack`); false if this host did not let it out. */
  sendSynAck(): boolean {
    const { env } = this.listener;
    const route = this.route();
    if (route === null) return false;
    const sack = this.sack;
    const optionsSize = 4 + (this.timestamps ? 12 : sack ? 4 : 0) + (this.windowScaling ? 4 : 0);
    const size = TCP_SIZE + optionsSize;
    const frame = env.pool.takeForPayload(0);
    frame.l4 = frame.push(size);
    const flags = FLAG_SYN | FLAG_ACK | (this.ecn ? FLAG_ECE : 0);
    const window = Math.min(this.rcvWnd, MAX_WINDOW);
    write(
      frame.view,
      frame.l4,
      this.localPort,
      this.remotePort,
      this.sndIsn,
      this.rcvNxt,
      size,
      flags,
      window,
    );
    const { listener } = this;
    const mss = listener.userMss > 0 ? Math.min(listener.userMss, route.advmss) : route.advmss;
    const scale = this.windowScaling ? this.rcvWscale : -1;
    const tsval = this.cookie ? this.tsvalLast : this.#timestamp();
    writeHandshakeOptions(
      frame.view,
      frame.l4 + TCP_SIZE,
      mss,
      this.timestamps,
      sack,
      scale,
      tsval,
      this.tsRecent,
    );
    if (this.tsvalFirst === 0) this.tsvalFirst = tsval;
    this.tsvalLast = tsval;
    if (this.sentAt === 0) this.sentAt = env.cpu.now || 1;
    frame.checksumPending = true;
    frame.mark = this.mark;
    frame.socket = PROGRAM_SOCKET;
    const fields = setFields(this.localAddress, this.remoteAddress, this.tos, listener.ttl);
    return env.output(frame, route, fields) === 0;
  }

  /** Sends the SYN-ACK again (`tcp_rtx_synack`). */
  resendSynAck(): boolean {
    const sent = this.sendSynAck();
    if (sent) this.numRetrans += 1;
    return sent;
  }

  route(): TransportRoute | null {
    return lookUp(
      this.listener.env,
      this.remoteAddress,
      this.localAddress,
      this.remotePort,
      this.localPort,
      this.listener.tos,
      this.mark,
      this.listener.boundDevice,
    );
  }

  /** Interval until the next SYN-ACK in jiffies. */
  get timeout(): number {
    return Math.min(TIMEOUT_INIT * 2 ** this.numTimeout, this.listener.rtoMax);
  }

  /** The timer fired. Returns false if the request is to be dropped. */
  onTimeout(): boolean {
    const { listener } = this;
    let max = listener.synRetries > 0 ? listener.synRetries : listener.env.sysctls.tcpSynackRetries;
    const defer = listener.deferAccept;
    const listen = listener.listen;
    if (listen !== null && listen.requests * 2 > Math.max(8, listen.backlog)) {
      // A crowded queue has less patience with the old ones.
      for (let young = listen.young * 2; max > 2 && listen.requests >= young; young *= 2) max -= 1;
    }
    const expire =
      this.numTimeout >= max && (defer === 0 || !this.acked || this.numTimeout >= defer);
    const resend = defer === 0 || !this.acked || this.numTimeout >= defer - 1;
    if (expire) return false;
    if (resend && !this.resendSynAck() && !this.acked) return false;
    if (this.numTimeout === 0 && listen !== null) listen.young -= 1;
    this.numTimeout += 1;
    this.armJiffies(this.timeout);
    return true;
  }

  /** Checks a segment for this request (`tcp_check_req`). */
  check(segment: Segment, options: TcpOptions): RequestVerdict {
    const { env } = this.listener;
    let { flags } = segment;
    const { seq, endSeq } = segment;
    let tsecrWrong = false;
    let paws = false;
    if (options.hasTimestamps && this.timestamps) {
      const echo = options.timestampEcho;
      tsecrWrong = echo !== 0 && !between(echo, this.tsvalFirst, this.tsvalLast);
      paws = ((this.tsRecent - options.timestampValue) | 0) > 0 && (flags & FLAG_RST) === 0;
    }
    const control = flags & (FLAG_SYN | FLAG_ACK | FLAG_RST);
    if (seq === this.rcvIsn && control === FLAG_SYN && !paws) {
      if (!this.#rateLimited(segment) && this.resendSynAck() && this.armed) {
        this.armJiffies(this.timeout);
      }
      return RequestVerdict.TAKEN;
    }
    if ((flags & FLAG_ACK) !== 0 && segment.ack !== ((this.sndIsn + 1) | 0)) {
      return RequestVerdict.TO_LISTENER;
    }
    const window = Math.min(this.rcvWnd, MAX_WINDOW);
    if (paws || tsecrWrong || !inWindow(seq, endSeq, this.rcvNxt, window)) {
      if ((flags & FLAG_RST) === 0 && !this.#rateLimited(segment)) this.#sendAck(segment);
      return RequestVerdict.TAKEN;
    }
    if (seq === this.rcvIsn) flags &= ~FLAG_SYN;
    if ((flags & FLAG_RST) !== 0 && seq !== this.rcvNxt) {
      // RFC 5961 §3.2.
      if (!this.#rateLimited(segment)) this.#sendAck(segment);
      return RequestVerdict.TAKEN;
    }
    if ((flags & (FLAG_RST | FLAG_SYN)) !== 0) {
      if ((flags & FLAG_RST) === 0) sendReset(env, segment);
      this.listener.owner.dropRequest(this);
      return RequestVerdict.TAKEN;
    }
    if ((flags & FLAG_ACK) === 0) return RequestVerdict.TAKEN;
    if (this.numTimeout < this.listener.deferAccept && endSeq === this.rcvNxt) {
      this.acked = true;
      return RequestVerdict.TAKEN;
    }
    return RequestVerdict.CREATE;
  }

  #timestamp(): number {
    return (Math.floor(this.cpu.now / 1_000_000) + this.tsOffset) | 0;
  }

  #rateLimited(segment: Segment): boolean {
    if (!mayLoop(segment)) return false;
    const now = this.cpu.now;
    const { tcpInvalidRatelimit } = this.listener.env.sysctls;
    if (isTooSoon(this.lastOowAckTime, now, tcpInvalidRatelimit)) return true;
    this.lastOowAckTime = now;
    return false;
  }

  #sendAck(segment: Segment): void {
    sendReply(this.listener.env, segment, {
      seq: (this.sndIsn + 1) | 0,
      ack: this.rcvNxt,
      flags: FLAG_ACK,
      window: Math.min(this.rcvWnd, MAX_WINDOW) >> this.rcvWscale,
      timestamps: this.timestamps,
      tsval: this.#timestamp(),
      tsecr: this.tsRecent,
      tos: segment.tos,
      mark: this.mark,
      boundDevice: this.listener.boundDevice,
    });
  }
}

/** Seconds of TCP_DEFER_ACCEPT as number of SYN-ACK timeouts (`secs_to_retrans`). */
export function secondsToRetrans(seconds: number): number {
  if (seconds <= 0) return 0;
  let count = 1;
  let timeout = TIMEOUT_INIT / HZ;
  for (let period = timeout; seconds > period && count < 255; count += 1) {
    timeout = Math.min(timeout * 2, RTO_MAX / HZ);
    period += timeout;
  }
  return count;
}

/**
 * TIME_WAIT: what is left of a connection for a minute, so that late segments are answered and do
 * not reach the next connection between the same ports. FIN_WAIT2 of a closed socket lives here
 * as well.
 *
 * Spec: RFC 9293 §3.10.7.4, RFC 6191, RFC 1337. Kernel: net/ipv4/tcp_minisocks.c
 * (tcp_timewait_state_process), 6.18.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import { WheelTimer } from "../../sim/timer.ts";
import { after, before, inWindow } from "../../wire/sequence.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_RST, FLAG_SYN } from "../../wire/tcp.ts";
import type { TcpOptions } from "../../wire/tcp-options.ts";
import type { TransportRoute } from "../environment.ts";
import { PAWS_24DAYS_S, TcpState, TIMEWAIT_LEN } from "./constants.ts";
import { isTooSoon, mayLoop } from "./oow-rate-limit.ts";
import { sendReply } from "./reply.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import type { TcbOwner } from "./tcb-owner.ts";
import { receiveWindow } from "./tcb-queries.ts";

/** What is to be done with a segment for a TIME_WAIT socket. */
export const TimeWaitVerdict = { IGNORE: 0, RST: 1, ACK: 2, SYN: 3 } as const;
export type TimeWaitVerdict = (typeof TimeWaitVerdict)[keyof typeof TimeWaitVerdict];

/** The record of a connection that is over. */
export class TimeWaitSock extends WheelTimer {
  readonly owningStack: TcbOwner;
  readonly localAddress: Ipv4;
  readonly remoteAddress: Ipv4;
  readonly localPort: number;
  readonly remotePort: number;
  /** FIN_WAIT2 or TIME_WAIT. */
  substate: TcpState;
  readonly sndNxt: number;
  rcvNxt: number;
  readonly rcvWnd: number;
  readonly rcvWscale: number;
  tsRecent: number;
  tsRecentStamp: number;
  readonly tsOffset: number;
  readonly tos: number;
  readonly mark: number;
  readonly boundDevice: number;
  readonly reuse: boolean;
  readonly inode: number;
  route: TransportRoute | null;
  lastOowAckTime = 0;
  /** When the connection came to its end. */
  readonly #enteredAt: Ns;
  /** The sequence number that a new connection begins with, after verdict SYN. */
  newIsn = 0;

  constructor(owner: TcbOwner, tp: Tcb, substate: TcpState) {
    super(owner.env.cpu, owner);
    this.owningStack = owner;
    this.localAddress = tp.localAddress;
    this.remoteAddress = tp.remoteAddress;
    this.localPort = tp.localPort;
    this.remotePort = tp.remotePort;
    this.substate = substate;
    this.#enteredAt = this.cpu.now;
    this.sndNxt = tp.sndNxt;
    this.rcvNxt = tp.rcvNxt;
    this.rcvWnd = receiveWindow(tp);
    this.rcvWscale = tp.rcvWscale;
    this.tsRecent = tp.tsRecent;
    this.tsRecentStamp = tp.tsRecentStamp;
    this.tsOffset = tp.tsOffset;
    this.tos = tp.tos;
    this.mark = tp.mark;
    this.boundDevice = tp.boundDevice;
    this.reuse = tp.reuse;
    this.inode = tp.inode;
    this.route = tp.route;
  }

  /** Whether the delay of `tcp_tw_reuse_delay` is over. */
  get reusable(): boolean {
    const ms = Math.floor(this.cpu.now / NS_PER_MS) - Math.floor(this.#enteredAt / NS_PER_MS);
    return ms > this.owningStack.env.sysctls.tcpTwReuseDelay;
  }

  /** Decides what a segment means; `options` are those of the segment. */
  receive(segment: Segment, options: TcpOptions): TimeWaitVerdict {
    const { flags, seq, endSeq } = segment;
    const timestamps = options.hasTimestamps && this.tsRecentStamp !== 0;
    const paws = timestamps && this.#pawsRejects(options, (flags & FLAG_RST) !== 0);
    if (this.substate === TcpState.FIN_WAIT2)
      return this.#receiveInFinWait2(segment, options, paws);

    if (!paws && seq === this.rcvNxt && (seq === endSeq || (flags & FLAG_RST) !== 0)) {
      if ((flags & FLAG_RST) !== 0) {
        if (this.owningStack.env.sysctls.tcpRfc1337 === 0) this.#kill();
        return TimeWaitVerdict.IGNORE;
      }
      this.armJiffies(TIMEWAIT_LEN);
      if (timestamps) this.#storeTimestamp(options);
      return TimeWaitVerdict.IGNORE;
    }
    const newer =
      after(seq, this.rcvNxt) || (timestamps && ((this.tsRecent - options.timestampValue) | 0) < 0);
    if ((flags & (FLAG_SYN | FLAG_RST | FLAG_ACK)) === FLAG_SYN && !paws && newer) {
      this.newIsn = (this.sndNxt + 65535 + 2) | 0 || 1;
      return TimeWaitVerdict.SYN;
    }
    if ((flags & FLAG_RST) !== 0) return TimeWaitVerdict.IGNORE;
    if (paws || (flags & FLAG_ACK) !== 0) this.armJiffies(TIMEWAIT_LEN);
    return this.#ackOutOfWindow(segment);
  }

  /** Answers a segment with an ACK of what was received (`tcp_v4_timewait_ack`). */
  sendAck(segment: Segment): void {
    sendReply(this.owningStack.env, segment, {
      seq: this.sndNxt,
      ack: this.rcvNxt,
      flags: FLAG_ACK,
      window: this.rcvWnd >> this.rcvWscale,
      timestamps: this.tsRecentStamp !== 0,
      tsval: (Math.floor(this.cpu.now / NS_PER_MS) + this.tsOffset) | 0,
      tsecr: this.tsRecent,
      tos: this.tos,
      mark: this.mark,
      boundDevice: this.boundDevice,
    });
  }

  #receiveInFinWait2(segment: Segment, options: TcpOptions, paws: boolean): TimeWaitVerdict {
    const { flags, seq, endSeq, length } = segment;
    if (paws || !inWindow(seq, endSeq, this.rcvNxt, this.rcvWnd))
      return this.#ackOutOfWindow(segment);
    if ((flags & FLAG_RST) !== 0) {
      this.#kill();
      return TimeWaitVerdict.IGNORE;
    }
    if ((flags & FLAG_SYN) !== 0 && !before(seq, this.rcvNxt)) return TimeWaitVerdict.RST;
    const nothing = (flags & FLAG_ACK) === 0 || !after(endSeq, this.rcvNxt) || endSeq === seq;
    if (nothing) return TimeWaitVerdict.IGNORE;
    // Nobody reads any more: data is answered with RST.
    const onlyFin = (flags & FLAG_FIN) !== 0 && endSeq === ((this.rcvNxt + 1) | 0);
    if (!onlyFin || length > 1) return TimeWaitVerdict.RST;
    this.substate = TcpState.TIME_WAIT;
    this.rcvNxt = endSeq;
    if (options.hasTimestamps) this.#storeTimestamp(options);
    this.armJiffies(TIMEWAIT_LEN);
    return TimeWaitVerdict.ACK;
  }

  #pawsRejects(options: TcpOptions, rst: boolean): boolean {
    if (((this.tsRecent - options.timestampValue) | 0) <= 0) return false;
    const age = Math.floor(this.cpu.now / 1e9) - this.tsRecentStamp;
    if (age >= PAWS_24DAYS_S) return false;
    return !(rst && age >= 60);
  }

  #storeTimestamp(options: TcpOptions): void {
    this.tsRecent = options.timestampValue;
    this.tsRecentStamp = Math.max(1, Math.floor(this.cpu.now / 1e9));
  }

  /** Answers with an ACK, but not too often. */
  #ackOutOfWindow(segment: Segment): TimeWaitVerdict {
    if (!mayLoop(segment)) return TimeWaitVerdict.ACK;
    const now = this.cpu.now;
    const { tcpInvalidRatelimit } = this.owningStack.env.sysctls;
    if (isTooSoon(this.lastOowAckTime, now, tcpInvalidRatelimit)) return TimeWaitVerdict.IGNORE;
    this.lastOowAckTime = now;
    return TimeWaitVerdict.ACK;
  }

  #kill(): void {
    this.owningStack.expired(this);
  }
}

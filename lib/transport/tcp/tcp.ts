/**
 * TCP of one host: its connections, listeners and half-open requests, and what they have in
 * common. Timers come back here; `receive.ts` says for whom segments are.
 *
 * Spec: RFC 9293. Kernel: net/ipv4/tcp_ipv4.c, net/ipv4/tcp_minisocks.c (tcp_time_wait), 6.18.
 *
 * Not modelled: fast open, accurate ECN, MD5 and AO signatures, sending and delivering urgent data
 * (URG segments are taken as ordinary data), BBR and pacing, memory pressure (tcp_mem),
 * limits on orphans.
 */
import { msToJiffies } from "../../sim/jiffies.ts";
import type { Timer } from "../../sim/timer.ts";
import type { Frame } from "../../wire/frame.ts";
import { ConnectionTable } from "../demux.ts";
import type { TransportEnvironment } from "../environment.ts";
import { PortTable } from "../port-table.ts";
import { refreshMstamp } from "./clock.ts";
import { disconnect, shutdownSend } from "./close.ts";
import { type CongestionControl, Reno } from "./congestion.ts";
import { connect } from "./connect.ts";
import { CaState, TcpState, TIMEWAIT_LEN } from "./constants.ts";
import { Cubic } from "./cubic.ts";
import { icmpErrorFor } from "./icmp-error.ts";
import { onKeepaliveTimer, startKeepalive } from "./keepalive.ts";
import { Listening } from "./listen.ts";
import { MetricsCache, updateMetrics } from "./metrics.ts";
import { currentMss } from "./mss.ts";
import { writeXmit } from "./output.ts";
import { purgeWriteQueues } from "./queue.ts";
import { receiveFrame, receiveSegment } from "./receive.ts";
import { purgeOutOfOrder, purgeReceived } from "./recvmsg.ts";
import { ConnectionRequest } from "./request.ts";
import { xmitRetransmitQueue } from "./retransmit.ts";
import { SecureSeq } from "./secure-seq.ts";
import { type Segment, SegmentPool } from "./segment.ts";
import { done, setState } from "./state.ts";
import { Tcb } from "./tcb.ts";
import type { TcbOwner } from "./tcb-owner.ts";
import { packetsInFlight } from "./tcb-queries.ts";
import { TcbHrTimer, type TcbTimer } from "./tcb-timers.ts";
import { TimeWaitSock } from "./time-wait.ts";
import { onCompressedAckTimer, onDelackTimer, onWriteTimer } from "./timers.ts";

/** What may stand in the table of connections. */
type Entry = Tcb | TimeWaitSock | ConnectionRequest;

/** TCP of one host. */
export class Tcp implements TcbOwner {
  readonly env: TransportEnvironment;
  readonly segments: SegmentPool;
  readonly ports = new PortTable();
  readonly connections = new ConnectionTable<Entry>();
  readonly listening: Listening;
  orphans = 0;
  timeWaits = 0;
  #lastInode = 20_000;
  #metrics: MetricsCache | null = null;
  #secureSeq: SecureSeq | null = null;

  constructor(env: TransportEnvironment) {
    this.env = env;
    this.segments = new SegmentPool(env.drops);
    this.listening = new Listening(this);
  }

  /** Made for the first connection, as what follows is. */
  get metrics(): MetricsCache {
    this.#metrics ??= new MetricsCache();
    return this.#metrics;
  }

  get secureSeq(): SecureSeq {
    this.#secureSeq ??= new SecureSeq(this.env);
    return this.#secureSeq;
  }

  /** A socket without an address, in state CLOSE. */
  create(): Tcb {
    const tp = new Tcb(
      this,
      this.congestionControl(this.env.sysctls.tcpCongestionControl),
      (owner) => this.#tsq(owner),
    );
    this.#lastInode += 1;
    tp.inode = this.#lastInode;
    tp.reordering = this.env.sysctls.tcpReordering;
    tp.pingpongThresh = this.env.sysctls.tcpPingpongThresh;
    tp.rtoMax = msToJiffies(this.env.sysctls.tcpRtoMaxMs);
    return tp;
  }

  /** A congestion control by its sysctl name; CUBIC for names that are not known. */
  congestionControl(name: string): CongestionControl {
    return name === "reno" ? new Reno() : new Cubic();
  }

  /** Begins an active open; ends, ports and route are set. */
  connect(tp: Tcb): void {
    tp.state = TcpState.SYN_SENT;
    this.hash(tp);
    tp.writeSeq = tp.boundPort ? this.secureSeq.byClock(tp) : this.secureSeq.random();
    tp.isn = tp.writeSeq;
    tp.tsOffset = this.secureSeq.timestampOffset(tp.localAddress, tp.remoteAddress);
    tp.ipId = this.secureSeq.random() & 0xffff;
    const name = tp.route?.congestion ?? "";
    if (name !== "") tp.ca = this.congestionControl(name);
    connect(tp);
  }

  hash(tp: Tcb): void {
    this.connections.add(tp);
  }

  unhash(tp: Tcb): void {
    if (tp.listen !== null) this.listening.remove(tp);
    else this.connections.remove(tp);
    this.ports.release(tp);
  }

  destroy(tp: Tcb): void {
    if (this.orphans > 0) this.orphans -= 1;
    purgeReceived(tp, this.segments);
    purgeOutOfOrder(tp, this.segments);
    purgeWriteQueues(tp);
    tp.route = null;
  }

  shutdownSend(tp: Tcb): void {
    shutdownSend(tp);
  }

  startKeepalive(tp: Tcb): void {
    startKeepalive(tp);
  }

  enterTimeWait(tp: Tcb, substate: TcpState, timeoutJiffies: number): void {
    if (this.timeWaits < this.env.sysctls.tcpMaxTwBuckets) {
      const rto = (tp.rto << 2) - (tp.rto >> 1);
      const timeout =
        substate === TcpState.TIME_WAIT ? TIMEWAIT_LEN : Math.max(timeoutJiffies, rto);
      const record = new TimeWaitSock(this, tp, substate);
      record.armJiffies(timeout);
      this.connections.remove(tp);
      this.connections.add(record);
      this.ports.replace(tp, record);
      this.timeWaits += 1;
    }
    updateMetrics(tp);
    done(tp);
  }

  /**
   * Whether a new connection may take the place of a TIME_WAIT record (tcp_tw_reuse): timestamps
   * tell old segments from new ones after a second. If so the record goes.
   */
  reuseTimeWait(record: TimeWaitSock): boolean {
    const mode = this.env.sysctls.tcpTwReuse;
    const onLoopback = record.remoteAddress >>> 24 === 127 || record.route?.loopback === true;
    if (mode === 0 || (mode === 2 && !onLoopback) || record.tsRecentStamp === 0) return false;
    if (!record.reusable) return false;
    this.expired(record);
    return true;
  }

  /** Ends a listener: half-open requests are forgotten, connections nobody accepted are reset. */
  stopListening(listener: Tcb): void {
    const requests = this.connections
      .entries()
      .filter((entry) => entry instanceof ConnectionRequest)
      .filter((request) => request.listener === listener);
    this.listening.abortQueues(listener, requests, (child) => {
      child.dead = true;
      disconnect(child, this.segments);
    });
    setState(listener, TcpState.CLOSE);
    listener.listen = null;
    listener.wait.wake();
  }

  dropRequest(request: ConnectionRequest): void {
    request.dispose();
    this.connections.remove(request);
    const listen = request.listener.listen;
    if (listen === null || request.cookie) return;
    listen.requests -= 1;
    if (request.numTimeout === 0) listen.young -= 1;
  }

  /** A timer of something in this stack fired. */
  expired(timer: Timer): void {
    if (timer instanceof TimeWaitSock) {
      timer.dispose();
      this.connections.remove(timer);
      this.ports.release(timer);
      this.timeWaits -= 1;
    } else if (timer instanceof ConnectionRequest) {
      if (!timer.onTimeout()) this.dropRequest(timer);
    } else if (timer instanceof TcbHrTimer) {
      onCompressedAckTimer(timer.tp);
    } else {
      const { tp } = timer as TcbTimer;
      if (timer === tp.writeTimer) onWriteTimer(tp);
      else if (timer === tp.delackTimer) onDelackTimer(tp);
      else onKeepaliveTimer(tp);
    }
  }

  /** Takes a packet for this host; see `TransportProtocol`. @hot */
  receive(frame: Frame): void {
    receiveFrame(this, frame);
  }

  /** An ICMP error quotes a segment of ours; see `TransportProtocol`. */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    icmpErrorFor(this, frame, innerL3, type, code, info);
  }

  /** Handles the first segment of a socket's backlog. */
  backlogReceive(tp: Tcb): void {
    const segment = tp.backlog.shift();
    if (segment === null) return;
    tp.backlogLength -= segment.truesize;
    receiveSegment(this, tp, segment);
  }

  /** A segment for a socket that nobody owns. @hot */
  doReceive(tp: Tcb, segment: Segment): void {
    receiveSegment(this, tp, segment);
  }

  /** Frames of this socket have left the host, so more may be sent (`tcp_tsq_handler`). */
  #tsq(tp: Tcb): void {
    tp.tsqQueued = false;
    if (!tp.tsqThrottled || tp.state === TcpState.CLOSE) return;
    tp.tsqThrottled = false;
    refreshMstamp(tp);
    if (
      tp.lostOut > tp.retransOut &&
      tp.sndCwnd > packetsInFlight(tp) &&
      tp.caState >= CaState.CWR
    ) {
      xmitRetransmitQueue(tp);
    }
    writeXmit(tp, currentMss(tp), tp.nonagle, 0);
  }
}

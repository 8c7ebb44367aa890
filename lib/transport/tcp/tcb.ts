/**
 * The state of one TCP connection: what the kernel spreads over `tcp_sock`,
 * `inet_connection_sock` and `sock`, by the kernel's names. Functions of the other files work on it;
 * this one holds the fields, their units and their first values.
 *
 * Units: times of `…Us` in microseconds, `rto` in jiffies, stamps ending in `At` in
 * ns of virtual time, windows in bytes, `sndCwnd` and all `…Out` in segments.
 *
 * Kernel: include/linux/tcp.h, include/net/inet_connection_sock.h, include/net/sock.h, 6.18.
 *
 * Differs: what is under way on this host (`sk_wmem_alloc`, for small queues and autocorking) falls
 * to nothing when the last frame has left, not byte by byte, and frames leave it when they cross
 * into another namespace, not when that one takes them in.
 */
import type { Ring } from "../../base/ring.ts";
import type { Ns } from "../../base/units.ts";
import type { SoftirqWork } from "../../sim/cpu.ts";
import type { Timer, WheelTimer } from "../../sim/timer.ts";
import type { TransportEnvironment, TransportRoute } from "../environment.ts";
import { InetSock } from "../inet-sock.ts";
import type { CongestionControl } from "./congestion.ts";
import {
  CaState,
  DEFAULT_MSS,
  INFINITE_SSTHRESH,
  INIT_CWND,
  RTO_MAX,
  TcpState,
  TIMEOUT_INIT,
} from "./constants.ts";
import { DelayedAck } from "./delayed-ack.ts";
import { MinRtt } from "./min-rtt.ts";
import { MtuSearch } from "./mtu-search.ts";
import { RackState } from "./rack-state.ts";
import { ReceiveTuning } from "./receive-tuning.ts";
import { SegmentQueue } from "./segment.ts";
import { SendMemory, SendQueue, type SendSkb, SortedQueue } from "./send-skb.ts";
import type { TcbOwner } from "./tcb-owner.ts";
import { TcbTimers } from "./tcb-timers.ts";

/** What a listener keeps beside a connection's state; null for others. */
export interface ListenState {
  /** Largest length of the accept queue, which is passed by one. */
  backlog: number;
  /** Connections that wait for `accept`. */
  readonly acceptQueue: Ring<Tcb>;
  /** Requests whose handshake is not complete, and those of them that never timed out. */
  requests: number;
  young: number;
  /** When it overflowed last, so that cookies are believed for a while; -Infinity: never. */
  overflowAt: Ns;
}

/** A connection, or a socket that may become one. */
export class Tcb extends InetSock {
  readonly env: TransportEnvironment;
  readonly owner: TcbOwner;

  // The socket, beyond what `InetSock` has.
  state: TcpState = TcpState.CLOSE;
  /** A program chose the port (SOCK_BINDPORT_LOCK). */
  boundPort = false;
  route: TransportRoute | null = null;
  /** The peer was heard: the next packet tells the next hop's entry (`sk_dst_pending_confirm`). */
  confirmPending = false;
  /** Whether the line refused the last segment (NET_XMIT_DROP), so that there is no use in haste. */
  lineRefused = false;
  /** Errno that ends no connection, but tells why one timed out (`sk_err_soft`). */
  errSoft = 0;
  /** No program holds it (SOCK_DEAD). */
  dead = false;
  /** The peer's FIN was received (SOCK_DONE). */
  done = false;
  sndbuf: number;
  rcvbufLocked = false;
  sndbufLocked = false;
  rcvlowat = 1;
  backlogLength = 0;
  wmemQueued = 0;
  /** Bytes of frames that are under way on this host (`sk_wmem_alloc`), and their number. */
  wmemAlloc = 0;
  framesOut = 0;
  linger = false;
  lingerSeconds = 0;
  keepopen = false;
  /** A program waits for room to write (SOCK_NOSPACE). */
  noSpace = false;
  /** A system call owns the socket: segments go to the backlog. */
  owned = false;
  readonly backlog = new SegmentQueue();
  /** Deferred to the end of the system call: bits DEFERRED_…. */
  deferred = 0;
  /** The path MTU that the last ICMP error named, in bytes. */
  mtuInfo = 0;
  listen: ListenState | null = null;
  /** The listener that it came from, while it waits to be accepted. */
  parent: Tcb | null = null;

  // Sequence space of what is sent.
  sndUna = 0;
  sndNxt = 0;
  /** End of the last segment that was sent short of an MSS, for Nagle's algorithm. */
  sndSml = 0;
  /** Sequence number of the segment that moved the window last. */
  sndWl1 = 0;
  sndWnd = 0;
  /** The largest window that the peer ever offered. */
  maxWindow = 0;
  /** One behind the last byte that a program wrote, and behind the last that is pushed. */
  writeSeq = 0;
  pushedSeq = 0;
  isn = 0;
  readonly writeQueue = new SendQueue();
  /** What was sent and is not acknowledged, a SYN too. */
  readonly rtxQueue = new SendQueue();
  readonly sorted = new SortedQueue();
  readonly memory = new SendMemory();
  /** Bits NAGLE_…. */
  nonagle = 0;
  notsentLowat = 0;

  // Sequence space of what is received.
  rcvNxt = 0;
  /** One behind the last byte that a program has read. */
  copiedSeq = 0;
  /** `rcvNxt` when `rcvWnd` was offered. */
  rcvWup = 0;
  rcvWnd = 0;
  windowClamp = 0;
  rcvSsthresh = 0;
  /** Share of buffer that is payload, in 1/256. */
  scalingRatio = 128;
  readonly receiveQueue = new SegmentQueue();
  readonly outOfOrder = new SegmentQueue();

  // Sizes.
  mssCache = DEFAULT_MSS;
  mssClamp = 1460;
  userMss = 0;
  advmss = DEFAULT_MSS;
  pmtuCookie = 0;
  readonly mtuSearch = new MtuSearch();
  headerLen = 20;
  gsoSegs = 0;

  // Options agreed on.
  tstampOk = false;
  sackOk = 0;
  wscaleOk = false;
  sndWscale = 0;
  rcvWscale = 0;
  sawTstamp = false;
  tsRecent = 0;
  /** Seconds of virtual time, 0 for none. */
  tsRecentStamp = 0;
  rcvTsval = 0;
  rcvTsecr = 0;
  tsOffset = 0;
  lastOowAckTime: Ns = 0;
  ecnFlags = 0;

  // What we report by SACK.
  dsack = false;
  numSacks = 0;

  // RTT.
  srttUs = 0;
  mdevUs = TIMEOUT_INIT * 4000;
  mdevMaxUs = 0;
  rttvarUs = 0;
  rttSeq = 0;
  rttMinUs = 0xffffffff;
  readonly minRtt = new MinRtt();
  rto = TIMEOUT_INIT;
  rtoMin = 0;
  backoff = 0;
  retransmits = 0;
  totalRetrans = 0;
  retransStamp = 0;

  // Congestion control.
  ca: CongestionControl;
  caState: CaState = CaState.OPEN;
  sndCwnd = INIT_CWND;
  sndCwndCnt = 0;
  sndCwndClamp = 0xffffffff;
  sndSsthresh = INFINITE_SSTHRESH;
  sndCwndUsed = 0;
  cwndStamp = 0;
  priorCwnd = 0;
  priorSsthresh = 0;
  prrDelivered = 0;
  prrOut = 0;
  packetsOut = 0;
  retransOut = 0;
  sackedOut = 0;
  lostOut = 0;
  delivered = 1;
  lost = 0;
  isCwndLimited = false;
  cwndUsageSeq = 0;
  maxPacketsOut = 0;
  reordering = 3;
  reordSeen = 0;
  highSeq = 0;
  undoMarker = 0;
  undoRetrans = -1;
  frto = false;
  highestSack: SendSkb | null = null;
  tcpWstamp: Ns = 0;
  /** Where the next retransmission starts to look; null: at the head of `rtxQueue`. */
  retransmitHint: SendSkb | null = null;
  lsndtime = 0;
  pacingRate = 0xffffffff;

  // Delivery rate.
  /** When something was delivered last. */
  deliveredAt: Ns = 0;

  // RACK and tail loss probe.
  readonly rack = new RackState();
  tlpHighSeq = 0;
  tlpRetrans = false;

  // ACKs that we owe.
  readonly ack = new DelayedAck();
  /** `DelayedAck.pingpong` from which on an exchange counts as interactive. */
  pingpongThresh = 1;
  compressedAck = 0;
  compressedAckRcvNxt = 0;
  dupAckCounter = 0;

  // Autotuning of the receive buffer.
  readonly receiveTuning = new ReceiveTuning();

  // Timers.
  /** PENDING_…: what `writeTimer` is armed for. */
  pending = 0;
  /** Jiffies at which it expires. */
  timeout = 0;
  /** Longest RTO and interval of probes, in jiffies. */
  rtoMax = RTO_MAX;
  probesOut = 0;
  probesStamp = 0;
  synRetries = 0;
  userTimeoutMs = 0;
  keepaliveTime = 0;
  keepaliveIntvl = 0;
  keepaliveProbes = 0;
  rcvTstamp = 0;
  /** Seconds in FIN_WAIT2; 0 for the sysctl, negative for none (TCP_LINGER2). */
  linger2 = 0;
  deferAccept = 0;

  bytesAcked = 0;
  /** Segments that the peer said it had got twice. */
  dsackDups = 0;

  /** The clock as it was when the current event began (`tcp_mstamp`), in ns. */
  mstamp: Ns = 0;
  readonly tsqWork: SoftirqWork;
  tsqThrottled = false;
  tsqQueued = false;

  // What a listener has no use for is made when it is first asked for.
  #timers: TcbTimers | null = null;
  #duplicateSack: Int32Array | null = null;
  #selectiveAcks: Int32Array | null = null;

  constructor(owner: TcbOwner, ca: CongestionControl, tsqWork: (tp: Tcb) => void) {
    super(owner.env.sysctls.tcpRmem[1], owner.env.ip);
    this.owner = owner;
    this.env = owner.env;
    this.ca = ca;
    this.sndbuf = owner.env.sysctls.tcpWmem[1];
    this.tsqWork = { softirq: () => tsqWork(this) };
  }

  /** @hot */
  get writeTimer(): WheelTimer {
    return this.#madeTimers.write;
  }

  /** @hot */
  get delackTimer(): WheelTimer {
    return this.#madeTimers.delack;
  }

  get keepaliveTimer(): WheelTimer {
    return this.#madeTimers.keepalive;
  }

  get compressedAckTimer(): Timer {
    return this.#madeTimers.compressedAck;
  }

  /** Two sequence numbers: the block that came twice (RFC 2883). */
  get duplicateSack(): Int32Array {
    this.#duplicateSack ??= new Int32Array(2);
    return this.#duplicateSack;
  }

  /** Four blocks of two sequence numbers each. */
  get selectiveAcks(): Int32Array {
    this.#selectiveAcks ??= new Int32Array(8);
    return this.#selectiveAcks;
  }

  /** Stops all timers for good. */
  disposeTimers(): void {
    this.#timers?.dispose();
  }

  get #madeTimers(): TcbTimers {
    this.#timers ??= new TcbTimers(this);
    return this.#timers;
  }

  override onCopy(): void {
    this.framesOut += 1;
  }

  /** A frame of this socket has left the host (`tcp_wfree`). */
  override onRelease(): void {
    this.framesOut -= 1;
    if (this.framesOut > 0) return;
    this.wmemAlloc = 0;
    if (this.tsqThrottled && !this.tsqQueued) {
      this.tsqQueued = true;
      this.env.cpu.raise(this.tsqWork);
    }
  }
}

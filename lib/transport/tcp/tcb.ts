/**
 * The state of one TCP connection: what the kernel spreads over `tcp_sock`,
 * `inet_connection_sock` and `sock`. Functions of the other files work on it; this one holds the
 * fields, their units and their first values.
 *
 * Units: times of `…Us` in microseconds, `rto` and `ackAto` in jiffies, stamps ending in `At` in
 * ns of virtual time, windows in bytes, `sndCwnd` and all `…Out` in segments.
 *
 * Kernel: include/linux/tcp.h, include/net/inet_connection_sock.h, include/net/sock.h, 6.18.
 *
 * Differs: what is under way on this host (`sk_wmem_alloc`, for small queues and autocorking) falls
 * to nothing when the last frame has left, not byte by byte, and frames leave it when they cross
 * into another namespace, not when that one takes them in.
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { Ring } from "../../base/ring.ts";
import type { Ns } from "../../base/units.ts";
import type { SoftirqWork } from "../../sim/cpu.ts";
import { WaitQueue } from "../../sim/process.ts";
import { Timer, type TimerOwner, WheelTimer } from "../../sim/timer.ts";
import { FrameAttachment } from "../../wire/frame.ts";
import type { TransportEnvironment, TransportRoute } from "../environment.ts";
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
import type { MetricsCache } from "./metrics.ts";
import { MinRtt } from "./min-rtt.ts";
import { MtuSearch } from "./mtu-search.ts";
import type { ConnectionRequest } from "./request.ts";
import { SegmentQueue } from "./segment.ts";
import { SendMemory, SendQueue, type SendSkb, SortedQueue } from "./send-skb.ts";

/** What a connection needs of the stack that holds it; keeps the files below free of cycles. */
export interface TcbOwner extends TimerOwner {
  readonly env: TransportEnvironment;
  /** The connection has reached CLOSE: it leaves the tables. */
  unhash(tp: Tcb): void;
  /** Puts the connection in the table of established ones. */
  hash(tp: Tcb): void;
  /** Leaves a small record in place of the connection: FIN_WAIT2 or TIME_WAIT (`tcp_time_wait`). */
  enterTimeWait(tp: Tcb, substate: TcpState, timeoutJiffies: number): void;
  /** A socket without a program is gone for good. */
  destroy(tp: Tcb): void;
  /** (Re)starts the keepalive timer of an established connection. */
  startKeepalive(tp: Tcb): void;
  readonly metrics: MetricsCache;
  /** A congestion control by name. */
  congestionControl(name: string): CongestionControl;
  /** Forgets a half-open connection. */
  dropRequest(request: ConnectionRequest): void;
  /** Sends the FIN that a program asked for before the handshake was complete. */
  shutdownSend(tp: Tcb): void;
  /** Orphans: `tcp_orphan_count`. */
  orphans: number;
}

/** What a listener keeps beside a connection's state; null for others. */
export interface ListenState {
  /** Largest length of the accept queue, which is passed by one. */
  backlog: number;
  /** Connections that wait for `accept`. */
  readonly acceptQueue: Ring<Tcb>;
  /** Requests whose handshake is not complete, and those of them that never timed out. */
  requests: number;
  young: number;
}

/** A connection, or a socket that may become one. */
export class Tcb extends FrameAttachment {
  readonly env: TransportEnvironment;
  readonly owner: TcbOwner;

  // Identity.
  state: TcpState = TcpState.CLOSE;
  localAddress = 0 as Ipv4;
  localPort = 0;
  remoteAddress = 0 as Ipv4;
  remotePort = 0;
  /** The address that a program bound, or 0 for any; kept over a disconnect. */
  boundAddress = 0 as Ipv4;
  /** A program chose the port (SOCK_BINDPORT_LOCK). */
  boundPort = false;
  boundDevice = 0;
  route: TransportRoute | null = null;
  /** The peer was heard: the next packet tells the next hop's entry (`sk_dst_pending_confirm`). */
  confirmPending = false;
  /** Identification of the next packet. */
  ipId = 0;
  ttl = 0;
  tos = 0;
  /** IP_MTU_DISCOVER: 0 never, 1 if the route allows it, 2 always, 3 probe. */
  pmtuDiscover: number;
  mark = 0;
  inode = 0;

  // The socket.
  err = 0;
  errSoft = 0;
  shutdown = 0;
  /** No program holds it (SOCK_DEAD). */
  dead = false;
  /** The peer's FIN was received (SOCK_DONE). */
  done = false;
  rcvbuf: number;
  sndbuf: number;
  rcvbufLocked = false;
  sndbufLocked = false;
  rcvlowat = 1;
  rmemAlloc = 0;
  backlogLength = 0;
  wmemQueued = 0;
  /** Bytes of frames that are under way on this host (`sk_wmem_alloc`), and their number. */
  wmemAlloc = 0;
  framesOut = 0;
  linger = false;
  lingerSeconds = 0;
  keepopen = false;
  reuse = false;
  reusePort = false;
  noSpace = false;
  /** IP_RECVERR: ICMP errors end a connection at once. */
  recvErr = false;
  /** A system call owns the socket: segments go to the backlog. */
  owned = false;
  readonly backlog = new SegmentQueue();
  /** Deferred to the end of the system call: bits DEFERRED_…. */
  deferred = 0;
  /** The path MTU that the last ICMP error named, in bytes. */
  mtuInfo = 0;
  /** Woken at every change that poll could show. */
  readonly wait = new WaitQueue();
  listen: ListenState | null = null;
  /** The listener that it came from, while it waits to be accepted. */
  parent: Tcb | null = null;

  // Sequence space of what is sent.
  sndUna = 0;
  sndNxt = 0;
  sndSml = 0;
  sndWl1 = 0;
  sndWnd = 0;
  maxWindow = 0;
  writeSeq = 0;
  pushedSeq = 0;
  sndUp = 0;
  isn = 0;
  readonly writeQueue = new SendQueue();
  readonly rtxQueue = new SendQueue();
  readonly sorted = new SortedQueue();
  readonly memory = new SendMemory();
  /** The SYN, while it is not acknowledged, is in `rtxQueue`. */
  nonagle = 0;
  notsentLowat = 0;

  // Sequence space of what is received.
  rcvNxt = 0;
  copiedSeq = 0;
  rcvWup = 0;
  rcvWnd = 0;
  windowClamp = 0;
  rcvSsthresh = 0;
  /** Share of buffer that is payload, in 1/256. */
  scalingRatio = 128;
  readonly receiveQueue = new SegmentQueue();
  readonly outOfOrder = new SegmentQueue();
  urgSeq = 0;
  urgData = 0;

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
  readonly duplicateSack = new Int32Array(2);
  readonly selectiveAcks = new Int32Array(8);
  readonly recvSackCache = new Int32Array(8);

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
  deliveredAt: Ns = 0;
  firstTxAt: Ns = 0;
  rateDelivered = 0;
  rateIntervalUs = 0;
  rateAppLimited = false;
  appLimited = 0;

  // RACK and tail loss probe.
  rackAt: Ns = 0;
  rackRttUs = 0;
  rackEndSeq = 0;
  rackLastDelivered = 0;
  rackReoWndSteps = 1;
  rackReoWndPersist = 0;
  rackAdvanced = false;
  rackDsackSeen = false;
  tlpHighSeq = 0;
  tlpRetrans = false;

  // ACKs that we owe.
  ackPending = 0;
  ackQuick = 0;
  ackPingpong = 0;
  pingpongThresh = 1;
  /** Longest RTO and interval of probes, in jiffies. */
  rtoMax = RTO_MAX;
  ackAto = 0;
  /** Jiffies at which a delayed ACK is due. */
  ackTimeout = 0;
  lrcvtime = 0;
  lastSegSize = 0;
  rcvMss = 0;
  compressedAck = 0;
  compressedAckRcvNxt = 0;
  dupAckCounter = 0;

  // Autotuning of the receive buffer.
  rcvRttUs = 0;
  rcvRttSeq = 0;
  rcvRttAt: Ns = 0;
  rcvRttLastTsecr = 0;
  rcvqSpace = 0;
  rcvqSeq = 0;
  rcvqAt: Ns = 0;

  // Timers.
  /** PENDING_…: what `writeTimer` is armed for. */
  pending = 0;
  /** Jiffies at which it expires. */
  timeout = 0;
  readonly writeTimer: WheelTimer;
  readonly delackTimer: WheelTimer;
  readonly keepaliveTimer: WheelTimer;
  readonly compressedAckTimer: TcbHrTimer;
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
  /** Whether `timeoutRehash`-like effects of a FIN_WAIT2 socket in TIME_WAIT apply. */
  queueShrunk = false;

  /** Counters that `ss -i` shows. */
  bytesAcked = 0;
  bytesReceived = 0;
  bytesSent = 0;
  bytesRetrans = 0;
  segsIn = 0;
  segsOut = 0;
  dataSegsIn = 0;
  dataSegsOut = 0;
  dsackDups = 0;
  rcvOooPack = 0;

  /** The clock as it was when the current event began (`tcp_mstamp`), in ns. */
  mstamp: Ns = 0;
  readonly tsqWork: SoftirqWork;
  tsqThrottled = false;
  tsqQueued = false;

  constructor(owner: TcbOwner, ca: CongestionControl, tsqWork: (tp: Tcb) => void) {
    super();
    this.owner = owner;
    this.env = owner.env;
    this.ca = ca;
    this.pmtuDiscover = owner.env.ip.ipNoPmtuDisc === 0 ? 1 : 0;
    this.rcvbuf = owner.env.sysctls.tcpRmem[1];
    this.sndbuf = owner.env.sysctls.tcpWmem[1];
    this.writeTimer = new TcbTimer(this);
    this.delackTimer = new TcbTimer(this);
    this.keepaliveTimer = new TcbTimer(this);
    this.compressedAckTimer = new TcbHrTimer(this);
    this.tsqWork = { softirq: () => tsqWork(this) };
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

/** An exact timer of a connection. */
export class TcbHrTimer extends Timer {
  readonly tp: Tcb;

  constructor(tp: Tcb) {
    super(tp.env.cpu, tp.owner);
    this.tp = tp;
  }
}

/** A wheel timer of a connection. */
export class TcbTimer extends WheelTimer {
  readonly tp: Tcb;

  constructor(tp: Tcb) {
    super(tp.env.cpu, tp.owner);
    this.tp = tp;
  }
}

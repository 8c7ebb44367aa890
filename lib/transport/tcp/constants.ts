/**
 * States, limits and flags that all of TCP shares.
 *
 * Kernel: include/net/tcp.h, include/net/tcp_states.h, include/net/inet_connection_sock.h, 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";

/** Connection states, with the kernel's numbers and `ss`'s names below. */
export const TcpState = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
  NEW_SYN_RECV: 12,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

/** Names as `ss` prints them, by state. */
export const TCP_STATE_NAMES: readonly string[] = [
  "UNKNOWN",
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "UNCONN",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
  "SYN-RECV",
];

/** States of congestion control: `tcpi_ca_state`. */
export const CaState = { OPEN: 0, DISORDER: 1, CWR: 2, RECOVERY: 3, LOSS: 4 } as const;
export type CaState = (typeof CaState)[keyof typeof CaState];

/** Which half of a connection is shut: bits of `sk_shutdown`. */
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;

export const DEFAULT_MSS = 536;
export const MIN_MSS = 88;
export const MIN_RCVMSS = 536;
export const MAX_QUICKACKS = 16;
export const FASTRETRANS_THRESH = 3;
export const INIT_CWND = 10;
export const INFINITE_SSTHRESH = 0x7fffffff;
export const GSO_MAX_SIZE = 65536;
export const GSO_MAX_SEGS = 65535;
/** MAX_TCP_HEADER + 1, taken off the size of GSO frames (`sk_dst_gso_max_size`). */
export const GSO_HEADER_ROOM = 257;

/** Intervals in jiffies. */
export const RTO_MAX = 120 * HZ;
export const RTO_MIN = HZ / 5;
/** Until the next attempt when the line refuses segments (TCP_RESOURCE_PROBE_INTERVAL). */
export const RESOURCE_PROBE_INTERVAL = HZ / 2;
export const TIMEOUT_INIT = HZ;
export const TIMEOUT_MIN_US = 2 * 1000;
export const DELACK_MIN = HZ / 25;
export const DELACK_MAX = HZ / 5;
export const ATO_MIN = HZ / 25;
export const TIMEWAIT_LEN = 60 * HZ;
export const PAWS_24DAYS_S = 60 * 60 * 24 * 24;
export const PAWS_WINDOW = 1;

/** Bits of `icsk_ack.pending`. */
export const ACK_SCHED = 1;
export const ACK_TIMER = 2;
export const ACK_PUSHED = 4;
export const ACK_PUSHED2 = 8;
export const ACK_NOW = 16;
export const ACK_NOMEM = 32;

/** What the write timer is armed for: `icsk_pending`. */
export const PENDING_RETRANS = 1;
export const PENDING_PROBE0 = 3;
export const PENDING_LOSS_PROBE = 5;
export const PENDING_REO_TIMEOUT = 6;

/** Bits of `nonagle`. */
export const NAGLE_OFF = 1;
export const NAGLE_CORK = 2;
export const NAGLE_PUSH = 4;

/** Marks of a sent segment: `TCP_SKB_CB(skb)->sacked`. */
export const SACKED_ACKED = 1;
export const SACKED_RETRANS = 2;
export const LOST = 4;
export const EVER_RETRANS = 0x80;

/** Bits of `rx_opt.sack_ok`. */
export const SACK_SEEN = 1;
export const DSACK_SEEN = 4;

/** Bits of `ecn_flags`. */
export const ECN_OK = 1;
export const ECN_QUEUE_CWR = 2;
export const ECN_DEMAND_CWR = 4;
export const ECN_SEEN = 8;

/** ECN field of the IP header. */
export const ECN_MASK = 3;
export const ECT_0 = 2;
export const CE = 3;

/**
 * The ACK that a connection owes its peer: whether one is due, and how long it may wait.
 *
 * Spec: RFC 9293 §3.8.6.3. Kernel: include/net/inet_connection_sock.h (icsk_ack), 6.18.
 */

/** Delayed ACK control data (`icsk_ack`). */
export class DelayedAck {
  /** Bits ACK_…. */
  pending = 0;
  /** ACKs that are still sent at once. */
  quick = 0;
  /** How interactive the exchange looks: data and answers in turn raise it, up to 255. */
  pingpong = 0;
  /** Delay, predicted from how data comes in, in jiffies. */
  ato = 0;
  /** Jiffies at which a delayed ACK is due. */
  timeout = 0;
  /** Jiffies at which data was received last. */
  lrcvtime = 0;
  /** Bytes of the last segment that was shorter than others. */
  lastSegSize = 0;
  /** The MSS that the peer seems to use, in bytes. */
  rcvMss = 0;
}

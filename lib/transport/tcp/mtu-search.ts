/**
 * What a connection knows of the path MTU that it searches for itself.
 *
 * Spec: RFC 4821 §7. Kernel: include/net/inet_connection_sock.h (icsk_mtup), 6.18.
 */

/** What the search for the path MTU knows (`icsk_mtup`); sizes are those of packets, in bytes. */
export class MtuSearch {
  enabled = false;
  low = 0;
  high = 0;
  /** Size of the probe that is under way; 0 for none. */
  probeSize = 0;
  /** Its first byte and the one after its last. */
  probeStart = 0;
  probeEnd = 0;
  /** When the search began, in jiffies. */
  since = 0;
}

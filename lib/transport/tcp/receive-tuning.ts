/**
 * What the receive buffer's size follows: the RTT as the receiver sees it, and how much the program
 * reads in one.
 *
 * Kernel: include/linux/tcp.h (rcv_rtt_est, rcvq_space of struct tcp_sock), 6.18.
 */
import type { Ns } from "../../base/units.ts";

/** Measurements for dynamic right-sizing. */
export class ReceiveTuning {
  /** Smoothed RTT times 8, 0 for none yet. */
  rttUs = 0;
  /** Without timestamps: when `rttSeq` is received, an RTT has passed since `rttAt`. */
  rttSeq = 0;
  rttAt: Ns = 0;
  /** The last echo that was measured by. */
  rttTsecr = 0;
  /** Bytes that the program read in the best RTT. */
  space = 0;
  /** `copiedSeq` at the begin of the RTT that is measured now. */
  seq = 0;
  at: Ns = 0;
}

/**
 * What RACK knows of a connection: the newest segment that was delivered, and how long reordered ones
 * are waited for.
 *
 * Spec: RFC 8985 §5.3. Kernel: include/linux/tcp.h (struct tcp_rack), 6.18.
 */
import type { Ns } from "../../base/units.ts";

/** The state of RACK (`tp->rack`). */
export class RackState {
  /** When the newest delivered segment was sent, and where it ends. */
  at: Ns = 0;
  endSeq = 0;
  /** Its RTT. */
  rttUs = 0;
  /** `Tcb.delivered` at the last change of the window. */
  lastDelivered = 0;
  /** The reordering window in quarters of the least RTT, 1 to 255. */
  reoWndSteps = 1;
  /** Recoveries for which it stays as large. */
  reoWndPersist = 0;
  /** An ACK has moved `at` on since losses were looked for. */
  advanced = false;
  dsackSeen = false;
}

/**
 * What a connection needs of the stack that holds it. Keeps the files that work on connections free
 * of the stack itself.
 *
 * Kernel: include/net/inet_connection_sock.h (struct inet_connection_sock_af_ops), 6.18.
 */
import type { TimerOwner } from "../../sim/timer.ts";
import type { TransportEnvironment } from "../environment.ts";
import type { CongestionControl } from "./congestion.ts";
import type { TcpState } from "./constants.ts";
import type { MetricsCache } from "./metrics.ts";
import type { ConnectionRequest } from "./request.ts";
import type { Tcb } from "./tcb.ts";

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

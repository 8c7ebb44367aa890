/**
 * The timers of a connection: they know it, and tell its stack when they fire.
 *
 * Kernel: net/ipv4/tcp_timer.c (tcp_init_xmit_timers), 6.18.
 */
import { Timer, WheelTimer } from "../../sim/timer.ts";
import type { Tcb } from "./tcb.ts";

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

/** All timers of one connection. */
export class TcbTimers {
  readonly write: TcbTimer;
  readonly delack: TcbTimer;
  readonly keepalive: TcbTimer;
  readonly compressedAck: TcbHrTimer;

  constructor(tp: Tcb) {
    this.write = new TcbTimer(tp);
    this.delack = new TcbTimer(tp);
    this.keepalive = new TcbTimer(tp);
    this.compressedAck = new TcbHrTimer(tp);
  }

  /** Stops them for good. */
  dispose(): void {
    this.write.dispose();
    this.delack.dispose();
    this.keepalive.dispose();
    this.compressedAck.dispose();
  }
}

/**
 * TCP's clocks: jiffies for timers, microseconds for RTT, milliseconds for timestamps; and the
 * arming of the write timer.
 *
 * Kernel: include/net/tcp.h (tcp_mstamp_refresh, tcp_reset_xmit_timer), net/ipv4/tcp_timer.c,
 * 6.18.
 */
import { jiffiesToUs } from "../../sim/jiffies.ts";
import type { Tcb } from "./tcb.ts";

/** Virtual time in jiffies. @hot */
export function jiffies(tp: Tcb): number {
  return tp.env.cpu.jiffies;
}

/** Takes the time of the event that is being handled. @hot */
export function refreshMstamp(tp: Tcb): void {
  tp.mstamp = tp.env.cpu.now;
}

/** Whole microseconds between two moments in ns. @hot */
export function usBetween(from: number, to: number): number {
  const us = Math.floor(to / 1000) - Math.floor(from / 1000);
  return us < 0 ? 0 : us;
}

/** Timestamp clock without the connection's offset, in ms. @hot */
export function timestampMs(tp: Tcb): number {
  return Math.floor(tp.mstamp / 1_000_000) | 0;
}

/** TSval of a segment that is sent now. @hot */
export function timestampValue(tp: Tcb): number {
  return (timestampMs(tp) + tp.tsOffset) | 0;
}

/** Arms the write timer for `what`, `when` jiffies from now. @hot */
export function resetXmitTimer(tp: Tcb, what: number, when: number): void {
  const delay = Math.min(when, tp.rtoMax);
  tp.pending = what;
  tp.timeout = jiffies(tp) + delay;
  tp.writeTimer.armJiffies(delay);
}

/** Nothing is pending; the timer may still fire and finds that out. @hot */
export function clearXmitTimer(tp: Tcb): void {
  tp.pending = 0;
  tp.writeTimer.stop();
}

/** RTO in us. */
export function rtoUs(tp: Tcb): number {
  return jiffiesToUs(tp.rto);
}

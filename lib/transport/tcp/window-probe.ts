/**
 * Probes of a window that the peer has closed: when they are sent, with what, and how they end.
 *
 * Spec: RFC 9293 §3.8.6.1. Kernel: net/ipv4/tcp_timer.c (tcp_probe_timer), net/ipv4/tcp_output.c
 * (tcp_send_probe0, tcp_write_wakeup), net/ipv4/tcp_input.c (tcp_ack_probe), 6.18.
 */
import { msToJiffies } from "../../sim/jiffies.ts";
import { before } from "../../wire/sequence.ts";
import { FLAG_PSH } from "../../wire/tcp.ts";
import { jiffies, resetXmitTimer } from "./clock.ts";
import { PENDING_PROBE0, RESOURCE_PROBE_INTERVAL } from "./constants.ts";
import { orphanRetries, writeError } from "./give-up.ts";
import { currentMss } from "./mss.ts";
import { eventNewDataSent } from "./output.ts";
import { clampProbe0, probe0When } from "./probe-interval.ts";
import { fragment, setTsoSegs } from "./queue.ts";
import { sendProbe } from "./send-ack.ts";
import type { Tcb } from "./tcb.ts";
import { windowEnd } from "./tcb-queries.ts";
import { transmitSkb } from "./transmit.ts";

/** The window is still closed: probe it (`tcp_probe_timer`). */
export function onProbeTimer(tp: Tcb): void {
  if (tp.packetsOut > 0 || tp.writeQueue.empty) {
    tp.probesOut = 0;
    tp.probesStamp = 0;
    return;
  }
  if (tp.probesStamp === 0) tp.probesStamp = jiffies(tp);
  else if (tp.userTimeoutMs > 0 && jiffies(tp) - tp.probesStamp >= msToJiffies(tp.userTimeoutMs)) {
    writeError(tp);
    return;
  }
  let max = tp.env.sysctls.tcpRetries2;
  if (tp.dead) {
    const alive = tp.rto * 2 ** tp.backoff < tp.rtoMax;
    max = orphanRetries(tp, alive);
    if (!alive && tp.backoff >= max) {
      writeError(tp);
      return;
    }
  }
  if (tp.probesOut >= max) writeError(tp);
  else sendProbe0(tp);
}

/** Sends a window probe and arms the next. */
function sendProbe0(tp: Tcb): void {
  writeWakeup(tp);
  if (tp.packetsOut > 0 || tp.writeQueue.empty) {
    tp.probesOut = 0;
    tp.backoff = 0;
    tp.probesStamp = 0;
    return;
  }
  tp.probesOut += 1;
  if (!tp.lineRefused && tp.backoff < tp.env.sysctls.tcpRetries2) tp.backoff += 1;
  const timeout = tp.lineRefused ? RESOURCE_PROBE_INTERVAL : probe0When(tp, tp.rtoMax);
  resetXmitTimer(tp, PENDING_PROBE0, clampProbe0(tp, timeout));
}

/** Data if the window takes some, else an empty segment that must be answered. */
function writeWakeup(tp: Tcb): void {
  const skb = tp.writeQueue.head;
  if (skb === null || !before(skb.seq, windowEnd(tp))) {
    sendProbe(tp);
    return;
  }
  const mss = currentMss(tp);
  const room = (windowEnd(tp) - skb.seq) | 0;
  if (before(tp.pushedSeq, skb.endSeq)) tp.pushedSeq = skb.endSeq;
  if (room < ((skb.endSeq - skb.seq) | 0) || skb.length > mss) {
    skb.flags |= FLAG_PSH;
    fragment(tp, tp.writeQueue, skb, Math.min(room, mss), mss);
  } else {
    setTsoSegs(skb, mss);
  }
  skb.flags |= FLAG_PSH;
  if (transmitSkb(tp, skb, skb.flags, skb.seq, tp.rcvNxt)) eventNewDataSent(tp, skb);
}

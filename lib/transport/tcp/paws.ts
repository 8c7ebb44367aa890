/**
 * Protection against wrapped sequence numbers: which of the peer's timestamps is remembered and
 * echoed, and which segments are older than that one.
 *
 * Spec: RFC 7323 §4.3, §5. Kernel: net/ipv4/tcp_input.c (tcp_replace_ts_recent, tcp_paws_discard),
 * 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";
import { after, before } from "../../wire/sequence.ts";
import { FLAG_ACK } from "../../wire/tcp.ts";
import { PAWS_24DAYS_S, PAWS_WINDOW } from "./constants.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Remembers the timestamp to echo (RFC 7323 §4.3). @hot */
export function replaceTsRecent(tp: Tcb, seq: number): void {
  if (!tp.sawTstamp || after(seq, tp.rcvWup)) return;
  // The PAWS test was made already, except for a pure ACK that is out of order.
  if (tp.tsRecentStamp !== 0 && ((tp.rcvTsval - tp.tsRecent) | 0) < 0) {
    const age = Math.floor(tp.env.cpu.now / 1e9) - tp.tsRecentStamp;
    if (age < PAWS_24DAYS_S) return;
  }
  storeTsRecent(tp);
}

/** Stores the timestamp of the segment at hand. @hot */
export function storeTsRecent(tp: Tcb): void {
  tp.tsRecent = tp.rcvTsval;
  // Zero means "none", so the first second counts as one.
  tp.tsRecentStamp = Math.max(1, Math.floor(tp.env.cpu.now / 1e9));
}

/** RFC 7323 §5: an old timestamp marks an old segment, unless it is a mere reordered ACK. */
export function pawsDiscards(tp: Tcb, segment: Segment): boolean {
  if (((tp.tsRecent - tp.rcvTsval) | 0) <= PAWS_WINDOW || tp.tsRecent === 0) return false;
  if (Math.floor(tp.env.cpu.now / 1e9) - tp.tsRecentStamp >= PAWS_24DAYS_S) return false;
  return !isDisorderedAck(tp, segment);
}

/** A pure ACK that was overtaken by data. */
export function isOldAck(tp: Tcb, segment: Segment): boolean {
  return (
    (segment.flags & FLAG_ACK) !== 0 &&
    segment.seq === segment.endSeq &&
    before(segment.seq, tp.rcvNxt)
  );
}

function isDisorderedAck(tp: Tcb, segment: Segment): boolean {
  return (
    (segment.flags & FLAG_ACK) !== 0 &&
    segment.seq === segment.endSeq &&
    segment.seq === tp.rcvNxt &&
    segment.ack === tp.sndUna &&
    segment.window << tp.sndWscale === tp.sndWnd &&
    ((tp.tsRecent - tp.rcvTsval) | 0) <= (tp.rto * 1024) / HZ
  );
}

/**
 * The backlog of a socket that a system call owns: segments wait in it until the call ends. ACKs
 * that follow one another become one, which shows in what the sender does next.
 *
 * Kernel: net/ipv4/tcp_ipv4.c (tcp_add_backlog), 6.18.
 *
 * Differs: segments with data are never joined; the kernel does so while they fit into the memory
 * of the one before.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { before } from "../../wire/sequence.ts";
import * as tcp from "../../wire/tcp.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

const NEVER = tcp.FLAG_SYN | tcp.FLAG_RST | tcp.FLAG_URG;
const MUST_MATCH = tcp.FLAG_ECE | tcp.FLAG_CWR;
const HEADROOM = 64 * 1024;

/** Adds a segment to the backlog; takes it. */
export function addToBacklog(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  const tail = tp.backlog.tail;
  if (tail !== null && segment.length === 0 && canJoin(tail, segment)) {
    tail.endSeq = segment.endSeq;
    if (!before(segment.ack, tail.ack)) {
      tail.ack = segment.ack;
      tail.window = segment.window;
    }
    tail.flags |= segment.flags;
    tail.segs += 1;
    pool.consume(segment);
    return;
  }
  if (tp.backlogLength > 2 * tp.rcvbuf + (tp.sndbuf >> 1) + HEADROOM) {
    pool.drop(segment, DropReason.SOCKET_BACKLOG);
    return;
  }
  tp.backlogLength += segment.truesize;
  tp.backlog.push(segment);
}

function canJoin(tail: Segment, segment: Segment): boolean {
  return (
    tail.endSeq === segment.seq &&
    tail.tos === segment.tos &&
    ((tail.flags | segment.flags) & NEVER) === 0 &&
    (tail.flags & segment.flags & tcp.FLAG_ACK) !== 0 &&
    ((tail.flags ^ segment.flags) & MUST_MATCH) === 0 &&
    tail.headerSize === segment.headerSize &&
    sameOptions(tail, segment)
  );
}

function sameOptions(tail: Segment, segment: Segment): boolean {
  const one = tail.frame;
  const other = segment.frame;
  if (one === null || other === null) return false;
  const from = tail.dataAt - tail.headerSize + tcp.TCP_SIZE;
  const start = segment.dataAt - segment.headerSize + tcp.TCP_SIZE;
  return one.bytes.compare(other.bytes, start, segment.dataAt, from, tail.dataAt) === 0;
}

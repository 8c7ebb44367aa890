/**
 * A received segment: its frame and the fields of its header that input reads again and again
 * (`tcp_skb_cb`). Pooled. A segment that is queued for the reader keeps its frame, so payload is
 * copied once, to the reader.
 *
 * Kernel: net/ipv4/tcp_ipv4.c (tcp_v4_fill_cb), 6.18.
 */
import type { DropCounters, DropReason } from "../../sim/drop-reason.ts";
import type { Frame } from "../../wire/frame.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import * as tcp from "../../wire/tcp.ts";
import { measureMemory } from "./segment-memory.ts";

/** A segment of a peer. */
export class Segment {
  frame: Frame | null = null;
  seq = 0;
  /** Sequence number after its last byte; SYN and FIN count one each. */
  endSeq = 0;
  ack = 0;
  flags = 0;
  /** The window field as it stands. */
  window = 0;
  sourcePort = 0;
  destinationPort = 0;
  source = 0;
  destination = 0;
  /** TOS octet of the IP header, for ECN. */
  tos = 0;
  urgentPointer = 0;
  /** Payload: where it starts in the frame, and how long it is. */
  dataAt = 0;
  length = 0;
  /** TCP header size, options included. */
  headerSize = 0;
  /** Memory that the frame takes, with the kernel's bookkeeping. */
  truesize = 0;
  /** Memory that its socket is charged for it; 0 if it lies in the tail of the one before. */
  charged = 0;
  /** Room behind its payload, where the next segment's fits in. */
  tailroom = 0;
  /** How many segments it stands for, after others were joined to it in the backlog. */
  segs = 1;
  prev: Segment | null = null;
  next: Segment | null = null;

  /** Reads the header at `frame.start`, which must be valid. @hot */
  fill(frame: Frame): void {
    const { view, l3 } = frame;
    const at = frame.start;
    const size = tcp.headerSize(view, at);
    const flags = tcp.flags(view, at);
    this.frame = frame;
    this.seq = tcp.sequence(view, at);
    this.ack = tcp.acknowledgment(view, at);
    this.flags = flags;
    this.window = tcp.window(view, at);
    this.sourcePort = tcp.sourcePort(view, at);
    this.destinationPort = tcp.destinationPort(view, at);
    this.source = ipv4.source(view, l3);
    this.destination = ipv4.destination(view, l3);
    this.tos = ipv4.tos(view, l3);
    this.urgentPointer = (flags & tcp.FLAG_URG) !== 0 ? tcp.urgentPointer(view, at) : 0;
    this.headerSize = size;
    this.dataAt = at + size;
    this.length = frame.end - at - size;
    const control = ((flags & tcp.FLAG_SYN) !== 0 ? 1 : 0) + ((flags & tcp.FLAG_FIN) !== 0 ? 1 : 0);
    this.endSeq = (this.seq + this.length + control) | 0;
    measureMemory(this, frame);
    this.segs = 1;
    this.prev = null;
    this.next = null;
  }
}

/** Segments that can be used again; one for each stack. */
export class SegmentPool {
  readonly drops: DropCounters;
  #free: Segment | null = null;

  constructor(drops: DropCounters) {
    this.drops = drops;
  }

  /** A segment filled from `frame`; owns the frame from now on. @hot */
  take(frame: Frame): Segment {
    const segment = this.#free ?? new Segment();
    this.#free = segment.next;
    segment.fill(frame);
    return segment;
  }

  /** The end of a segment whose content has been used. @hot */
  consume(segment: Segment): void {
    segment.frame?.deliver();
    this.#put(segment);
  }

  /** The end of a segment that is thrown away. */
  drop(segment: Segment, reason: DropReason): void {
    segment.frame?.drop(reason, this.drops);
    this.#put(segment);
  }

  #put(segment: Segment): void {
    segment.frame = null;
    segment.prev = null;
    segment.next = this.#free;
    this.#free = segment;
  }
}

/** A queue of segments in order of sequence: receive queue, out-of-order queue, backlog. */
export class SegmentQueue {
  head: Segment | null = null;
  tail: Segment | null = null;

  get empty(): boolean {
    return this.head === null;
  }

  /** @hot */
  push(segment: Segment): void {
    segment.prev = this.tail;
    segment.next = null;
    if (this.tail === null) this.head = segment;
    else this.tail.next = segment;
    this.tail = segment;
  }

  /** Inserts after `place`, or at the head if that is null. */
  insertAfter(place: Segment | null, segment: Segment): void {
    const next = place === null ? this.head : place.next;
    segment.prev = place;
    segment.next = next;
    if (place === null) this.head = segment;
    else place.next = segment;
    if (next === null) this.tail = segment;
    else next.prev = segment;
  }

  /** @hot */
  remove(segment: Segment): void {
    if (segment.prev === null) this.head = segment.next;
    else segment.prev.next = segment.next;
    if (segment.next === null) this.tail = segment.prev;
    else segment.next.prev = segment.prev;
    segment.prev = null;
    segment.next = null;
  }

  /** Takes the first segment off, or null. @hot */
  shift(): Segment | null {
    const segment = this.head;
    if (segment !== null) this.remove(segment);
    return segment;
  }
}

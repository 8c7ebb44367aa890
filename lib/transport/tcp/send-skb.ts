/**
 * What TCP has to send: segments (`SendSkb`, one `sk_buff` each, possibly many MSS long), the two
 * queues that hold them (to be sent; sent but not acknowledged), and the memory of their payload.
 *
 * Payload lies in chunks and is handed down by reference, so that 64 KiB leave without a copy. A
 * chunk is used again when all its bytes are acknowledged and no frame of the socket is still on
 * this host; else it is left to the garbage collector, so a frame's payload can never change.
 *
 * Kernel: include/linux/skbuff.h, include/net/tcp.h (tcp_skb_cb), net/core/sock.c
 * (skb_page_frag_refill), 6.18.
 */
import { assert } from "../../base/assert.ts";
import { SKB_OVERHEAD } from "./segment-memory.ts";

/** Bytes of one chunk. Holds at least one GSO frame. */
const CHUNK_SIZE = 256 * 1024;
/**
 * First chunk of a socket whose first write fits: many only ever send a request or a page. So small
 * a chunk is a part of a larger buffer that Node keeps for such, while one of its own would cost a
 * probe's socket more than all its frames.
 */
const SMALL_CHUNK_SIZE = 2 * 1024;

/** A piece of payload memory, shared by the segments that lie in it. */
export class Chunk {
  readonly bytes: Buffer;
  used = 0;
  users = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }
}

/** A segment in the send queues. Pooled: made by `SendMemory` alone. */
export class SendSkb {
  seq = 0;
  endSeq = 0;
  /** TCP flags that it is sent with. */
  flags = 0;
  /** Scoreboard bits: SACKED_ACKED, SACKED_RETRANS, LOST, EVER_RETRANS. */
  sacked = 0;
  /** Payload bytes. */
  length = 0;
  payload: Chunk | null = null;
  payloadAt = 0;
  /** Number of MSS-sized pieces (`tcp_skb_pcount`); 0 until it is known. */
  pcount = 0;
  /** MSS by which `pcount` was computed (`tcp_skb_mss`). */
  gsoSize = 0;
  truesize = 0;
  /** Nothing may be appended, nor merged with it (MSG_EOR). */
  eor = false;
  /** When it was sent last, in ns; 0 for never. */
  sentAt = 0;
  /** What had been delivered when it was sent, and when the last of that was (`tx.delivered`). */
  txDelivered = 0;
  /** In ns; 0 once the segment is SACKed. */
  txDeliveredAt = 0;
  prev: SendSkb | null = null;
  next: SendSkb | null = null;
  /** Order of transmission, for RACK (`tcp_tsorted_anchor`). */
  sortedPrev: SendSkb | null = null;
  sortedNext: SendSkb | null = null;
  sorted = false;
}

/** A doubly linked queue of segments in order of sequence. */
export class SendQueue {
  head: SendSkb | null = null;
  tail: SendSkb | null = null;

  get empty(): boolean {
    return this.head === null;
  }

  push(skb: SendSkb): void {
    skb.prev = this.tail;
    skb.next = null;
    if (this.tail === null) this.head = skb;
    else this.tail.next = skb;
    this.tail = skb;
  }

  unshift(skb: SendSkb): void {
    skb.next = this.head;
    skb.prev = null;
    if (this.head === null) this.tail = skb;
    else this.head.prev = skb;
    this.head = skb;
  }

  insertAfter(place: SendSkb, skb: SendSkb): void {
    skb.prev = place;
    skb.next = place.next;
    if (place.next === null) this.tail = skb;
    else place.next.prev = skb;
    place.next = skb;
  }

  remove(skb: SendSkb): void {
    if (skb.prev === null) this.head = skb.next;
    else skb.prev.next = skb.next;
    if (skb.next === null) this.tail = skb.prev;
    else skb.next.prev = skb.prev;
    skb.prev = null;
    skb.next = null;
  }
}

/** Segments in the order in which they were last sent (`tsorted_sent_queue`). */
export class SortedQueue {
  head: SendSkb | null = null;
  tail: SendSkb | null = null;

  push(skb: SendSkb): void {
    if (skb.sorted) this.remove(skb);
    skb.sorted = true;
    skb.sortedPrev = this.tail;
    skb.sortedNext = null;
    if (this.tail === null) this.head = skb;
    else this.tail.sortedNext = skb;
    this.tail = skb;
  }

  insertAfter(place: SendSkb, skb: SendSkb): void {
    skb.sorted = true;
    skb.sortedPrev = place;
    skb.sortedNext = place.sortedNext;
    if (place.sortedNext === null) this.tail = skb;
    else place.sortedNext.sortedPrev = skb;
    place.sortedNext = skb;
  }

  remove(skb: SendSkb): void {
    if (!skb.sorted) return;
    skb.sorted = false;
    if (skb.sortedPrev === null) this.head = skb.sortedNext;
    else skb.sortedPrev.sortedNext = skb.sortedNext;
    if (skb.sortedNext === null) this.tail = skb.sortedPrev;
    else skb.sortedNext.sortedPrev = skb.sortedPrev;
    skb.sortedPrev = null;
    skb.sortedNext = null;
  }
}

/** Segments and payload memory of one socket. */
export class SendMemory {
  #current: Chunk | null = null;
  /** Chunks that nobody uses; never more than the send buffer once needed. */
  readonly #spare: Chunk[] = [];
  #free: SendSkb | null = null;

  /** An empty segment. */
  take(): SendSkb {
    const skb = this.#free ?? new SendSkb();
    this.#free = skb.next;
    skb.next = null;
    skb.sacked = 0;
    skb.length = 0;
    skb.pcount = 0;
    skb.gsoSize = 0;
    skb.truesize = SKB_OVERHEAD;
    skb.eor = false;
    skb.sentAt = 0;
    return skb;
  }

  /**
   * Gives a segment back. `quiet`: no frame of this socket is under way on this host, so memory
   * that nobody uses any more may be written again.
   */
  release(skb: SendSkb, quiet: boolean): void {
    const chunk = skb.payload;
    if (chunk !== null) {
      skb.payload = null;
      chunk.users -= 1;
      if (chunk.users === 0 && quiet) this.#recycle(chunk);
    }
    skb.prev = null;
    skb.next = this.#free;
    this.#free = skb;
  }

  /**
   * Appends bytes of `source` from `from` to `to` to the segment, which can grow to `goal` bytes.
   * Copies. @hot
   */
  append(skb: SendSkb, source: Uint8Array, from: number, to: number, goal: number): void {
    const count = to - from;
    let chunk = skb.payload;
    const inPlace =
      chunk !== null &&
      chunk.used === skb.payloadAt + skb.length &&
      chunk.bytes.length - chunk.used >= count;
    if (!inPlace || chunk === null) chunk = this.#move(skb, count, goal);
    if (from === 0 && to === source.length) chunk.bytes.set(source, chunk.used);
    else chunk.bytes.set(source.subarray(from, to), chunk.used);
    chunk.used += count;
    skb.length += count;
  }

  /** Makes `part` the owner of `skb`'s payload from offset `at` on. */
  split(skb: SendSkb, part: SendSkb, at: number): void {
    part.length = skb.length - at;
    part.payloadAt = skb.payloadAt + at;
    part.payload = skb.payload;
    if (part.payload !== null) part.payload.users += 1;
    skb.length = at;
  }

  /** Appends the payload of `other` to that of `skb`; both stay in their queues. */
  merge(skb: SendSkb, other: SendSkb): void {
    if (other.length === 0 || other.payload === null) return;
    const adjacent =
      skb.payload === other.payload && skb.payloadAt + skb.length === other.payloadAt;
    if (adjacent) skb.length += other.length;
    else {
      const end = other.payloadAt + other.length;
      this.append(skb, other.payload.bytes, other.payloadAt, end, skb.length + other.length);
    }
  }

  /** Puts the segment where `count` more bytes fit, with room for `goal` in all if possible. */
  #move(skb: SendSkb, count: number, goal: number): Chunk {
    const needed = skb.length + count;
    let chunk = this.#current;
    if (chunk === null || chunk.bytes.length - chunk.used < needed) {
      chunk = this.#nextChunk(needed, goal, chunk);
      this.#current = chunk;
    }
    chunk.users += 1;
    const at = chunk.used;
    const old = skb.payload;
    if (old !== null) {
      old.bytes.copy(chunk.bytes, at, skb.payloadAt, skb.payloadAt + skb.length);
      old.users -= 1;
    }
    chunk.used += skb.length;
    skb.payload = chunk;
    skb.payloadAt = at;
    return chunk;
  }

  #nextChunk(needed: number, goal: number, before: Chunk | null): Chunk {
    if (before === null && needed <= SMALL_CHUNK_SIZE) return new Chunk(SMALL_CHUNK_SIZE);
    const size = Math.max(needed, Math.min(goal, CHUNK_SIZE));
    if (size <= CHUNK_SIZE) {
      const spare = this.#spare.pop();
      if (spare !== undefined) {
        spare.used = 0;
        return spare;
      }
    }
    assert(size <= 2 * CHUNK_SIZE, "a segment is larger than its memory can be");
    return new Chunk(Math.max(CHUNK_SIZE, size));
  }

  #recycle(chunk: Chunk): void {
    if (chunk === this.#current) chunk.used = 0;
    else if (chunk.bytes.length === CHUNK_SIZE) this.#spare.push(chunk);
  }
}

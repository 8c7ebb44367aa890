/**
 * What a received segment costs its socket. The kernel counts allocated memory, not payload, and
 * what is allocated depends on how the frame came: the offered window follows from it.
 *
 * Kernel: net/core/skbuff.c (__alloc_skb, skb_segment, skb_try_coalesce, skb_condense),
 * net/packet/af_packet.c (packet_alloc_skb), 6.18.
 */
import { ETHERNET_SIZE } from "../../wire/ethernet.ts";
import { type Frame, FrameStorage } from "../../wire/frame.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Header room of every segment that TCP makes (this kernel's configuration: no tunnels). */
export const MAX_TCP_HEADER = 256;
/** `sk_buff` and `skb_shared_info`, aligned to cache lines. */
export const SK_BUFF_SIZE = 256;
export const SHARED_INFO_SIZE = 320;
/** Truesize of a segment without payload. */
export const SKB_OVERHEAD = MAX_TCP_HEADER + SHARED_INFO_SIZE + SK_BUFF_SIZE;
/** Smaller heads come from a cache of their own (`skb_small_head_cache`). */
const SMALL_HEAD = MAX_TCP_HEADER + SHARED_INFO_SIZE;
const CACHE_LINE = 64;
export const PAGE = 4096;
/** Head room that a packet socket leaves for the Ethernet header (`LL_RESERVED_SPACE`). */
const LINK_ROOM = 16;
/** `__pskb_pull_tail` allocates for what it will be asked for next. */
const PULL_ROOM = 128;

/**
 * Sets `truesize` and `tailroom` of a segment. A whole frame of TCP keeps its payload in pages
 * until a device without scatter-gather makes it linear, which is not charged; a cut frame is
 * linear from the start; one that came over a line was copied. @hot
 */
export function measureMemory(segment: Segment, frame: Frame): void {
  const { length } = segment;
  segment.tailroom = 0;
  switch (frame.storage) {
    case FrameStorage.CUT:
      segment.truesize = cutTruesize(length);
      segment.tailroom =
        segment.truesize - SK_BUFF_SIZE - SHARED_INFO_SIZE - MAX_TCP_HEADER - length;
      return;
    case FrameStorage.COPIED: {
      const size = LINK_ROOM + ETHERNET_SIZE + frame.end - frame.l3;
      if (size >= PAGE) {
        segment.truesize = SKB_OVERHEAD + pagesFor(size - LINK_ROOM - ETHERNET_SIZE);
        return;
      }
      const head = headSize(size);
      segment.truesize = head + SK_BUFF_SIZE;
      segment.tailroom = head - SHARED_INFO_SIZE - size;
      return;
    }
    default:
      segment.truesize = SKB_OVERHEAD + length;
      if (length > 0 && frame.storage === FrameStorage.PULLED) {
        const size = MAX_TCP_HEADER + length;
        segment.tailroom = headSize(size + PULL_ROOM) - SHARED_INFO_SIZE - size;
      }
  }
}

/** What a segment of `length` bytes takes that was cut off a large frame (`skb_segment`). @hot */
export function cutTruesize(length: number): number {
  return headSize(MAX_TCP_HEADER + length) + SK_BUFF_SIZE;
}

/** What a segment is charged while it waits for a gap to be filled (`skb_condense`). @hot */
export function condensedSize(segment: Segment): number {
  if (segment.frame?.storage !== FrameStorage.PULLED || segment.length === 0) {
    return segment.truesize;
  }
  return headSize(MAX_TCP_HEADER + segment.length + PULL_ROOM) + SK_BUFF_SIZE;
}

/**
 * What a segment takes beside its head if nothing of it lies there, else all that it takes
 * (`truesize_adjust`): a head without payload is free as soon as the segment is queued. @hot
 */
export function sizeWithoutHead(segment: Segment): number {
  if (segment.length === 0) return 0;
  const paged = segment.frame?.storage === FrameStorage.PAGED;
  return paged ? segment.truesize - SKB_OVERHEAD : segment.truesize;
}

/** What is allocated for a head of `size` bytes, the shared info behind it included. @hot */
export function headSize(size: number): number {
  const wanted = Math.ceil(size / CACHE_LINE) * CACHE_LINE + SHARED_INFO_SIZE;
  if (wanted <= SMALL_HEAD) return SMALL_HEAD;
  let slab = 1024;
  while (slab < wanted) slab *= 2;
  return slab;
}

/**
 * What a socket can be charged before it has to ask for another page (`sk_forward_alloc`): memory
 * is taken by the page, in both directions together, and whole pages are given back. @hot
 */
export function forwardAlloc(tp: Tcb): number {
  return -(tp.rmemAlloc + tp.wmemQueued) & (PAGE - 1);
}

/** Pages for `size` bytes, in the largest orders that are not larger (`alloc_skb_with_frags`). */
function pagesFor(size: number): number {
  let total = 0;
  let order = 8 * PAGE;
  for (let left = size; left > 0; left -= order) {
    while (order > PAGE && Math.ceil(left / PAGE) * PAGE < order) order /= 2;
    total += order;
  }
  return total;
}

/**
 * The packets that wait until a neighbour's link address is known.
 *
 * Kernel: net/core/neighbour.c (arp_queue of struct neighbour), 6.18.
 * Differs: the memory of a waiting packet is reckoned from its length, as the kernel allocates it
 * for most packets; the exact sum decides only when hundreds wait.
 */
import { Ring } from "../base/ring.ts";
import { type DropCounters, DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";

/** The queue of one neighbour. Owns its frames. */
export class NeighbourQueue {
  readonly #frames = new Ring<Frame>(4);
  readonly #drops: DropCounters;
  #bytes = 0;

  constructor(drops: DropCounters) {
    this.#drops = drops;
  }

  get length(): number {
    return this.#frames.length;
  }

  /** The one that came last, borrowed, or null. */
  get newest(): Frame | null {
    return this.#frames.peek(this.#frames.length - 1);
  }

  /** Takes a frame; the oldest go when there are more than `limit` bytes (`unres_qlen_bytes`). */
  push(frame: Frame, limit: number): void {
    const size = truesize(frame);
    while (this.#bytes + size > limit) {
      const oldest = this.#frames.shift();
      if (oldest === null) break;
      this.#bytes -= truesize(oldest);
      oldest.drop(DropReason.NEIGH_QUEUEFULL, this.#drops);
    }
    this.#frames.push(frame);
    this.#bytes += size;
  }

  /** Gives the oldest frame away; null if there is none. `purge` follows the last. */
  shift(): Frame | null {
    return this.#frames.shift();
  }

  /** Drops what is left. */
  purge(reason: DropReason): void {
    for (let frame = this.shift(); frame !== null; frame = this.shift()) {
      frame.drop(reason, this.#drops);
    }
    this.#bytes = 0;
  }
}

/** Memory that Linux charges for a waiting packet: two kmalloc'ed objects (`skb->truesize`). */
function truesize(frame: Frame): number {
  const data = frame.end - frame.start + 14;
  return data <= 384 ? 768 : data <= 1728 ? 2304 : 4352 + 4096 * Math.floor(data / 4096);
}

/**
 * What a line does to frames: delay, jitter, rate, a bounded queue, loss, duplication, reordering
 * and corruption with netem's words and arithmetic, and exact faults that name frames by number.
 * One impairment is one direction of one line.
 *
 * Kernel: net/sched/sch_netem.c (netem_enqueue, get_crandom, tabledist, tfifo_enqueue), 6.18.
 * Differs: netem is a queue in front of a device, so a frame that it drops never shows in the
 * sender's capture; here the line is behind the device, and the sender's capture has the frame.
 */
import { NS_PER_S, NS_PER_US, type Ns } from "../base/units.ts";
import type { Cpu } from "../sim/cpu.ts";
import { type DropCounters, DropReason } from "../sim/drop-reason.ts";
import type { RandomStream } from "../sim/random.ts";
import { SimEvent } from "../sim/scheduler.ts";
import { type Frame, FrameStorage } from "../wire/frame.ts";

/** A probability (0 … 1) with netem's correlation with the draw before (0 … 1). */
export interface Chance {
  readonly share: number;
  readonly correlation: number;
}

/** What is done to the n-th frame of this direction; numbers count from 1. */
export interface ExactFaults {
  readonly drop: ReadonlySet<number>;
  readonly duplicate: ReadonlySet<number>;
  /** The bit to flip, counted from the first bit of the frame; the last one stands for any beyond. */
  readonly corrupt: ReadonlyMap<number, number>;
  /** Extra delay in ns. */
  readonly delay: ReadonlyMap<number, Ns>;
}

/** One direction of a line. Everything has a neutral value: see `PERFECT_LINE`. */
export interface ImpairmentOptions {
  readonly delayNs: Ns;
  readonly jitterNs: Ns;
  /** Correlation of the jitter, 0 … 1. */
  readonly jitterCorrelation: number;
  /** bit/s, or 0 for no limit. */
  readonly rateBps: number;
  /** Frames that may wait on the line, netem's `limit`. */
  readonly limit: number;
  readonly loss: Chance;
  readonly duplicate: Chance;
  readonly corrupt: Chance;
  /** The share that overtakes, and every how many frames it may (netem's `gap`; 0 for any). */
  readonly reorder: Chance;
  readonly gap: number;
  readonly exact: ExactFaults;
}

const NEVER: Chance = { share: 0, correlation: 0 };

export const NO_FAULTS: ExactFaults = {
  drop: new Set(),
  duplicate: new Set(),
  corrupt: new Map(),
  delay: new Map(),
};

/** A line that changes nothing. */
export const PERFECT_LINE: ImpairmentOptions = {
  delayNs: 0,
  jitterNs: 0,
  jitterCorrelation: 0,
  rateBps: 0,
  limit: 1000,
  loss: NEVER,
  duplicate: NEVER,
  corrupt: NEVER,
  reorder: NEVER,
  gap: 0,
  exact: NO_FAULTS,
};

/**
 * A host that has nothing to do needs so long to be woken by a frame; frames that arrive meanwhile
 * are taken with it, as network cards with interrupt moderation and the kernel's polling have it.
 */
export const WAKE_NS = 80 * NS_PER_US;

/** Where frames come out of the line, one after the other, in softirq context. */
export interface LineEnd {
  arrive(frame: Frame): void;
}

/** Frames on the line, ordered by the time at which they come out. */
export class Impairment extends SimEvent {
  readonly #cpu: Cpu;
  readonly #random: RandomStream;
  readonly #options: ImpairmentOptions;
  readonly #end: LineEnd;
  readonly #drops: DropCounters;
  readonly #lossMemory = new Memory();
  readonly #duplicateMemory = new Memory();
  readonly #corruptMemory = new Memory();
  readonly #reorderMemory = new Memory();
  readonly #jitterMemory = new Memory();
  readonly #frames: Frame[] = [];
  readonly #times: Ns[] = [];
  #number = 0;
  /** Frames since the last one that overtook. */
  #counter = 0;

  /** `random` is this line's own stream; lost frames are counted in `drops`. */
  constructor(
    cpu: Cpu,
    random: RandomStream,
    options: ImpairmentOptions,
    end: LineEnd,
    drops: DropCounters,
  ) {
    super();
    this.#cpu = cpu;
    this.#random = random;
    this.#options = options;
    this.#end = end;
    this.#drops = drops;
  }

  /** Puts a frame on the line; takes ownership. */
  send(frame: Frame): void {
    const { exact, loss, duplicate } = this.#options;
    this.#number += 1;
    // Only bytes cross a line.
    frame.confirmsNeighbour = false;
    let copies = 1;
    if (exact.duplicate.has(this.#number)) copies += 1;
    else if (this.#happens(duplicate, this.#duplicateMemory)) copies += 1;
    if (exact.drop.has(this.#number)) copies -= 1;
    else if (this.#happens(loss, this.#lossMemory)) copies -= 1;
    if (copies === 0) {
      frame.drop(DropReason.LINK_LOSS, this.#drops);
      return;
    }
    const second = copies === 2 ? frame.copy() : null;
    const extra = exact.delay.get(this.#number) ?? 0;
    this.#enqueue(frame, extra);
    if (second !== null) this.#enqueue(second, extra);
  }

  override fire(): void {
    const now = this.#cpu.now;
    // Each frame goes as far as it gets, and so does what it causes, before the next one arrives.
    while (this.#times.length > 0 && (this.#times[0] ?? 0) <= now) {
      this.#times.shift();
      const frame = this.#frames.shift();
      if (frame === undefined) continue;
      frame.storage = FrameStorage.COPIED;
      this.#cpu.enterSoftirq();
      this.#end.arrive(frame);
      this.#cpu.leaveSoftirq();
    }
    if (this.#times.length > 0) this.#cpu.scheduler.schedule(this, (this.#times[0] ?? 0) + WAKE_NS);
  }

  #enqueue(frame: Frame, extra: Ns): void {
    const { corrupt, exact, limit } = this.#options;
    const bit = exact.corrupt.get(this.#number);
    if (bit !== undefined) flipBit(frame, bit);
    else if (this.#happens(corrupt, this.#corruptMemory)) {
      flipBit(frame, this.#random.below(8 * (frame.end - frame.start)));
    }
    if (this.#frames.length >= limit) {
      frame.drop(DropReason.QDISC_DROP, this.#drops);
      return;
    }
    this.#insert(frame, this.#departure(frame) + extra);
  }

  /** When the frame comes out: now if it overtakes, else after delay and transmission time. */
  #departure(frame: Frame): Ns {
    const { delayNs, gap, reorder, rateBps } = this.#options;
    const now = this.#cpu.now;
    const inOrder =
      gap === 0 ||
      this.#counter < gap - 1 ||
      reorder.share === 0 ||
      !this.#happens(reorder, this.#reorderMemory);
    if (!inOrder) {
      this.#counter = 0;
      return now;
    }
    this.#counter += 1;
    let delay = this.#jittered(delayNs);
    let start = now;
    if (rateBps > 0) {
      const last = this.#times[this.#times.length - 1] ?? 0;
      if (last > now) {
        delay = Math.max(0, delay - (last - now));
        start = last;
      }
      delay += Math.floor(((frame.end - frame.start) * 8 * NS_PER_S) / rateBps);
    }
    return start + delay;
  }

  #jittered(delay: Ns): Ns {
    const { jitterNs, jitterCorrelation } = this.#options;
    if (jitterNs === 0) return delay;
    const draw = this.#jitterMemory.draw(this.#random, jitterCorrelation);
    return Math.max(0, (draw % (2 * jitterNs)) + delay - jitterNs);
  }

  #happens(chance: Chance, memory: Memory): boolean {
    return (
      chance.share > 0 && memory.draw(this.#random, chance.correlation) < chance.share * 2 ** 32
    );
  }

  #insert(frame: Frame, at: Ns): void {
    let index = this.#times.length;
    while (index > 0 && (this.#times[index - 1] ?? 0) > at) index -= 1;
    this.#times.splice(index, 0, at);
    this.#frames.splice(index, 0, frame);
    if (index === 0) this.#cpu.scheduler.schedule(this, at + WAKE_NS);
  }
}

/** netem's correlated randomness: a draw blended with the one before. */
class Memory {
  #last = 0;

  draw(random: RandomStream, correlation: number): number {
    const value = random.uint32();
    if (correlation === 0) return value;
    this.#last = Math.floor(value * (1 - correlation) + this.#last * correlation);
    return this.#last;
  }
}

function flipBit(frame: Frame, bit: number): void {
  const last = 8 * (frame.end - frame.start) - 1;
  const index = Math.min(bit, last);
  const at = frame.start + (index >>> 3);
  frame.view.setUint8(at, frame.view.getUint8(at) ^ (0x80 >>> (index & 7)));
  frame.recordedIn = null;
  frame.checksumVerified = false;
}

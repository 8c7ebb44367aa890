/**
 * The order in which the timers of one tick expire, all in one softirq: those of the coarsest level
 * first, and within a level the one that was armed last, as a bucket is a list that grows at its
 * head.
 *
 * Kernel: kernel/time/timer.c (enqueue_timer, collect_expired_timers, expire_timers), 6.18.
 * Differs: timers that are pinned to a processor are in one wheel with the others.
 */

/** A timer as its wheel sees it. */
export interface WheelEntry {
  /** The level that it was armed in. */
  readonly level: number;
  /** When it came to its bucket, among all armings of the run. */
  readonly arming: number;
  /** Expires it, unless one that expired before it in the same tick has stopped or moved it. */
  expireCollected(): void;
}

/** What the wheel timers of one processor share. */
export class TimerWheel {
  #armings = 0;
  /** Timers of the tick that expires; reused. */
  readonly #due: WheelEntry[] = [];

  /** The number of the next arming. @hot */
  nextArming(): number {
    this.#armings += 1;
    return this.#armings;
  }

  /** Adds a timer of the tick that expires. */
  collect(timer: WheelEntry): void {
    this.#due.push(timer);
  }

  /** Expires them all; in softirq context. */
  expireCollected(): void {
    const due = this.#due;
    if (due.length > 1) due.sort(byBucket);
    for (const timer of due) timer.expireCollected();
    due.length = 0;
  }
}

function byBucket(a: WheelEntry, b: WheelEntry): number {
  return b.level - a.level || b.arming - a.arming;
}

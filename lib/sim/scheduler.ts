/**
 * Virtual time and the order of events. The contract, which every capture depends on: events fire
 * in order of (time, insertion number); time never goes back; what an event does happens at one
 * instant, unless the processor model of `cpu.ts` moves the clock on.
 *
 * A binary heap over parallel arrays: times and insertion numbers in Float64Arrays, the events
 * themselves beside them. An event knows its place in the heap, so it can be moved or removed.
 */
import { assert } from "../base/assert.ts";
import type { Ns } from "../base/units.ts";

const NOT_QUEUED = -1;

/** Something that happens at a time. A reused object: one per timer, link or process. */
export abstract class SimEvent {
  /** Its index in the heap; the scheduler's own. */
  heapIndex: number = NOT_QUEUED;

  /** What happens. The event is no longer queued and may queue itself again. */
  abstract fire(): void;

  /** Whether it is waiting for its time. */
  get queued(): boolean {
    return this.heapIndex !== NOT_QUEUED;
  }
}

/** The clock and the queue of what is to come. One for each run. */
export class Scheduler {
  /** Virtual time in ns since the start of the run. */
  now: Ns = 0;
  /** How many events have fired: names a moment of the run in failure reports. */
  fired = 0;

  #times = new Float64Array(1024);
  #orders = new Float64Array(1024);
  #events: (SimEvent | null)[] = new Array<SimEvent | null>(1024).fill(null);
  #length = 0;
  #nextOrder = 0;

  /** How many events wait. */
  get pending(): number {
    return this.#length;
  }

  /** Time of the next event, or Infinity. */
  get nextTime(): Ns {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] ?? 0);
  }

  /** The next event, or null. */
  get next(): SimEvent | null {
    return this.#events[0] ?? null;
  }

  /**
   * Queues `event` at absolute time `at`, which may lie in the past when the processor was busy:
   * then it fires next, and sees the present time. A queued event is moved.
   */
  schedule(event: SimEvent, at: Ns): void {
    if (!Number.isSafeInteger(at) || at < 0) assert(false, `event time ${at}`);
    const order = this.#nextOrder;
    this.#nextOrder += 1;
    let index = event.heapIndex;
    if (index === NOT_QUEUED) {
      if (this.#length === this.#times.length) this.#grow();
      index = this.#length;
      this.#length += 1;
      this.#siftUp(index, event, at, order);
    } else if (at < (this.#times[index] ?? 0)) {
      this.#siftUp(index, event, at, order);
    } else {
      this.#siftDown(index, event, at, order);
    }
  }

  /** Takes `event` out of the queue; one that is not queued stays so. */
  cancel(event: SimEvent): void {
    const index = event.heapIndex;
    if (index === NOT_QUEUED) return;
    event.heapIndex = NOT_QUEUED;
    this.#length -= 1;
    const last = this.#events[this.#length] ?? null;
    const time = this.#times[this.#length] ?? 0;
    const order = this.#orders[this.#length] ?? 0;
    this.#events[this.#length] = null;
    if (last === null || last === event) return;
    if (index > 0 && this.#isBefore(time, order, (index - 1) >> 1)) {
      this.#siftUp(index, last, time, order);
    } else {
      this.#siftDown(index, last, time, order);
    }
  }

  /** Fires the next event. Returns false if there is none. */
  step(): boolean {
    const event = this.#events[0] ?? null;
    if (event === null) return false;
    const time = this.#times[0] ?? 0;
    this.cancel(event);
    if (time > this.now) this.now = time;
    this.fired += 1;
    event.fire();
    return true;
  }

  /** Fires all events up to and including time `until`, then sets the clock to it. */
  runUntil(until: Ns): void {
    while (this.nextTime <= until) this.step();
    if (until > this.now) this.now = until;
  }

  #isBefore(time: Ns, order: number, index: number): boolean {
    const other = this.#times[index] ?? 0;
    return time < other || (time === other && order < (this.#orders[index] ?? 0));
  }

  #place(index: number, event: SimEvent, time: Ns, order: number): void {
    this.#times[index] = time;
    this.#orders[index] = order;
    this.#events[index] = event;
    event.heapIndex = index;
  }

  #move(from: number, to: number): void {
    const event = this.#events[from];
    if (event !== null && event !== undefined) {
      this.#place(to, event, this.#times[from] ?? 0, this.#orders[from] ?? 0);
    }
  }

  #siftUp(start: number, event: SimEvent, time: Ns, order: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(time, order, parent)) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#place(index, event, time, order);
  }

  #siftDown(start: number, event: SimEvent, time: Ns, order: number): void {
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#length) break;
      if (
        child + 1 < this.#length &&
        this.#isBefore(this.#times[child + 1] ?? 0, this.#orders[child + 1] ?? 0, child)
      ) {
        child += 1;
      }
      if (this.#isBefore(time, order, child)) break;
      this.#move(child, index);
      index = child;
    }
    this.#place(index, event, time, order);
  }

  #grow(): void {
    const size = this.#times.length * 2;
    const times = new Float64Array(size);
    times.set(this.#times);
    const orders = new Float64Array(size);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
    while (this.#events.length < size) this.#events.push(null);
  }
}

/**
 * The processor that the emulated kernels share: what runs in a process, what runs in a softirq,
 * and how long it takes. All hosts of a run share one, as network namespaces share a machine.
 *
 * Linux takes a received frame out of a per-CPU backlog in a softirq. A process that sends runs
 * that softirq itself as soon as it enables bottom halves again, so its frame is received, and
 * often answered, before the next line of the system call; a softirq that sends only adds to the
 * backlog. This order shows in captures, so it is kept: `enable` drains the backlog in a process
 * and not in a softirq.
 *
 * Work moves the clock: each hop and each system call costs a fixed time. Events whose time comes
 * meanwhile fire late, as on a busy machine.
 *
 * Kernel: net/core/dev.c (enqueue_to_backlog, process_backlog), kernel/softirq.c, 6.18.
 */
import { Ring } from "../base/ring.ts";
import type { Ns } from "../base/units.ts";
import { jiffiesAt } from "./jiffies.ts";
import type { Scheduler } from "./scheduler.ts";
import { TimerWheel } from "./timer-wheel.ts";

/** What work costs, in ns. Parameters of a run; the defaults are near an idle machine. */
export interface CpuCosts {
  /** One frame through one device's receive path. */
  readonly hopNs: Ns;
  /** A system call, charged before it acts. */
  readonly syscallNs: Ns;
  /** From the moment that a process becomes runnable until it runs. */
  readonly wakeupNs: Ns;
}

/** Costs as measured between namespaces of one idle machine, rounded. */
export const DEFAULT_COSTS: CpuCosts = { hopNs: 2_000, syscallNs: 4_000, wakeupNs: 40_000 };

/** Work for the backlog: frames, above all. */
export interface SoftirqWork {
  /** Carries the work out, in softirq context. */
  softirq(): void;
}

/** The processor's backlog and the context that it is in. */
export class Cpu {
  readonly scheduler: Scheduler;
  readonly costs: CpuCosts;
  /** The timers of all hosts that are armed in ticks. */
  readonly wheel = new TimerWheel();
  readonly #backlog = new Ring<SoftirqWork>(256);
  /** How many at the head of the backlog have been moved to `process_queue`. */
  #processing = 0;
  #softirqDepth = 0;
  #disabledDepth = 0;

  constructor(scheduler: Scheduler, costs: CpuCosts = DEFAULT_COSTS) {
    this.scheduler = scheduler;
    this.costs = costs;
  }

  /** Virtual time in ns since the start of the run. */
  get now(): Ns {
    return this.scheduler.now;
  }

  /** Virtual time in ticks since the start of the run. */
  get jiffies(): number {
    return jiffiesAt(this.scheduler.now);
  }

  /** Whether the code that runs now is a softirq's (a timer's, a receive path's). */
  get inSoftirq(): boolean {
    return this.#softirqDepth > 0;
  }

  /** Length of `input_pkt_queue`, which `net.core.netdev_max_backlog` bounds. */
  get inputQueueLength(): number {
    return this.#backlog.length - this.#processing;
  }

  /** Adds work to the backlog. It is done in order, when bottom halves are next enabled. @hot */
  raise(work: SoftirqWork): void {
    this.#backlog.push(work);
  }

  /** Begins a section in which no softirq runs (`local_bh_disable`); sections nest. @hot */
  disable(): void {
    this.#disabledDepth += 1;
  }

  /** Ends such a section; the outermost one of a process runs what was raised meanwhile. @hot */
  enable(): void {
    this.#disabledDepth -= 1;
    this.#drainIfAllowed();
  }

  /** Begins softirq context: a timer's expiry, a frame's arrival from a cable. */
  enterSoftirq(): void {
    this.#softirqDepth += 1;
  }

  /** Ends softirq context; the outermost one runs what was raised meanwhile. */
  leaveSoftirq(): void {
    this.#softirqDepth -= 1;
    this.#drainIfAllowed();
  }

  /** Lets `cost` pass in which the processor is busy. @hot */
  spend(cost: Ns): void {
    this.scheduler.now += cost;
  }

  #drainIfAllowed(): void {
    if (this.#softirqDepth > 0 || this.#disabledDepth > 0) return;
    this.#softirqDepth = 1;
    for (;;) {
      if (this.#processing === 0) this.#processing = this.#backlog.length;
      const work = this.#backlog.shift();
      if (work === null) break;
      this.#processing -= 1;
      this.scheduler.now += this.costs.hopNs;
      work.softirq();
    }
    this.#softirqDepth = 0;
  }
}

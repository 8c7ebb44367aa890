/**
 * Timers. `Timer` fires at an exact time, like a kernel hrtimer; `WheelTimer` has the granularity
 * of the kernel's timer wheel, in which nearly everything in networking is armed, so that the
 * distances between retransmissions come out as on a real host.
 *
 * Both belong to an object and are re-armed, never re-created.
 *
 * Kernel: kernel/time/timer.c (calc_wheel_index), 6.18.
 */
import type { Ns } from "../base/units.ts";
import type { Cpu } from "./cpu.ts";
import { JIFFY_NS } from "./jiffies.ts";
import { SimEvent } from "./scheduler.ts";
import type { WheelEntry } from "./timer-wheel.ts";

const LEVEL_SHIFT = 3;
const LEVEL_STARTS = [63, 504, 4032, 32256, 258048, 2064384, 16515072, 132120576];

/** The owner of a timer: told which one expired, in softirq context. */
export interface TimerOwner {
  expired(timer: Timer): void;
}

/** A timer of exact time. Arming an armed timer moves it. */
export class Timer extends SimEvent {
  readonly cpu: Cpu;
  readonly owner: TimerOwner;
  /** When it expires, while it is armed. */
  expiresAt: Ns = 0;
  #armed = false;
  /** The time for which the event is in the queue, at most `expiresAt`. */
  #queuedAt: Ns = 0;

  constructor(cpu: Cpu, owner: TimerOwner) {
    super();
    this.cpu = cpu;
    this.owner = owner;
  }

  get armed(): boolean {
    return this.#armed;
  }

  /**
   * Arms it for the absolute time `at`. Moving an armed timer to a later time costs nothing: the
   * queued event stays where it is and goes on to the new time when it fires.
   */
  armAt(at: Ns): void {
    const waiting = this.queued && this.#queuedAt <= at;
    this.#armed = true;
    this.expiresAt = at;
    if (waiting) return;
    this.#queuedAt = at;
    this.cpu.scheduler.schedule(this, at);
  }

  /** Arms it for `delay` ns from now. */
  arm(delay: Ns): void {
    this.armAt(this.cpu.scheduler.now + delay);
  }

  /** Disarms it. */
  stop(): void {
    this.#armed = false;
  }

  /** Disarms it and takes it out of the queue, when its owner goes away. */
  dispose(): void {
    this.#armed = false;
    this.cpu.scheduler.cancel(this);
  }

  override fire(): void {
    if (!this.isDue()) return;
    this.cpu.enterSoftirq();
    this.expire();
    this.cpu.leaveSoftirq();
  }

  /** Whether its time has come. If it was moved on meanwhile, it is queued for its new time. */
  protected isDue(): boolean {
    if (!this.#armed) return false;
    if (this.expiresAt <= this.#queuedAt) return true;
    this.#queuedAt = this.expiresAt;
    this.cpu.scheduler.schedule(this, this.expiresAt);
    return false;
  }

  /** Tells the owner, in softirq context. */
  protected expire(): void {
    this.#armed = false;
    this.owner.expired(this);
  }
}

/**
 * A timer in the kernel's wheel: armed in jiffies, fires at the wheel's granularity. All timers of
 * one tick expire in one softirq, so that whatever they send is received after the last of them:
 * those of the coarsest level first, and within a level the one that was armed last
 * (`enqueue_timer`, `collect_expired_timers`).
 */
export class WheelTimer extends Timer implements WheelEntry {
  /** The tick for which it was armed (`timer->expires`), before the wheel rounds it. */
  expiresTick = 0;
  level = 0;
  arming = 0;

  /** Arms it `jiffies` ticks from now, as `mod_timer(timer, jiffies + n)`. */
  armJiffies(jiffies: number): void {
    const tick = this.cpu.jiffies + jiffies;
    this.expiresTick = tick;
    const level = wheelLevel(jiffies);
    const at = expiryInLevel(level, tick) * JIFFY_NS;
    // It keeps its place in a bucket that it is in already.
    if (!this.armed || at !== this.expiresAt || level !== this.level) {
      this.arming = this.cpu.wheel.nextArming();
    }
    this.level = level;
    this.armAt(at);
  }

  /** Arms it for `delay` ns, rounded up to whole ticks. */
  armNs(delay: Ns): void {
    this.armJiffies(Math.ceil(delay / JIFFY_NS));
  }

  override fire(): void {
    if (!this.isDue()) return;
    const { scheduler, wheel } = this.cpu;
    const at = this.expiresAt;
    wheel.collect(this);
    while (scheduler.nextTime === at) {
      const next = scheduler.next;
      if (!(next instanceof WheelTimer)) break;
      scheduler.cancel(next);
      if (next.isDue()) wheel.collect(next);
    }
    this.cpu.enterSoftirq();
    wheel.expireCollected();
    this.cpu.leaveSoftirq();
  }

  /** Expires it, unless one that expired before it in the same tick has stopped or moved it. */
  expireCollected(): void {
    if (this.armed && !this.queued) this.expire();
  }
}

/** The level of the wheel for a timer that is due in so many ticks. */
function wheelLevel(jiffies: number): number {
  let level = 0;
  while (level < LEVEL_STARTS.length && jiffies >= (LEVEL_STARTS[level] ?? 0)) level += 1;
  return level;
}

/** The tick at which a timer in a level of the wheel fires that was armed for `tick`. */
function expiryInLevel(level: number, tick: number): number {
  const granularity = (1 << LEVEL_SHIFT) ** level;
  return (Math.floor(tick / granularity) + 1) * granularity;
}

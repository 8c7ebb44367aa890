/**
 * When a host hears that a device has lost its signal. A veth's loss is told at once; that of a
 * bridge follows from what happened to its last port and waits for the next round, as rounds are a
 * second apart. Until then routes and neighbours stay, and frames go into the bridge.
 *
 * Kernel: net/core/link_watch.c (linkwatch_urgent_event, __linkwatch_run_queue), 6.18.
 * Differs: each bridge waits a whole second; the kernel has one queue for the machine, whose last
 * round may have been some time before the port's.
 */
import type { Cpu } from "../sim/cpu.ts";
import { HZ } from "../sim/jiffies.ts";
import { type TimerOwner, WheelTimer } from "../sim/timer.ts";

/** The signal of one device, as it is and as it was told. */
export class LinkWatch implements TimerOwner {
  /** Whether the signal is there. */
  present = false;
  readonly #timer: WheelTimer;
  readonly #tell: () => void;

  /** `tell` is called, in softirq context, when the loss of the signal takes effect. */
  constructor(cpu: Cpu, tell: () => void) {
    this.#timer = new WheelTimer(cpu, this);
    this.#tell = tell;
  }

  /** Whether the host takes the signal to be there. */
  get seen(): boolean {
    return this.present || this.#timer.armed;
  }

  /** The signal is there, or not; when it comes back in time, nobody hears that it was away. */
  update(present: boolean): void {
    if (present) this.#timer.stop();
    else if (this.present) this.#timer.armJiffies(HZ);
    this.present = present;
  }

  /** What was to be told is known already: the device itself goes up or down. */
  forget(): void {
    this.#timer.stop();
  }

  expired(): void {
    this.#tell();
  }
}

/**
 * Programs on the emulated hosts. A program is a generator that yields what it waits for, so its
 * code reads from top to bottom like a real program's and needs no Promise. A blocked process is
 * woken through the wait queues that it blocks on and runs one scheduling latency later.
 *
 * Kernel: kernel/sched/wait.c, fs/select.c (poll), 6.18.
 */
import type { Ns } from "../base/units.ts";
import type { Cpu } from "./cpu.ts";
import { SimEvent } from "./scheduler.ts";

/** A list of processes that wait for one thing: data, room, a child, a signal. */
export class WaitQueue {
  readonly #waiters: Process[] = [];

  /** Makes all who wait here runnable. */
  wake(): void {
    while (this.#waiters.length > 0) this.#waiters[0]?.wakeFrom();
  }

  /** Used by `Process` alone. */
  add(process: Process): void {
    this.#waiters.push(process);
  }

  /** Used by `Process` alone. */
  remove(process: Process): void {
    const index = this.#waiters.indexOf(process);
    if (index !== -1) this.#waiters.splice(index, 1);
  }
}

/** What a program yields: the queues that may wake it, and the time at which it gives up. */
export interface Wait {
  readonly queues: readonly WaitQueue[];
  /** From now, in ns; Infinity for none. */
  readonly timeoutNs: Ns;
}

/** A program: yields waits, is resumed with true if it was woken and false after the timeout. */
export type Program<R = void> = Generator<Wait, R, boolean>;

/** Waits for `duration` ns. */
export function sleep(duration: Ns): Wait {
  return { queues: [], timeoutNs: duration };
}

/** Waits until one of the queues is woken, or for `timeoutNs`. */
export function waitFor(
  queues: readonly WaitQueue[],
  timeoutNs: Ns = Number.POSITIVE_INFINITY,
): Wait {
  return { queues, timeoutNs };
}

const NO_QUEUES: readonly WaitQueue[] = [];

/** A running program. */
export class Process extends SimEvent {
  readonly name: string;
  readonly pid: number;
  /** Woken when the program has ended. */
  readonly exited = new WaitQueue();
  /** Exit status, or null while it runs. 128 + signal number after `kill`. */
  status: number | null = null;
  readonly #cpu: Cpu;
  readonly #program: Program<number>;
  #waiting = NO_QUEUES;
  #woken = false;

  /** Takes `program`, whose result is the exit status. It starts to run one wake-up later. */
  constructor(cpu: Cpu, pid: number, name: string, program: Program<number>) {
    super();
    this.#cpu = cpu;
    this.pid = pid;
    this.name = name;
    this.#program = program;
    this.wakeFrom();
  }

  /** Makes the process runnable; used by wait queues. */
  wakeFrom(): void {
    this.#leaveQueues();
    this.#woken = true;
    if (this.status === null) {
      this.#cpu.scheduler.schedule(this, this.#cpu.now + this.#cpu.costs.wakeupNs);
    }
  }

  /** Ends the program at once, through its `finally` blocks, as a fatal signal does. */
  kill(signal: number): void {
    if (this.status !== null) return;
    this.#leaveQueues();
    this.#cpu.scheduler.cancel(this);
    this.status = 128 + signal;
    this.#program.return(this.status);
    this.exited.wake();
  }

  override fire(): void {
    const woken = this.#woken;
    this.#leaveQueues();
    this.#woken = false;
    const result = this.#program.next(woken);
    if (result.done === true) {
      if (this.status === null) this.status = result.value;
      this.exited.wake();
      return;
    }
    this.#block(result.value);
  }

  #block(wait: Wait): void {
    this.#waiting = wait.queues;
    for (const queue of wait.queues) queue.add(this);
    if (wait.timeoutNs !== Number.POSITIVE_INFINITY) {
      this.#cpu.scheduler.schedule(this, this.#cpu.now + wait.timeoutNs);
    }
  }

  #leaveQueues(): void {
    for (const queue of this.#waiting) queue.remove(this);
    this.#waiting = NO_QUEUES;
  }
}

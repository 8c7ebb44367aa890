/** Lets a machine's time go by: until a command ends, for a while, one event at a time. */
import type { Ns } from "../base/units.ts";
import type { Machine } from "./build.ts";
import type { RunningCommand } from "./command.ts";

/** Told now and then how far a run is; may throw to end it. */
export type Progress = (now: Ns, eventsFired: number) => void;

/** A command that is waited for, and for how long at most. */
export interface Awaited {
  readonly command: RunningCommand;
  readonly timeoutNs: Ns;
}

/** Events between two calls of `Progress`: some milliseconds of work. */
const EVENTS_PER_REPORT = 8192;

/** Drives a machine. */
export class Clock {
  readonly #machine: Machine;
  readonly #progress: Progress | null;

  constructor(machine: Machine, progress: Progress | null = null) {
    this.#machine = machine;
    this.#progress = progress;
  }

  get now(): Ns {
    return this.#machine.scheduler.now;
  }

  /** Fires the next event. Returns false if nothing is ever going to happen. */
  step(): boolean {
    const { scheduler } = this.#machine;
    if (this.#progress !== null && scheduler.fired % EVENTS_PER_REPORT === 0) {
      this.#progress(scheduler.now, scheduler.fired);
    }
    return scheduler.step();
  }

  /** Lets `duration` ns pass. */
  wait(duration: Ns): void {
    this.runUntil(this.now + duration);
  }

  /** Fires all events up to and including `until`, and leaves the clock there. */
  runUntil(until: Ns): void {
    const { scheduler } = this.#machine;
    while (scheduler.nextTime <= until) this.step();
    scheduler.runUntil(until);
  }

  /** Lets time pass until all commands have ended; those that take too long are ended. */
  finish(commands: readonly Awaited[]): void {
    const { scheduler } = this.#machine;
    const begin = this.now;
    for (;;) {
      let deadline = Number.POSITIVE_INFINITY;
      for (const { command, timeoutNs } of commands) {
        if (command.status === null) deadline = Math.min(deadline, begin + timeoutNs);
      }
      if (deadline === Number.POSITIVE_INFINITY) return;
      if (scheduler.nextTime <= deadline) {
        this.step();
        continue;
      }
      scheduler.runUntil(deadline);
      for (const { command, timeoutNs } of commands) {
        if (begin + timeoutNs <= deadline) command.timeOut();
      }
    }
  }
}

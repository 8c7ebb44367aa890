/** kube-proxy's clock on the virtual time of a run. */
import type { Ns } from "../../base/units.ts";
import { type Scheduler, SimEvent } from "../../sim/scheduler.ts";
import type { ProxyClock, ProxyTimer } from "./node.ts";

/** A clock whose timers are events of `scheduler`, which is borrowed. */
export class SimClock implements ProxyClock {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  now(): Ns {
    return this.#scheduler.now;
  }

  timer(fire: () => void): ProxyTimer {
    return new SimTimer(this.#scheduler, fire);
  }
}

class SimTimer extends SimEvent implements ProxyTimer {
  readonly #scheduler: Scheduler;
  readonly #onFire: () => void;

  constructor(scheduler: Scheduler, onFire: () => void) {
    super();
    this.#scheduler = scheduler;
    this.#onFire = onFire;
  }

  arm(delayNs: Ns): void {
    this.#scheduler.schedule(this, this.#scheduler.now + Math.ceil(delayNs));
  }

  cancel(): void {
    this.#scheduler.cancel(this);
  }

  override fire(): void {
    this.#onFire();
  }
}

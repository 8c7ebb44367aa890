/**
 * The loop that all controllers share: a queue of keys in which a key stands once, workers that
 * sync one key each, and a growing wait before a key whose sync failed is tried again.
 *
 * Spec: client-go util/workqueue (rate limiting queue); kube-controller-manager --concurrent-*-syncs.
 */
import { Ring } from "../../base/ring.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { type Scheduler, SimEvent } from "../../sim/scheduler.ts";
import { ApiError } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import type { Informers } from "../informer.ts";
import type { Sync } from "./client.ts";

const WORKERS = 5;

/** How a controller runs. */
export interface ControllerOptions {
  /** From a key's arrival in the queue to the start of its sync. */
  readonly startNs: Ns;
  /** First and longest wait after a failure. */
  readonly backoffNs?: Ns;
  readonly maxBackoffNs?: Ns;
}

/** A queue of keys with its workers. */
export class WorkQueue {
  readonly #scheduler: Scheduler;
  readonly #options: ControllerOptions;
  readonly #sync: (key: string) => Sync;
  readonly #waiting = new Ring<string>();
  readonly #dirty = new Set<string>();
  readonly #running = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #later = new Map<string, Later>();

  constructor(scheduler: Scheduler, options: ControllerOptions, sync: (key: string) => Sync) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.#sync = sync;
  }

  /** Asks for a sync of `key`; one that waits already is enough. */
  add(key: string): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#running.has(key)) return;
    this.#waiting.push(key);
    this.#start();
  }

  /** The same after `delay` ns; of several the soonest counts. */
  addAfter(key: string, delay: Ns): void {
    const at = this.#scheduler.now + Math.max(0, Math.ceil(delay));
    let later = this.#later.get(key);
    if (later === undefined) {
      later = new Later(() => this.add(key));
      this.#later.set(key, later);
    } else if (later.queued && later.at <= at) return;
    later.at = at;
    this.#scheduler.schedule(later, at);
  }

  #start(): void {
    while (this.#running.size < WORKERS) {
      const key = this.#waiting.shift();
      if (key === null) return;
      this.#running.add(key);
      const worker = new Worker(
        this.#scheduler,
        () => this.#begin(key),
        (error) => this.#end(key, error),
      );
      this.#scheduler.schedule(worker, this.#scheduler.now + this.#options.startNs);
    }
  }

  #begin(key: string): Sync {
    this.#dirty.delete(key);
    return this.#sync(key);
  }

  #end(key: string, error: ApiError | null): void {
    this.#running.delete(key);
    if (this.#dirty.has(key)) this.#waiting.push(key);
    if (error === null) this.#failures.delete(key);
    else this.addAfter(key, this.#backoff(key));
    this.#start();
  }

  #backoff(key: string): Ns {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const first = this.#options.backoffNs ?? 5 * NS_PER_MS;
    return Math.min(
      first * 2 ** Math.min(failures, 40),
      this.#options.maxBackoffNs ?? 1000 * NS_PER_S,
    );
  }
}

/** One sync under way. */
class Worker extends SimEvent {
  readonly #scheduler: Scheduler;
  readonly #begin: () => Sync;
  readonly #end: (error: ApiError | null) => void;
  #work: Sync | null = null;

  constructor(scheduler: Scheduler, begin: () => Sync, end: (error: ApiError | null) => void) {
    super();
    this.#scheduler = scheduler;
    this.#begin = begin;
    this.#end = end;
  }

  override fire(): void {
    try {
      this.#work ??= this.#begin();
      const step = this.#work.next();
      if (step.done !== true) {
        this.#scheduler.schedule(this, this.#scheduler.now + step.value);
        return;
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#end(error);
      return;
    }
    this.#end(null);
  }
}

class Later extends SimEvent {
  at: Ns = 0;
  readonly #act: () => void;

  constructor(act: () => void) {
    super();
    this.#act = act;
  }

  override fire(): void {
    this.#act();
  }
}

/** Something done once at a time of its own; a reused event. */
export class Alarm extends SimEvent {
  readonly #scheduler: Scheduler;
  readonly #ring: () => void;

  constructor(scheduler: Scheduler, ring: () => void) {
    super();
    this.#scheduler = scheduler;
    this.#ring = ring;
  }

  /** Rings `delay` ns from now; an earlier setting is forgotten. */
  setIn(delay: Ns): void {
    this.#scheduler.schedule(this, this.#scheduler.now + delay);
  }

  override fire(): void {
    this.#ring();
  }
}

/** What every controller is made with. */
export interface ControllerContext {
  readonly scheduler: Scheduler;
  readonly informers: Informers;
  readonly server: ApiServer;
}

/**
 * Decides when a sync runs: soon after a request, not too often, again after a failure, and once
 * in a long while anyway. Requests that come while one is waiting are one request.
 *
 * Up to 1.33 a token bucket lets two syncs follow each other at once, then one every minimum
 * interval; from 1.34 there is a pause of the minimum interval after each run.
 *
 * Spec: Kubernetes pkg/util/async/bounded_frequency_runner.go (until 1.33),
 * pkg/proxy/runner/bounded_frequency_runner.go (from 1.34).
 */
import type { Ns } from "../../base/units.ts";
import type { ProxyClock, ProxyTimer } from "./node.ts";

/** How often a sync may and must run. */
export interface Pace {
  readonly kind: "burst" | "pause";
  /** Least time between runs; 0: no limit. */
  readonly minIntervalNs: Ns;
  /** Most time between runs. */
  readonly maxIntervalNs: Ns;
  /** After a failed run. */
  readonly retryNs: Ns;
}

const BURST = 2;

/** Runs one function at a pace. */
export class SyncRunner {
  readonly #clock: ProxyClock;
  readonly #pace: Pace;
  readonly #run: () => boolean;
  readonly #timer: ProxyTimer;
  #deadline = Number.POSITIVE_INFINITY;
  #tokens = BURST;
  #tokensAt: Ns;
  #lastRun = Number.NEGATIVE_INFINITY;

  /** `run` returns false if it failed. Nothing runs before the first request or `maxIntervalNs`. */
  constructor(clock: ProxyClock, pace: Pace, run: () => boolean) {
    this.#clock = clock;
    this.#pace = pace;
    this.#run = run;
    this.#tokensAt = clock.now();
    this.#timer = clock.timer(() => this.#due());
    this.#scheduleIn(pace.maxIntervalNs);
  }

  /** Asks for a run; it happens as an event of its own, never inside this call. */
  request(): void {
    const at = this.#clock.now() + this.#waitNs();
    if (at < this.#deadline) this.#scheduleIn(at - this.#clock.now());
  }

  /** Asks for a run after a failure outside of the runner. */
  retry(): void {
    const wait = Math.max(this.#pace.retryNs, this.#waitNs());
    if (this.#clock.now() + wait < this.#deadline) this.#scheduleIn(wait);
  }

  /** Ends all runs. */
  stop(): void {
    this.#timer.cancel();
    this.#deadline = Number.POSITIVE_INFINITY;
  }

  #due(): void {
    const wait = this.#waitNs();
    if (wait > 0) {
      this.#scheduleIn(wait);
      return;
    }
    this.#tokens -= 1;
    this.#deadline = Number.POSITIVE_INFINITY;
    const succeeded = this.#run();
    this.#lastRun = this.#clock.now();
    const next = succeeded
      ? this.#pace.maxIntervalNs
      : Math.min(this.#pace.retryNs, this.#pace.maxIntervalNs);
    if (this.#clock.now() + next < this.#deadline) this.#scheduleIn(next);
  }

  /** How long until a run is allowed. */
  #waitNs(): Ns {
    const { kind, minIntervalNs } = this.#pace;
    if (minIntervalNs === 0) return 0;
    const now = this.#clock.now();
    const pause = Math.max(0, this.#lastRun + minIntervalNs - now);
    if (kind === "pause") return pause;
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#tokensAt) / minIntervalNs);
    this.#tokensAt = now;
    return this.#tokens >= 1 ? 0 : pause;
  }

  #scheduleIn(delayNs: Ns): void {
    this.#deadline = this.#clock.now() + delayNs;
    this.#timer.arm(delayNs);
  }
}

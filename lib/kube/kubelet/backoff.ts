/**
 * How long a container waits before it starts again: longer after each time, until it has behaved
 * well for a while.
 *
 * Spec: client-go util/flowcontrol (Backoff), kubernetes kuberuntime doBackOff, v1.36.
 */
import type { Ns } from "../../base/units.ts";

interface Entry {
  readonly delayNs: Ns;
  readonly at: Ns;
}

/** The pause before a container is started again. */
export class Backoff {
  readonly #firstNs: Ns;
  readonly #maxNs: Ns;
  /** Made for the first failure. */
  #entries: Map<string, Entry> | null = null;

  constructor(first: Ns, max: Ns) {
    this.#firstNs = first;
    this.#maxNs = max;
  }

  /** The wait after what failed at `failedAt`, 0 if there is none. */
  delay(key: string, failedAt: Ns): Ns {
    const entry = this.#entries?.get(key);
    return entry === undefined || this.#hasExpired(entry, failedAt) ? 0 : entry.delayNs;
  }

  /** Another try is made now, at `now`. */
  next(key: string, failedAt: Ns, now: Ns): void {
    this.#entries ??= new Map();
    const entry = this.#entries.get(key);
    const delayNs =
      entry === undefined || this.#hasExpired(entry, failedAt)
        ? this.#firstNs
        : Math.min(2 * entry.delayNs, this.#maxNs);
    this.#entries.set(key, { delayNs, at: now });
  }

  #hasExpired(entry: Entry, failedAt: Ns): boolean {
    return failedAt - entry.at > 2 * this.#maxNs;
  }
}

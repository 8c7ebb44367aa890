/**
 * What endpoints say of Pods, read once: a Service with many Pods is looked at anew whenever one of
 * them changes, and all the others are as they were.
 */
import type { Pod, Service } from "../api/types.ts";
import { keyOf } from "../store.ts";

/** A Service's Pods by name when they were last asked for, and what was read of each. */
interface Kept<T> {
  readonly service: Service | null;
  readonly pods: readonly Pod[];
  readonly readings: readonly T[];
}

const NOTHING = { service: null, pods: [], readings: [] };

/**
 * What `read` makes of a Service and one of its Pods. Objects of the API are never changed, only
 * replaced, so it stays true, and the same object, for as long as both are the same objects.
 */
export class PodReadings<T> {
  readonly #read: (service: Service, pod: Pod) => T;
  /** By the Service's key. */
  readonly #kept = new Map<string, Kept<T>>();

  constructor(read: (service: Service, pod: Pod) => T) {
    this.#read = read;
  }

  /** What is read of each Pod. Pods are of the Service's namespace, by name. O(Pods). */
  of(service: Service, pods: readonly Pod[]): readonly T[] {
    const key = keyOf(service);
    const kept = this.#kept.get(key);
    const known = kept?.service === service ? kept : NOTHING;
    if (known.pods === pods) return known.readings;
    const readings = this.#next(known, service, pods);
    this.#kept.set(key, { service, pods, readings });
    return readings;
  }

  /** Both lists are by name, so they are walked side by side: no Pod is looked up. */
  #next(known: Kept<T>, service: Service, pods: readonly Pod[]): T[] {
    const readings: T[] = [];
    let at = 0;
    for (const pod of pods) {
      let old = known.pods[at];
      while (old !== undefined && old !== pod && old.metadata.name < pod.metadata.name) {
        at += 1;
        old = known.pods[at];
      }
      const reading = old === pod ? known.readings[at] : undefined;
      readings.push(reading ?? this.#read(service, pod));
    }
    return readings;
  }

  /** The Service has gone. */
  remove(key: string): void {
    this.#kept.delete(key);
  }

  /** Something else that `read` looks at has changed: all Pods are read anew. */
  forget(): void {
    this.#kept.clear();
  }
}

/**
 * The records, in place of those that were `written` already what the API has `stored` for them,
 * item for item: what is its very own it need neither check nor copy.
 */
export function asStored<T>(
  records: readonly T[],
  written: readonly T[],
  stored: readonly T[],
): readonly T[] {
  const own = new Map<T, T>();
  for (const [index, record] of written.entries()) own.set(record, stored[index] ?? record);
  return records.map((record) => own.get(record) ?? record);
}

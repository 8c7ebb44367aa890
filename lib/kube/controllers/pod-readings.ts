/**
 * What endpoints say of Pods, read once: a Service with many Pods is looked at anew whenever one of
 * them changes, and all the others are as they were.
 */
import type { Pod, Service } from "../api/types.ts";

/**
 * What `read` makes of a Service and one of its Pods. Objects of the API are never changed, only
 * replaced, so it stays true, and the same object, for as long as both are the same objects.
 */
export class PodReadings<T> {
  readonly #read: (service: Service, pod: Pod) => T;
  #known = new WeakMap<Service, WeakMap<Pod, T>>();

  constructor(read: (service: Service, pod: Pod) => T) {
    this.#read = read;
  }

  /** What is read of each Pod, in their order. */
  of(service: Service, pods: readonly Pod[]): T[] {
    let known = this.#known.get(service);
    if (known === undefined) {
      known = new WeakMap();
      this.#known.set(service, known);
    }
    const readings: T[] = [];
    for (const pod of pods) {
      let reading = known.get(pod);
      if (reading === undefined) {
        reading = this.#read(service, pod);
        known.set(pod, reading);
      }
      readings.push(reading);
    }
    return readings;
  }

  /** Something else that `read` looks at has changed: all Pods are read anew. */
  forget(): void {
    this.#known = new WeakMap();
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

/** Objects by key, which are listed in the order of their keys without sorting them each time. */
import type { ApiObject } from "./api/types.ts";
import { compareNames } from "./objects.ts";

/** Objects by key. */
export class ObjectTable {
  readonly #objects = new Map<string, ApiObject>();
  /** The keys in order; null after one has come or gone. */
  #keys: string[] | null = [];
  /** What `list` said last; null after any change. */
  #list: readonly ApiObject[] | null = [];

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): ApiObject | null {
    return this.#objects.get(key) ?? null;
  }

  set(key: string, object: ApiObject): void {
    const { size } = this.#objects;
    this.#objects.set(key, object);
    if (this.#objects.size !== size) this.#keys = null;
    this.#list = null;
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return;
    this.#keys = null;
    this.#list = null;
  }

  /** All objects, in no order in particular. */
  values(): Iterable<ApiObject> {
    return this.#objects.values();
  }

  /**
   * All objects by key: the same list until something changes; then O(n), and O(n log n) if one has
   * come or gone.
   */
  list(): readonly ApiObject[] {
    if (this.#list !== null) return this.#list;
    this.#keys ??= [...this.#objects.keys()].sort(compareNames);
    const objects: ApiObject[] = [];
    for (const key of this.#keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) objects.push(object);
    }
    this.#list = objects;
    return objects;
  }
}

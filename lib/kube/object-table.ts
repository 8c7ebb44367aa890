/** Objects by key, which are listed in the order of their keys without sorting them each time. */
import type { ApiObject } from "./api/types.ts";
import { compareNames } from "./objects.ts";

/** An object under its key: the next version takes its place without another look-up. */
interface Entry {
  readonly key: string;
  object: ApiObject;
}

/** Objects by key. */
export class ObjectTable {
  readonly #entries = new Map<string, Entry>();
  /** The entries in the order of their keys; null after one has come or gone. */
  #order: Entry[] | null = [];
  /** What `list` said last; null after any change. */
  #list: readonly ApiObject[] | null = [];

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): ApiObject | null {
    return this.#entries.get(key)?.object ?? null;
  }

  /** Puts an object in the place of the one that is returned; null: it is new. */
  set(key: string, object: ApiObject): ApiObject | null {
    this.#list = null;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { key, object });
      this.#order = null;
      return null;
    }
    const previous = entry.object;
    entry.object = object;
    return previous;
  }

  /** Takes out the object that is returned; null if there is none. */
  delete(key: string): ApiObject | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    this.#order = null;
    this.#list = null;
    return entry.object;
  }

  /** All objects, in no order in particular. */
  *values(): Iterable<ApiObject> {
    for (const { object } of this.#entries.values()) yield object;
  }

  /**
   * All objects by key: the same list until something changes; then O(n), and O(n log n) if one has
   * come or gone.
   */
  list(): readonly ApiObject[] {
    if (this.#list !== null) return this.#list;
    this.#order ??= [...this.#entries.values()].sort((a, b) => compareNames(a.key, b.key));
    this.#list = this.#order.map(({ object }) => object);
    return this.#list;
  }
}

/**
 * Objects by values that are read in them: Pods by a label, Services by what they select. Looking
 * up a value costs as much as there is found, not as there is.
 *
 * Spec: client-go tools/cache (Indexer).
 */
import type { ApiObject } from "./api/types.ts";
import { ObjectTable } from "./object-table.ts";
import { keyOf } from "./store.ts";

/** Objects, found by the values that `valuesOf` reads in them. */
export class ObjectIndex<T extends ApiObject = ApiObject> {
  /** What an object is found by. */
  readonly valuesOf: (object: T) => readonly string[];
  readonly #tables = new Map<string, ObjectTable>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.valuesOf = valuesOf;
  }

  /** The objects that have the value, by key. */
  list(value: string): readonly T[] {
    return (this.#tables.get(value)?.list() ?? NOTHING) as readonly T[];
  }

  /** The same, in no order in particular. */
  values(value: string): Iterable<T> {
    return (this.#tables.get(value)?.values() ?? NOTHING) as Iterable<T>;
  }

  /** The next version of an object; null: there was or is none. `known` is its key, if it is known. */
  replace(previous: T | null, current: T | null, known: string | null = null): void {
    const one = current ?? previous;
    if (one === null) return;
    const key = known ?? keyOf(one);
    const before = previous === null ? NO_VALUES : this.valuesOf(previous);
    const after = current === null ? NO_VALUES : this.valuesOf(current);
    if (before.length === 0 && after.length === 0) return;
    if (before !== after) {
      for (const value of before) if (!after.includes(value)) this.#remove(value, key);
    }
    if (current === null) return;
    for (const value of after) {
      let table = this.#tables.get(value);
      if (table === undefined) {
        table = new ObjectTable();
        this.#tables.set(value, table);
      }
      table.set(key, current);
    }
  }

  #remove(value: string, key: string): void {
    const table = this.#tables.get(value);
    table?.delete(key);
    if (table?.size === 0) this.#tables.delete(value);
  }
}

const NO_VALUES: readonly string[] = [];
const NOTHING: readonly ApiObject[] = [];

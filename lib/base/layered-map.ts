/** Two maps seen as one, so that a large one with few additions need not be copied. */

/** Entries of `lower`, with values of `upper` where it has them, then the others of `upper`. */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly #lower: ReadonlyMap<K, V>;
  readonly #upper: ReadonlyMap<K, V>;

  /** Borrows both; what changes in them changes here. */
  constructor(lower: ReadonlyMap<K, V>, upper: ReadonlyMap<K, V>) {
    this.#lower = lower;
    this.#upper = upper;
  }

  /** O(size of `upper`). */
  get size(): number {
    let size = this.#lower.size;
    for (const key of this.#upper.keys()) if (!this.#lower.has(key)) size += 1;
    return size;
  }

  get(key: K): V | undefined {
    return this.#upper.has(key) ? this.#upper.get(key) : this.#lower.get(key);
  }

  has(key: K): boolean {
    return this.#upper.has(key) || this.#lower.has(key);
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#lower) {
      const above = this.#upper.has(key) ? this.#upper.get(key) : undefined;
      yield [key, above ?? value];
    }
    for (const entry of this.#upper) if (!this.#lower.has(entry[0])) yield entry;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

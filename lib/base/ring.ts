/**
 * A first-in first-out queue over one array, used by every queue of the emulator. It doubles when
 * it is full, so the bound of a queue is its owner's business, with the owner's drop reason.
 */

/** A queue of `T`. Amortised O(1); allocates when the first item comes, and when it grows. */
export class Ring<T> {
  #slots: (T | null)[] = [];
  #mask = -1;
  #head = 0;
  #length = 0;
  readonly #capacity: number;

  /** It grows when it is to hold more than `capacity`. */
  constructor(capacity = 16) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#length) & this.#mask] = item;
    this.#length += 1;
  }

  /** Takes the oldest item, or null. */
  shift(): T | null {
    if (this.#length === 0) return null;
    const item = this.#slots[this.#head] ?? null;
    this.#slots[this.#head] = null;
    this.#head = (this.#head + 1) & this.#mask;
    this.#length -= 1;
    return item;
  }

  /** The item at `index` from the oldest, or null. */
  peek(index = 0): T | null {
    return index < this.#length ? (this.#slots[(this.#head + index) & this.#mask] ?? null) : null;
  }

  #grow(): void {
    let size = 2;
    while (size < this.#capacity || size <= this.#length) size *= 2;
    const grown = new Array<T | null>(size).fill(null);
    for (let index = 0; index < this.#length; index += 1) grown[index] = this.peek(index);
    this.#slots = grown;
    this.#mask = size - 1;
    this.#head = 0;
  }
}

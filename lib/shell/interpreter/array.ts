/**
 * An array of bash: by numbers, or by any text.
 *
 * Spec: bash(1) 5.2, Arrays.
 */

/** Elements by key. */
export class ShellArray {
  readonly isAssociative: boolean;
  readonly #elements = new Map<string, string>();

  constructor(isAssociative: boolean, values: readonly string[] = []) {
    this.isAssociative = isAssociative;
    for (const [index, value] of values.entries()) this.#elements.set(String(index), value);
  }

  get(key: string): string | null {
    return this.#elements.get(key) ?? null;
  }

  set(key: string, value: string): void {
    this.#elements.set(key, value);
  }

  delete(key: string): void {
    this.#elements.delete(key);
  }

  /** Adds a value behind the last one. */
  push(value: string): void {
    this.set(String(Number(this.keys().at(-1) ?? -1) + 1), value);
  }

  /** Numbers in their order, texts in that in which they came. */
  keys(): string[] {
    const keys = [...this.#elements.keys()];
    return this.isAssociative ? keys : keys.sort((a, b) => Number(a) - Number(b));
  }

  /** The values in the order of the keys. */
  values(): string[] {
    return this.keys().map((key) => this.#elements.get(key) ?? "");
  }

  copy(): ShellArray {
    const copy = new ShellArray(this.isAssociative);
    for (const [key, value] of this.#elements) copy.set(key, value);
    return copy;
  }
}

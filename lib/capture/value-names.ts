/**
 * Names for values that differ from run to run: the same value of a kind has the same name in the
 * whole run, and names are counted in order of appearance.
 */

/** Gives a value of a kind its name, `port1`. */
export type Namer = (kind: string, value: string) => string;

/** The names of a run. */
export class ValueNames {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** The name of a value. */
  readonly of: Namer = (kind, value) => {
    const key = `${kind} ${value}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const name = `${kind}${count}`;
    this.#names.set(key, name);
    return name;
  };
}

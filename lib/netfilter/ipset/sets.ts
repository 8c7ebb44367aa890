/**
 * The sets of a host by name.
 *
 * Kernel: net/netfilter/ipset/ip_set_core.c (ip_set_create, ip_set_destroy, ip_set_rename), 6.18.
 */
import { DEFAULT_SET_OPTIONS, type SetType } from "./element.ts";
import { IpSet, type SetClock } from "./set.ts";

/** All sets of a host. */
export class IpSets {
  /** By index; a new set takes the first free place. */
  readonly #places: (IpSet | null)[] = [];
  readonly #clock: SetClock;

  constructor(clock: SetClock) {
    this.#clock = clock;
  }

  get(name: string): IpSet | undefined {
    return this.#places.find((set) => set?.name === name) ?? undefined;
  }

  /** Makes a set; undefined if the name is taken. */
  create(
    name: string,
    type: SetType,
    counters = false,
    options = DEFAULT_SET_OPTIONS,
  ): IpSet | undefined {
    if (this.get(name) !== undefined) return undefined;
    const set = new IpSet(this.#clock, name, type, counters, options);
    const free = this.#places.indexOf(null);
    if (free === -1) this.#places.push(set);
    else this.#places[free] = set;
    return set;
  }

  /** Destroys a set; false if it is not there or in use. */
  destroy(name: string): boolean {
    const index = this.#places.findIndex((set) => set?.name === name);
    if (index === -1 || this.#places[index]?.references !== 0) return false;
    this.#places[index] = null;
    return true;
  }

  /** Gives a set another name, which must be free. */
  rename(set: IpSet, name: string): void {
    set.name = name;
  }

  /** In the order of their places. */
  list(): IpSet[] {
    return this.#places.filter((set) => set !== null);
  }
}

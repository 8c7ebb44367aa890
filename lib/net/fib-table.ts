/**
 * One routing table: longest prefix match, then TOS, then metric. Entries are kept by prefix length
 * in hash maps; a look-up tries only the lengths that occur, longest first.
 *
 * Kernel: net/ipv4/fib_trie.c (fib_table_lookup, fib_table_insert), 6.18.
 * Differs: the kernel's trie finds the same entry in other steps; look-ups that miss the route
 * cache cost one hash probe for each prefix length in use.
 */
import { EACCES, EAGAIN, EEXIST, EHOSTUNREACH, EINVAL, ENOENT, ESRCH } from "../base/errno.ts";
import { networkOf } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { FibEntry, FibResult, Nexthop } from "./fib-info.ts";
import type { Flow } from "./inet.ts";

/** Numbers of the tables that exist on every host. */
export const Table = { UNSPEC: 0, DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;

/** How `ip route` adds: `add`, `append`, `prepend`, `replace`, `change`. */
export type InsertMode = "add" | "append" | "prepend" | "replace" | "change";

/** Whether next hops without carrier are passed over. */
export type LinkdownPolicy = (nexthop: Nexthop) => boolean;

/** They are not. */
export const TAKE_LINKDOWN: LinkdownPolicy = () => false;

/** The errno that a type of route ends a look-up with, or 0 (`fib_props`). */
function errorOfType(type: AddressType): number {
  switch (type) {
    case AddressType.BLACKHOLE:
      return EINVAL;
    case AddressType.UNREACHABLE:
      return EHOSTUNREACH;
    case AddressType.PROHIBIT:
      return EACCES;
    case AddressType.THROW:
      return EAGAIN;
    default:
      return 0;
  }
}

/** The entries of one prefix length, by address. */
interface PrefixLength {
  readonly length: number;
  readonly entries: Map<number, FibEntry[]>;
}

/** A table. */
export class FibTable {
  readonly id: number;
  /** Those in use, longest first. */
  #lengths: readonly PrefixLength[] = [];

  constructor(id: number) {
    this.id = id;
  }

  get empty(): boolean {
    return this.#lengths.length === 0;
  }

  /**
   * Finds the best entry for `destination`; fills `result` and returns 0, or returns a negative
   * errno: EAGAIN when the table knows nothing and the next rule decides.
   */
  lookup(destination: number, flow: Flow, skips: LinkdownPolicy, result: FibResult): number {
    for (let index = 0; index < this.#lengths.length; index += 1) {
      const prefix = this.#lengths[index];
      const entries = prefix?.entries.get(networkOf(destination, prefix.length));
      if (entries === undefined) continue;
      for (let at = 0; at < entries.length; at += 1) {
        const entry = entries[at];
        if (entry === undefined) continue;
        if (entry.tos !== 0 && entry.tos !== (flow.tos & 0xfc)) continue;
        if (entry.info.scope < flow.scope) continue;
        const error = errorOfType(entry.type);
        if (error !== 0) {
          result.entry = entry;
          return -error;
        }
        const nexthop = usable(entry, flow, skips);
        if (nexthop === null) continue;
        result.entry = entry;
        result.nexthop = nexthop;
        return 0;
      }
    }
    return -EAGAIN;
  }

  /** Adds an entry in the order of TOS and metric; 0 or a negative errno. */
  insert(entry: FibEntry, mode: InsertMode): number {
    const bucket = this.#bucket(entry.destination, entry.prefixLength);
    if (bucket === null) {
      if (mode === "change") return -ENOENT;
      this.#begin(entry);
      return 0;
    }
    const same = (other: FibEntry): boolean =>
      other.tos === entry.tos && other.info.priority === entry.info.priority;
    const first = bucket.findIndex(same);
    if (first === -1) {
      if (mode === "change") return -ENOENT;
      const behind = bucket.findIndex(
        (other) =>
          other.tos < entry.tos ||
          (other.tos === entry.tos && other.info.priority > entry.info.priority),
      );
      bucket.splice(behind === -1 ? bucket.length : behind, 0, entry);
      return 0;
    }
    if (mode === "add") return -EEXIST;
    if (mode === "replace" || mode === "change") {
      release(bucket[first]);
      bucket[first] = entry;
      return 0;
    }
    if (bucket.some((other) => same(other) && isSameRoute(other, entry))) return -EEXIST;
    const last = bucket.findLastIndex(same);
    bucket.splice(mode === "prepend" ? first : last + 1, 0, entry);
    return 0;
  }

  /** Removes the first entry of that prefix for which `matches` holds; 0 or -ESRCH. */
  remove(destination: number, prefixLength: number, matches: (entry: FibEntry) => boolean): number {
    const bucket = this.#bucket(destination, prefixLength) ?? [];
    const index = bucket.findIndex(matches);
    if (index === -1) return -ESRCH;
    release(bucket[index]);
    bucket.splice(index, 1);
    this.#forgetEmpty(prefixLength, destination);
    return 0;
  }

  /** Removes all entries for which `matches` holds; returns how many. */
  removeAll(matches: (entry: FibEntry) => boolean): number {
    let count = 0;
    for (const entry of this.entries()) {
      if (!matches(entry)) continue;
      this.remove(entry.destination, entry.prefixLength, (other) => other === entry);
      count += 1;
    }
    return count;
  }

  /** Visits all entries, in no order in particular; they stay as they are meanwhile. */
  each(visit: (entry: FibEntry) => void): void {
    for (const { entries } of this.#lengths) {
      for (const bucket of entries.values()) {
        for (let index = 0; index < bucket.length; index += 1) {
          const entry = bucket[index];
          if (entry !== undefined) visit(entry);
        }
      }
    }
  }

  /** All entries in the order of `ip route show`: by address, then longer prefixes first. */
  entries(): FibEntry[] {
    const all: FibEntry[] = [];
    this.each((entry) => all.push(entry));
    return all.sort(
      (a, b) => (a.destination >>> 0) - (b.destination >>> 0) || b.prefixLength - a.prefixLength,
    );
  }

  #prefix(length: number): PrefixLength | undefined {
    return this.#lengths.find((prefix) => prefix.length === length);
  }

  /** The entries of a prefix; null: there are none. */
  #bucket(destination: number, prefixLength: number): FibEntry[] | null {
    return this.#prefix(prefixLength)?.entries.get(destination) ?? null;
  }

  #begin(entry: FibEntry): void {
    let prefix = this.#prefix(entry.prefixLength);
    if (prefix === undefined) {
      prefix = { length: entry.prefixLength, entries: new Map() };
      this.#lengths = [...this.#lengths, prefix].sort((a, b) => b.length - a.length);
    }
    prefix.entries.set(entry.destination, [entry]);
  }

  #forgetEmpty(length: number, destination: number): void {
    const entries = this.#prefix(length)?.entries;
    if (entries?.get(destination)?.length !== 0) return;
    entries.delete(destination);
    if (entries.size === 0) this.#lengths = this.#lengths.filter((each) => each.length !== length);
  }
}

function usable(entry: FibEntry, flow: Flow, skips: LinkdownPolicy): Nexthop | null {
  const { nexthops } = entry.info;
  for (let index = 0; index < nexthops.length; index += 1) {
    const nexthop = nexthops[index];
    if (nexthop === undefined || nexthop.dead || skips(nexthop)) continue;
    if (flow.outputIndex !== 0 && nexthop.device?.index !== flow.outputIndex) continue;
    return nexthop;
  }
  return null;
}

function isSameRoute(a: FibEntry, b: FibEntry): boolean {
  const one = a.info.nexthops;
  const other = b.info.nexthops;
  return (
    a.type === b.type &&
    a.info.prefSource === b.info.prefSource &&
    a.info.scope === b.info.scope &&
    one.length === other.length &&
    one.every((nexthop, index) => {
      const against = other[index];
      return nexthop.device === against?.device && nexthop.gateway === against?.gateway;
    })
  );
}

/** An entry leaves the table (`free_fib_info`). */
function release(entry: FibEntry | undefined): void {
  for (const nexthop of entry?.info.nexthops ?? []) nexthop.released = true;
}

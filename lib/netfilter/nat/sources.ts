/**
 * Connections by their source, so that one source keeps one translation whatever it talks to, where
 * that is possible.
 *
 * Kernel: net/netfilter/nf_nat_core.c (nf_nat_bysource, find_appropriate_src), 6.18.
 */
import type { Connection } from "../conntrack/connection.ts";
import { Direction } from "../conntrack/connection.ts";
import { Tuple } from "../conntrack/tuple.ts";
import { inRange } from "./allocate.ts";
import type { NatRange } from "./range.ts";

const FIRST_BUCKETS = 256;

/** The index of a host; chains are linked through the connections themselves. */
export class SourceIndex {
  /** Made when the first connection comes: most hosts of a large cluster never have one. */
  #buckets: (Connection | null)[] = [];
  #count = 0;
  readonly #mapped = new Tuple();

  /** Takes a connection in, before the others of its bucket. */
  add(connection: Connection): void {
    if (this.#count >= this.#buckets.length) this.#grow();
    this.#link(connection);
    this.#count += 1;
  }

  /** Takes it out, if it is there. */
  remove(connection: Connection): void {
    const bucket = this.#bucketOf(connection);
    let before: Connection | null = null;
    for (
      let other = this.#buckets[bucket] ?? null;
      other !== null;
      before = other, other = other.nextBySource
    ) {
      if (other !== connection) continue;
      if (before === null) this.#buckets[bucket] = connection.nextBySource;
      else before.nextBySource = connection.nextBySource;
      connection.nextBySource = null;
      this.#count -= 1;
      return;
    }
  }

  /** A translation that the source of `current` already has and that the range allows. */
  findMapping(connection: Connection, current: Tuple, result: Tuple, range: NatRange): boolean {
    const zone = connection.zoneOf(Direction.ORIGINAL);
    let other = this.#buckets[this.#hash(current, zone)] ?? null;
    for (; other !== null; other = other.nextBySource) {
      const { original } = other;
      if (
        original.protocol !== current.protocol ||
        original.source !== current.source ||
        original.ports >>> 16 !== current.ports >>> 16 ||
        other.zoneOf(Direction.ORIGINAL) !== zone
      ) {
        continue;
      }
      const mapped = this.#mapped;
      mapped.invert(other.reply);
      result.set(
        mapped.source,
        current.destination,
        (mapped.ports & ~0xffff) | (current.ports & 0xffff),
        current.protocol,
      );
      if (inRange(result, range)) return true;
    }
    return false;
  }

  #link(connection: Connection): void {
    const bucket = this.#bucketOf(connection);
    connection.nextBySource = this.#buckets[bucket] ?? null;
    this.#buckets[bucket] = connection;
  }

  #bucketOf(connection: Connection): number {
    return this.#hash(connection.original, connection.zoneOf(Direction.ORIGINAL));
  }

  #hash(tuple: Tuple, zone: number): number {
    let hash = Math.imul(tuple.source ^ zone, 0x85ebca6b | 0) + (tuple.ports >>> 16);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0) + tuple.protocol;
    return (hash ^ (hash >>> 16)) & (this.#buckets.length - 1);
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array(Math.max(FIRST_BUCKETS, old.length * 4)).fill(null);
    // Oldest first within a chain, so that the newest again come first.
    const chain: Connection[] = [];
    for (let bucket = 0; bucket < old.length; bucket += 1) {
      for (let other = old[bucket] ?? null; other !== null; other = other.nextBySource) {
        chain.push(other);
      }
      for (let entry = chain.pop(); entry !== undefined; entry = chain.pop()) this.#link(entry);
    }
  }
}

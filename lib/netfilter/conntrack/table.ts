/**
 * The hash table of connections: open addressing with linear probing in typed arrays. Each
 * connection stands in it twice, once for each direction. A slot holds
 * `index << 1 | direction`, plus 1; beside it stands the full hash, so that a miss rarely touches a
 * connection, and growing and deleting need no tuple.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (__nf_conntrack_find_get, nf_conntrack_hash_insert),
 * 6.18; the layout is vethwork's own.
 */
import { assert } from "../../base/assert.ts";
import { type Connection, Direction } from "./connection.ts";
import type { Tuple } from "./tuple.ts";

const INITIAL_SLOTS = 1024;

/** All confirmed connections of a host. */
export class ConnectionTable {
  #slots = new Int32Array(INITIAL_SLOTS);
  #hashes = new Int32Array(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  #used = 0;
  /** By index; freed places hold null and are in `#freeIndexes`. */
  readonly #connections: (Connection | null)[] = [];
  readonly #freeIndexes: number[] = [];
  /** The direction that the last successful `find` found. */
  foundDirection: Direction = Direction.ORIGINAL;

  /** How many connections there are. */
  get size(): number {
    return this.#used >>> 1;
  }

  /** Positions for `at`: all are below it. */
  get places(): number {
    return this.#connections.length;
  }

  /** The connection at a position, or null. */
  at(index: number): Connection | null {
    return this.#connections[index] ?? null;
  }

  /**
   * The connection one of whose tuples is `tuple` in `zone`, or null; says in `foundDirection`
   * which one. `directions`: of which tuples, bit 0 original, bit 1 reply. O(1). @hot
   */
  find(tuple: Tuple, zone: number, directions = 3): Connection | null {
    const hash = hashOf(tuple, zone);
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot] ?? 0;
      if (value === 0) return null;
      if (hashes[slot] !== hash) continue;
      const connection = this.#connections[(value - 1) >>> 1] ?? null;
      if (connection === null) continue;
      const direction = ((value - 1) & 1) as Direction;
      if (((directions >> direction) & 1) === 0) continue;
      if (connection.tuple(direction).equals(tuple) && connection.zoneOf(direction) === zone) {
        this.foundDirection = direction;
        return connection;
      }
    }
  }

  /** Puts a connection in under both tuples. The caller has checked that neither is taken. */
  add(connection: Connection): void {
    assert(connection.slot === -1, "a connection is added twice");
    if ((this.#used + 2) * 2 > this.#slots.length) this.#grow();
    const index = this.#freeIndexes.pop() ?? this.#connections.length;
    this.#connections[index] = connection;
    connection.slot = index;
    // A host that speaks to itself has one tuple for both: the kernel takes it for the reply.
    this.#insert(hashOf(connection.reply, connection.zoneOf(Direction.REPLY)), (index << 1) | 1);
    this.#insert(hashOf(connection.original, connection.zoneOf(Direction.ORIGINAL)), index << 1);
  }

  /** Takes a connection out. */
  remove(connection: Connection): void {
    const index = connection.slot;
    assert(index !== -1, "a connection is removed twice");
    this.#delete(hashOf(connection.original, connection.zoneOf(Direction.ORIGINAL)), index << 1);
    this.#delete(hashOf(connection.reply, connection.zoneOf(Direction.REPLY)), (index << 1) | 1);
    this.#connections[index] = null;
    this.#freeIndexes.push(index);
    connection.slot = -1;
  }

  /** All connections in the order in which they were made. */
  sorted(): Connection[] {
    const all = this.#connections.filter((connection) => connection !== null);
    return all.sort((a, b) => a.id - b.id);
  }

  #insert(hash: number, entry: number): void {
    const mask = this.#mask;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
    this.#hashes[slot] = hash;
    this.#used += 1;
  }

  /** Removes one slot and moves later ones of its run up (Knuth 6.4, algorithm R). */
  #delete(hash: number, entry: number): void {
    const mask = this.#mask;
    const slots = this.#slots;
    const hashes = this.#hashes;
    let hole = hash & mask;
    while (slots[hole] !== entry + 1) {
      assert(slots[hole] !== 0, "a connection is not in its table");
      hole = (hole + 1) & mask;
    }
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (hashes[slot] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot] ?? 0;
      hashes[hole] = hashes[slot] ?? 0;
      hole = slot;
    }
    slots[hole] = 0;
    this.#used -= 1;
  }

  #grow(): void {
    const oldSlots = this.#slots;
    const oldHashes = this.#hashes;
    this.#slots = new Int32Array(oldSlots.length * 2);
    this.#hashes = new Int32Array(oldSlots.length * 2);
    this.#mask = this.#slots.length - 1;
    this.#used = 0;
    for (let slot = 0; slot < oldSlots.length; slot += 1) {
      const value = oldSlots[slot] ?? 0;
      if (value !== 0) this.#insert(oldHashes[slot] ?? 0, value - 1);
    }
  }
}

/** Hash of a tuple in a zone: the mixing of murmur3's finaliser over its four words. @hot */
function hashOf(tuple: Tuple, zone: number): number {
  let hash = Math.imul(tuple.source ^ Math.imul(zone, 0x27d4eb2f), 0xcc9e2d51 | 0);
  hash = Math.imul((hash ^ (hash >>> 15)) + tuple.destination, 0x1b873593);
  hash = Math.imul((hash ^ (hash >>> 13)) + tuple.ports, 0x85ebca6b | 0);
  hash = Math.imul((hash ^ (hash >>> 16)) + tuple.protocol, 0xc2b2ae35 | 0);
  return hash ^ (hash >>> 16);
}

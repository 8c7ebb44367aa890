/**
 * The hash table of connections: open addressing with linear probing in typed arrays. Each
 * connection stands in it twice, once for each direction. Look-ups among a million connections wait
 * for memory and hardly for anything else, so what one needs lies together: a slot is two words, the
 * full hash and `index << 1 | direction`, plus 1; and the tuples, in which it is checked that the
 * right one was found, are kept a second time in an array of their own.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (__nf_conntrack_find_get, nf_conntrack_hash_insert),
 * 6.18; the layout is vethwork's own.
 */
import { assert } from "../../base/assert.ts";
import { type Connection, Direction } from "./connection.ts";
import type { Tuple } from "./tuple.ts";

/** Few, for most hosts of a cluster are Pods. */
const INITIAL_SLOTS = 64;
/** Words of a slot: the hash, and what stands there. */
const SLOT_WORDS = 2;
/** Words of a key: source, destination, ports, and the zone above the protocol. */
const KEY_WORDS = 4;
/** Both keys of a connection. */
const KEYS_WORDS = 2 * KEY_WORDS;

/** All confirmed connections of a host. */
export class ConnectionTable {
  #slots = new Int32Array(INITIAL_SLOTS * SLOT_WORDS);
  /** By index and direction; grows with `#connections`. */
  #keys = new Int32Array((INITIAL_SLOTS / 2) * KEYS_WORDS);
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
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot * SLOT_WORDS + 1] ?? 0;
      if (value === 0) return null;
      const direction = ((value - 1) & 1) as Direction;
      if (
        slots[slot * SLOT_WORDS] === hash &&
        ((directions >> direction) & 1) !== 0 &&
        this.#hasKey(value - 1, tuple, zone)
      ) {
        this.foundDirection = direction;
        return this.#connections[(value - 1) >>> 1] ?? null;
      }
    }
  }

  /** Whether the entry `index << 1 | direction` is of that tuple. @hot */
  #hasKey(entry: number, tuple: Tuple, zone: number): boolean {
    const keys = this.#keys;
    const at = entry * KEY_WORDS;
    return (
      keys[at] === tuple.source &&
      keys[at + 1] === tuple.destination &&
      keys[at + 2] === tuple.ports &&
      keys[at + 3] === ((zone << 8) | tuple.protocol)
    );
  }

  /** Puts a connection in under both tuples. The caller has checked that neither is taken. */
  add(connection: Connection): void {
    assert(connection.slot === -1, "a connection is added twice");
    if ((this.#used + 2) * 2 > this.#mask + 1) this.#grow();
    const index = this.#freeIndexes.pop() ?? this.#connections.length;
    this.#connections[index] = connection;
    connection.slot = index;
    // A host that speaks to itself has one tuple for both: the kernel takes it for the reply.
    this.#addKey(connection, index, Direction.ORIGINAL);
    this.#addKey(connection, index, Direction.REPLY);
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

  /**
   * The connections in the bucket `step` behind that of a tuple in zone 0, if the table had so many
   * buckets, a power of two. O(1).
   */
  inBucket(tuple: Tuple, step: number, buckets: number): Connection[] {
    const mask = this.#mask;
    const bucket = (hashOf(tuple, 0) + step) & (buckets - 1);
    const found: Connection[] = [];
    for (let home = bucket & mask; home <= mask; home += buckets) {
      for (let slot = home; ; slot = (slot + 1) & mask) {
        const value = this.#slots[slot * SLOT_WORDS + 1] ?? 0;
        if (value === 0) break;
        if (((this.#slots[slot * SLOT_WORDS] ?? 0) & (buckets - 1)) !== bucket) continue;
        const connection = this.#connections[(value - 1) >>> 1] ?? null;
        if (connection !== null && !found.includes(connection)) found.push(connection);
      }
    }
    return found;
  }

  /** All connections in the order in which they were made. */
  sorted(): Connection[] {
    const all = this.#connections.filter((connection) => connection !== null);
    return all.sort((a, b) => a.id - b.id);
  }

  #addKey(connection: Connection, index: number, direction: Direction): void {
    const { source, destination, ports, protocol } = connection.tuple(direction);
    const zone = connection.zoneOf(direction);
    const entry = (index << 1) | direction;
    const at = entry * KEY_WORDS;
    if (at >= this.#keys.length) {
      const keys = new Int32Array(this.#keys.length * 2);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    this.#keys[at] = source;
    this.#keys[at + 1] = destination;
    this.#keys[at + 2] = ports;
    this.#keys[at + 3] = (zone << 8) | protocol;
    this.#insert(hashOf(connection.tuple(direction), zone), entry);
  }

  /**
   * Puts an entry in, before others of the same hash, as the kernel adds to the head of a bucket: zones
   * of one direction let two connections have a tuple, and the younger one is found.
   */
  #insert(hash: number, entry: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let value = entry + 1;
    let slot = hash & mask;
    for (; slots[slot * SLOT_WORDS + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[slot * SLOT_WORDS] !== hash) continue;
      const older = slots[slot * SLOT_WORDS + 1] ?? 0;
      slots[slot * SLOT_WORDS + 1] = value;
      value = older;
    }
    this.#set(slot, hash, value);
  }

  /** Puts an entry in behind all others. */
  #append(hash: number, value: number): void {
    const mask = this.#mask;
    let slot = hash & mask;
    while (this.#slots[slot * SLOT_WORDS + 1] !== 0) slot = (slot + 1) & mask;
    this.#set(slot, hash, value);
  }

  #set(slot: number, hash: number, value: number): void {
    this.#slots[slot * SLOT_WORDS] = hash;
    this.#slots[slot * SLOT_WORDS + 1] = value;
    this.#used += 1;
  }

  /** Removes one slot and moves later ones of its run up (Knuth 6.4, algorithm R). */
  #delete(hash: number, entry: number): void {
    const mask = this.#mask;
    const slots = this.#slots;
    let hole = hash & mask;
    while (slots[hole * SLOT_WORDS + 1] !== entry + 1) {
      assert(slots[hole * SLOT_WORDS + 1] !== 0, "a connection is not in its table");
      hole = (hole + 1) & mask;
    }
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot * SLOT_WORDS + 1] ?? 0;
      if (value === 0) break;
      const moved = slots[slot * SLOT_WORDS] ?? 0;
      if (((slot - moved) & mask) < ((slot - hole) & mask)) continue;
      slots[hole * SLOT_WORDS] = moved;
      slots[hole * SLOT_WORDS + 1] = value;
      hole = slot;
    }
    slots[hole * SLOT_WORDS + 1] = 0;
    this.#used -= 1;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#slots.length / SLOT_WORDS - 1;
    this.#used = 0;
    // From an empty slot on, so that no run is cut and all keep their order.
    let start = 0;
    while (old[start + 1] !== 0) start += SLOT_WORDS;
    for (let step = 0; step < old.length; step += SLOT_WORDS) {
      const at = (start + step) % old.length;
      const value = old[at + 1] ?? 0;
      if (value !== 0) this.#append(old[at] ?? 0, value);
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

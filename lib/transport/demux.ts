/**
 * Who gets a segment: connections by their four numbers, listeners by port and address.
 *
 * Kernel: net/ipv4/inet_hashtables.c (__inet_lookup_established, inet_lookup_listener), 6.18.
 */

/** Both ends of a connection. */
export interface Endpoints {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
}

const FIRST_BUCKETS = 64;

/** A hash table of things with two ends. Look-ups allocate nothing. */
export class ConnectionTable<T extends Endpoints> {
  /** Made when the first entry comes: most hosts of a large cluster never have one. */
  #buckets: T[][] = [];
  #mask = FIRST_BUCKETS - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The entry with these ends, or null. @hot */
  find(
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
  ): T | null {
    const bucket =
      this.#buckets[hash(localAddress, localPort, remoteAddress, remotePort) & this.#mask];
    if (bucket === undefined) return null;
    for (let index = 0; index < bucket.length; index += 1) {
      const entry = bucket[index];
      if (
        entry !== undefined &&
        entry.remotePort === remotePort &&
        entry.localPort === localPort &&
        entry.remoteAddress === remoteAddress &&
        entry.localAddress === localAddress
      ) {
        return entry;
      }
    }
    return null;
  }

  add(entry: T): void {
    if (this.#buckets.length === 0) this.#buckets = emptyBuckets(FIRST_BUCKETS);
    if (this.#size > 2 * this.#mask) this.#grow();
    this.#bucketOf(entry).push(entry);
    this.#size += 1;
  }

  /** Takes an entry out; one that is not there stays so. */
  remove(entry: T): void {
    const bucket = this.#bucketOf(entry);
    const index = bucket.indexOf(entry);
    if (index === -1) return;
    bucket.splice(index, 1);
    this.#size -= 1;
  }

  /** All entries, in the order of buckets; for printing sort them. */
  entries(): T[] {
    return this.#buckets.flat();
  }

  #bucketOf(entry: T): T[] {
    const { localAddress, localPort, remoteAddress, remotePort } = entry;
    return (
      this.#buckets[hash(localAddress, localPort, remoteAddress, remotePort) & this.#mask] ?? []
    );
  }

  #grow(): void {
    const all = this.entries();
    this.#mask = this.#mask * 2 + 1;
    this.#buckets = emptyBuckets(this.#mask + 1);
    this.#size = 0;
    for (const entry of all) this.add(entry);
  }
}

function emptyBuckets<T>(count: number): T[][] {
  return Array.from({ length: count }, () => []);
}

function hash(
  localAddress: number,
  localPort: number,
  remoteAddress: number,
  remotePort: number,
): number {
  let mixed = Math.imul(localAddress ^ Math.imul(remoteAddress, 0x9e3779b1), 0x85ebca6b);
  mixed ^= Math.imul((localPort << 16) | remotePort, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}

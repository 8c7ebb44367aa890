/**
 * Where service ports stand among all: in the order of their keys, in chunks. Where chunks end is a
 * matter of the keys alone, and so the same on all nodes.
 */
import { compareNames } from "../../objects.ts";

/** Chunks have so many ports in the mean; a power of 2. */
const CHUNK_SIZE = 16;

/** The keys of the ports of one chunk, in order; the same list wherever they are the same. */
export type ChunkKeys = readonly string[];

/** Where a port is: the number of its chunk, and its own in that. */
export interface Place {
  readonly chunk: number;
  readonly slot: number;
}

const NO_PLACES: readonly Place[] = [];

/** Layouts that were made when these Services had changed. */
const made = new WeakMap<ReadonlySet<string>, PortLayout>();

/** A layout of ports. Never changes. */
export class PortLayout {
  static readonly NONE = new PortLayout([]);
  readonly chunks: readonly ChunkKeys[];
  /** By `namespace/name` of their Service. */
  readonly #places = new Map<string, Place[]>();

  private constructor(chunks: readonly ChunkKeys[]) {
    this.chunks = chunks;
    for (const [chunk, keys] of chunks.entries()) {
      for (const [slot, key] of keys.entries()) {
        const service = serviceOfKey(key);
        const known = this.#places.get(service);
        if (known === undefined) this.#places.set(service, [{ chunk, slot }]);
        else known.push({ chunk, slot });
      }
    }
  }

  /** Where the ports of a Service are. */
  of(service: string): readonly Place[] {
    return this.#places.get(service) ?? NO_PLACES;
  }

  /**
   * The layout of `ports` once the Services of `changed` have; the same for the same set, which
   * must stand for the same ports.
   */
  after(changed: ReadonlySet<string>, ports: ReadonlyMap<string, unknown>): PortLayout {
    let layout = made.get(changed);
    if (layout === undefined) {
      layout = new PortLayout(this.#chunksOf(ports));
      made.set(changed, layout);
    }
    return layout;
  }

  #chunksOf(ports: ReadonlyMap<string, unknown>): ChunkKeys[] {
    const known = new Map(this.chunks.map((keys) => [keys[0], keys]));
    const chunks: ChunkKeys[] = [];
    let keys: string[] = [];
    const end = (): void => {
      const before = known.get(keys[0]);
      chunks.push(before !== undefined && sameKeys(before, keys) ? before : keys);
      keys = [];
    };
    for (const key of this.#sorted(ports)) {
      keys.push(key);
      if (endsChunk(key)) end();
    }
    if (keys.length > 0) end();
    return chunks;
  }

  /** The keys in order; most of them are known in order already, which makes it fast. */
  #sorted(ports: ReadonlyMap<string, unknown>): string[] {
    const sorted: string[] = [];
    const known = new Set<string>();
    for (const keys of this.chunks) {
      for (const key of keys) {
        known.add(key);
        if (ports.has(key)) sorted.push(key);
      }
    }
    for (const key of ports.keys()) if (!known.has(key)) sorted.push(key);
    return sorted.sort(compareNames);
  }
}

function sameKeys(a: ChunkKeys, b: ChunkKeys): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}

function endsChunk(key: string): boolean {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) & (CHUNK_SIZE - 1)) === 0;
}

/** `namespace/name` of a service port's key. */
function serviceOfKey(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

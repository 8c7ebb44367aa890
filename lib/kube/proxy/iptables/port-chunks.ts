/**
 * All service ports in the order of their keys, in chunks: a sync writes what has not changed chunk
 * by chunk, so that it costs little more than what has. Where chunks end is a matter of the keys
 * alone, and so the same on all nodes. Nothing here changes: another arrangement takes what it can
 * of the one before.
 */
import type { LineBlock } from "../../../base/line-text.ts";
import { compareNames } from "../../objects.ts";
import { joinBlocks } from "./payload.ts";
import type { PortBlocks } from "./port-blocks.ts";

/** Chunks have so many ports in the mean; a power of 2. */
const CHUNK_SIZE = 16;

/** A service port in its place among all. */
export interface PortSlot {
  readonly key: string;
  /** Whether its chunk ends here. */
  readonly endsChunk: boolean;
  /** null: it is to be written. */
  readonly written: PortBlocks | null;
  /** The numbers of its chains, which tell which of two is older. */
  readonly numbers: readonly number[];
  /** Of any state. */
  readonly endpoints: number;
}

/** Ports that stand beside each other. */
export class PortChunk {
  readonly slots: readonly PortSlot[];
  /** Whether any of its ports is to be written. */
  readonly isDirty: boolean;
  /** The lines of all its ports in shared chains of the nat table, if they have all been written. */
  readonly shared: LineBlock | null;
  /** The lines of all its ports in the filter table, likewise. */
  readonly filter: LineBlock | null;

  /** Takes the slots. */
  constructor(slots: readonly PortSlot[]) {
    this.slots = slots;
    this.isDirty = slots.some(({ written }) => written === null);
    this.shared = this.isDirty ? null : joined(slots, "shared");
    this.filter = this.isDirty ? null : joined(slots, "filter");
  }
}

function joined(slots: readonly PortSlot[], name: "shared" | "filter"): LineBlock | null {
  const parts: LineBlock[] = [];
  for (const { written } of slots) {
    const block = written?.[name] ?? null;
    if (block !== null) parts.push(block);
  }
  return joinBlocks(parts);
}

/** Where a slot is: the number of its chunk, and its own in that. */
interface Place {
  readonly chunk: number;
  readonly slot: number;
}

const NO_PLACES: readonly Place[] = [];

/** The ports of one node. */
export class PortChunks {
  static readonly NONE = new PortChunks([]);
  readonly chunks: readonly PortChunk[];
  /** Endpoints of all ports. */
  readonly endpoints: number;
  /** By `namespace/name` of their Service. */
  readonly #places: ReadonlyMap<string, readonly Place[]>;

  /** Takes the chunks; `like` has the same keys. */
  private constructor(chunks: readonly PortChunk[], like: PortChunks | null = null) {
    this.chunks = chunks;
    this.#places = like === null ? placesOf(chunks) : like.#places;
    let endpoints = 0;
    for (const { slots } of chunks) for (const slot of slots) endpoints += slot.endpoints;
    this.endpoints = endpoints;
  }

  /** The ports of a Service. */
  ofService(service: string): PortSlot[] {
    const slots: PortSlot[] = [];
    for (const place of this.#places.get(service) ?? NO_PLACES) {
      const slot = this.chunks[place.chunk]?.slots[place.slot];
      if (slot !== undefined) slots.push(slot);
    }
    return slots;
  }

  /** The same, but that the ports of these Services are to be written. */
  forget(services: Iterable<string>, endpointsOf: (key: string) => number): PortChunks {
    const changed = new Map<number, PortSlot[]>();
    for (const service of services) {
      for (const { chunk, slot } of this.#places.get(service) ?? NO_PLACES) {
        const slots = changed.get(chunk) ?? this.chunks[chunk]?.slots.slice() ?? [];
        changed.set(chunk, slots);
        const before = slots[slot];
        if (before !== undefined) slots[slot] = slotOf(before, endpointsOf(before.key));
      }
    }
    if (changed.size === 0) return this;
    const chunks = this.chunks.slice();
    for (const [index, slots] of changed) chunks[index] = new PortChunk(slots);
    return new PortChunks(chunks, this);
  }

  /** An arrangement of all `ports`; those that have a slot keep it. */
  arrange(ports: ReadonlyMap<string, unknown>, endpointsOf: (key: string) => number): PortChunks {
    const known = new Map<string, PortSlot>();
    const byFirst = new Map<PortSlot | undefined, PortChunk>();
    for (const chunk of this.chunks) {
      byFirst.set(chunk.slots[0], chunk);
      for (const slot of chunk.slots) known.set(slot.key, slot);
    }
    const chunks: PortChunk[] = [];
    let slots: PortSlot[] = [];
    const end = (): void => {
      const before = byFirst.get(slots[0]);
      chunks.push(
        before !== undefined && sameSlots(before.slots, slots) ? before : new PortChunk(slots),
      );
      slots = [];
    };
    for (const key of sortedKeys(known, ports)) {
      const slot = known.get(key) ?? newSlot(key, endpointsOf(key));
      slots.push(slot);
      if (slot.endsChunk) end();
    }
    if (slots.length > 0) end();
    return new PortChunks(chunks);
  }

  /** The same ports, written. */
  written(chunks: readonly PortChunk[]): PortChunks {
    return new PortChunks(chunks, this);
  }
}

/** In order; most of them are `known` in order already, which makes it fast. */
function sortedKeys(
  known: ReadonlyMap<string, PortSlot>,
  ports: ReadonlyMap<string, unknown>,
): string[] {
  const keys: string[] = [];
  for (const key of known.keys()) if (ports.has(key)) keys.push(key);
  for (const key of ports.keys()) if (!known.has(key)) keys.push(key);
  return keys.sort(compareNames);
}

function sameSlots(a: readonly PortSlot[], b: readonly PortSlot[]): boolean {
  return a.length === b.length && a.every((slot, index) => slot === b[index]);
}

function placesOf(chunks: readonly PortChunk[]): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const [chunk, { slots }] of chunks.entries()) {
    for (const [slot, { key }] of slots.entries()) {
      const service = serviceOfKey(key);
      const known = places.get(service);
      if (known === undefined) places.set(service, [{ chunk, slot }]);
      else known.push({ chunk, slot });
    }
  }
  return places;
}

const NO_NUMBERS: readonly number[] = [];

/** A slot to be written. */
function slotOf({ key, endsChunk }: PortSlot, endpoints: number): PortSlot {
  return { key, endsChunk, written: null, numbers: NO_NUMBERS, endpoints };
}

function newSlot(key: string, endpoints: number): PortSlot {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  const endsChunk = ((hash ^ (hash >>> 15)) & (CHUNK_SIZE - 1)) === 0;
  return { key, endsChunk, written: null, numbers: NO_NUMBERS, endpoints };
}

/** `namespace/name` of a service port's key. */
function serviceOfKey(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

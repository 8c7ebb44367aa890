/**
 * All service ports in the order of their keys, in chunks: a sync writes what has not changed chunk
 * by chunk, so that it costs little more than what has. Where chunks end is a matter of the keys
 * alone, and so the same on all nodes.
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
  chunk: PortChunk | null;
  /** null: it is to be written. */
  written: PortBlocks | null;
  /** Of any state. */
  endpoints: number;
}

/** Ports that stand beside each other. */
export class PortChunk {
  readonly slots: PortSlot[] = [];
  /** Whether any of its ports is to be written. */
  isDirty = true;
  #shared: LineBlock | null = null;
  #filter: LineBlock | null = null;

  /** The lines of all its ports in shared chains of the nat table; they have all been written. */
  get shared(): LineBlock | null {
    return this.#shared;
  }

  /** The lines of all its ports in the filter table. */
  get filter(): LineBlock | null {
    return this.#filter;
  }

  /** All its ports have been written. */
  close(): void {
    this.isDirty = false;
    this.#shared = this.#join("shared");
    this.#filter = this.#join("filter");
  }

  #join(name: "shared" | "filter"): LineBlock | null {
    const parts: LineBlock[] = [];
    for (const { written } of this.slots) {
      const block = written?.[name] ?? null;
      if (block !== null) parts.push(block);
    }
    return joinBlocks(parts);
  }
}

/** The ports of one node. */
export class PortChunks {
  chunks: readonly PortChunk[] = [];
  /** Endpoints of all ports. */
  endpoints = 0;
  readonly #slots = new Map<string, PortSlot>();
  /** The same by `namespace/name` of their Service. */
  readonly #ofService = new Map<string, PortSlot[]>();

  /** The ports of a Service. */
  ofService(service: string): readonly PortSlot[] {
    return this.#ofService.get(service) ?? NO_SLOTS;
  }

  /** The port is to be written, and has so many endpoints now. */
  forget(slot: PortSlot, endpoints: number): void {
    slot.written = null;
    if (slot.chunk !== null) slot.chunk.isDirty = true;
    this.endpoints += endpoints - slot.endpoints;
    slot.endpoints = endpoints;
  }

  /** Forgets all ports. */
  clear(): void {
    this.#slots.clear();
  }

  /** Gives each port its slot; those that had one keep it. */
  arrange(keys: Iterable<string>, endpointsOf: (key: string) => number): void {
    const known = new Map(this.#slots);
    const chunks: PortChunk[] = [];
    let chunk: PortChunk | null = null;
    this.endpoints = 0;
    this.#slots.clear();
    this.#ofService.clear();
    for (const key of [...keys].sort(compareNames)) {
      const slot = known.get(key) ?? newSlot(key, endpointsOf(key));
      if (chunk === null) {
        chunk = new PortChunk();
        chunks.push(chunk);
      }
      chunk.slots.push(slot);
      slot.chunk = chunk;
      if (slot.endsChunk) chunk = null;
      this.#add(slot);
    }
    this.chunks = chunks;
  }

  #add(slot: PortSlot): void {
    this.endpoints += slot.endpoints;
    this.#slots.set(slot.key, slot);
    const service = serviceOfKey(slot.key);
    const slots = this.#ofService.get(service);
    if (slots === undefined) this.#ofService.set(service, [slot]);
    else slots.push(slot);
  }
}

const NO_SLOTS: readonly PortSlot[] = [];

function newSlot(key: string, endpoints: number): PortSlot {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  const endsChunk = ((hash ^ (hash >>> 15)) & (CHUNK_SIZE - 1)) === 0;
  return { key, endsChunk, chunk: null, written: null, endpoints };
}

/** `namespace/name` of a service port's key. */
function serviceOfKey(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/**
 * The service ports of a node as they were written, in chunks: a sync writes what has not changed
 * chunk by chunk, so that it costs little more than what has. Nothing here changes: another
 * arrangement takes what it can of the one before.
 */
import type { LineBlock } from "../../../base/line-text.ts";
import { joinBlocks } from "./payload.ts";
import type { PortBlocks } from "./port-blocks.ts";
import { type ChunkKeys, PortLayout } from "./port-layout.ts";

/** A service port in its place among all. */
export interface PortSlot {
  readonly key: string;
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
  /** Endpoints of all its ports. */
  readonly endpoints: number;
  /** The lines of all its ports in shared chains of the nat table, if they have all been written. */
  readonly shared: LineBlock | null;
  /** The lines of all its ports in the filter table, likewise. */
  readonly filter: LineBlock | null;

  /** Takes the slots. */
  constructor(slots: readonly PortSlot[]) {
    let endpoints = 0;
    for (const slot of slots) endpoints += slot.endpoints;
    this.slots = slots;
    this.isDirty = slots.some(({ written }) => written === null);
    this.endpoints = endpoints;
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

/** The ports of one node. */
export class PortChunks {
  static readonly NONE = new PortChunks([], PortLayout.NONE);
  readonly chunks: readonly PortChunk[];
  /** Endpoints of all ports. */
  readonly endpoints: number;
  readonly #layout: PortLayout;

  /** Takes the chunks, which are those of the layout. */
  private constructor(chunks: readonly PortChunk[], layout: PortLayout) {
    let endpoints = 0;
    for (const chunk of chunks) endpoints += chunk.endpoints;
    this.chunks = chunks;
    this.endpoints = endpoints;
    this.#layout = layout;
  }

  /** The ports of a Service. */
  ofService(service: string): PortSlot[] {
    const slots: PortSlot[] = [];
    for (const place of this.#layout.of(service)) {
      const slot = this.chunks[place.chunk]?.slots[place.slot];
      if (slot !== undefined) slots.push(slot);
    }
    return slots;
  }

  /** The same, but that the ports of these Services are to be written. */
  forget(services: Iterable<string>, endpointsOf: (key: string) => number): PortChunks {
    const changed = new Map<number, PortSlot[]>();
    for (const service of services) {
      for (const { chunk, slot } of this.#layout.of(service)) {
        const slots = changed.get(chunk) ?? this.chunks[chunk]?.slots.slice() ?? [];
        changed.set(chunk, slots);
        const key = slots[slot]?.key ?? "";
        slots[slot] = newSlot(key, endpointsOf(key));
      }
    }
    if (changed.size === 0) return this;
    const chunks = this.chunks.slice();
    for (const [index, slots] of changed) chunks[index] = new PortChunk(slots);
    return new PortChunks(chunks, this.#layout);
  }

  /** The ports of another layout; those that were there are as they were. */
  arrange(layout: PortLayout, endpointsOf: (key: string) => number): PortChunks {
    if (layout === this.#layout) return this;
    const before = new Map<ChunkKeys, PortChunk>();
    for (const [index, chunk] of this.chunks.entries()) {
      const keys = this.#layout.chunks[index];
      if (keys !== undefined) before.set(keys, chunk);
    }
    const kept = new Set(layout.chunks);
    const known = new Map<string, PortSlot>();
    for (const [keys, { slots }] of before) {
      if (!kept.has(keys)) for (const slot of slots) known.set(slot.key, slot);
    }
    const slotOf = (key: string): PortSlot => known.get(key) ?? newSlot(key, endpointsOf(key));
    const chunks = layout.chunks.map((keys) => before.get(keys) ?? new PortChunk(keys.map(slotOf)));
    return new PortChunks(chunks, layout);
  }

  /** The layout of `ports` once the Services of `changed` have. */
  layoutAfter(changed: ReadonlySet<string>, ports: ReadonlyMap<string, unknown>): PortLayout {
    return this.#layout.after(changed, ports);
  }

  /** The same ports, written. */
  written(chunks: readonly PortChunk[]): PortChunks {
    return new PortChunks(chunks, this.#layout);
  }
}

const NO_NUMBERS: readonly number[] = [];

/** A slot to be written. */
function newSlot(key: string, endpoints: number): PortSlot {
  return { key, written: null, numbers: NO_NUMBERS, endpoints };
}

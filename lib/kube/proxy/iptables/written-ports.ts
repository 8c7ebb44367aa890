/**
 * The rules of service ports that a node has been given, and the steps from one sync to the next.
 * Nodes that were given the same have the same object, and what the first of them writes in a sync
 * is the next one's too; a node of its own ways goes them alone from then on.
 *
 * What a sync writes follows from what has changed, which is the same for all nodes that synced at
 * the same time before, from settings, and from the rules of those ports where it matters on which
 * node they are.
 */
import type { LineBlock, LineText } from "../../../base/line-text.ts";
import type { PortBlocks } from "./port-blocks.ts";
import { PortChunk, PortChunks, type PortSlot } from "./port-chunks.ts";

/** What a sync knows of service ports; the same for all nodes. */
export interface PortChanges {
  readonly ports: ReadonlyMap<string, unknown>;
  /** `namespace/name` of Services; the same set stands for the same changes. */
  readonly changed: ReadonlySet<string>;
  readonly portsChanged: boolean;
  /** Whether everything is to be written. */
  readonly full: boolean;
}

/** Blocks of an input, as they come together. */
export interface PortInput {
  readonly filter: readonly LineBlock[];
  readonly declared: readonly LineBlock[];
  readonly nat: readonly LineBlock[];
}

/** Writes ports. */
export interface PortWriter {
  /** Settings that matter to all ports, as one text. */
  readonly settings: string;
  /** Whether a port's rules may be others on other nodes. */
  isOwn(key: string): boolean;
  /** Writes one port. */
  write(key: string): PortBlocks;
}

/** What a sync writes, and what it leads to. */
export class WrittenStep {
  readonly next: WrittenPorts;
  readonly input: PortInput;
  /** Inputs that were made of it; whoever makes one keeps it here. */
  readonly texts: { readonly madeFrom: readonly unknown[]; readonly text: LineText }[] = [];

  constructor(next: WrittenPorts, input: PortInput) {
    this.next = next;
    this.input = input;
  }
}

/** The rules of a node's service ports. Never changes. */
export class WrittenPorts {
  /** Of a node that has been given none. */
  static readonly NONE = new WrittenPorts(PortChunks.NONE, new Map(), 0);
  readonly ports: PortChunks;
  /** Chains that syncs no longer need, with their numbers. */
  readonly left: ReadonlyMap<string, number>;
  /** The number of the youngest chain. */
  readonly youngest: number;
  #chains: ReadonlySet<string> | null = null;
  #swept: WrittenPorts | null = null;
  /** By what has changed. */
  readonly #full = new WeakMap<ReadonlySet<string>, PortsDraft>();
  readonly #partial = new WeakMap<ReadonlySet<string>, PortsDraft>();

  /** Takes its parts. */
  constructor(ports: PortChunks, left: ReadonlyMap<string, number>, youngest: number) {
    this.ports = ports;
    this.left = left;
    this.youngest = youngest;
  }

  /** The chains of ports and endpoints that are needed. */
  get chains(): ReadonlySet<string> {
    if (this.#chains === null) {
      const chains = new Set<string>();
      for (const { slots } of this.ports.chunks) {
        for (const { written } of slots)
          for (const chain of written?.chains ?? []) chains.add(chain);
      }
      this.#chains = chains;
    }
    return this.#chains;
  }

  /** The same once the chains are gone that were left. */
  swept(): WrittenPorts {
    if (this.left.size === 0) return this;
    this.#swept ??= new WrittenPorts(this.ports, new Map(), this.youngest);
    return this.#swept;
  }

  /** Begins a sync; `endpointsOf` a port counts those of any state. */
  draft(changes: PortChanges, endpointsOf: (key: string) => number): PortsDraft {
    const drafts = changes.full ? this.#full : this.#partial;
    let draft = drafts.get(changes.changed);
    if (draft === undefined) {
      draft = this.#newDraft(changes, endpointsOf);
      drafts.set(changes.changed, draft);
    }
    return draft;
  }

  /** Forgets what is to be written anew: everything, or what belongs to changed Services. */
  #newDraft(
    { ports, changed, portsChanged, full }: PortChanges,
    endpointsOf: (key: string) => number,
  ): PortsDraft {
    const left = new Map(full ? [] : this.left);
    for (const service of changed) {
      for (const { written, numbers } of this.ports.ofService(service)) {
        for (const [index, chain] of (written?.chains ?? []).entries()) {
          left.set(chain, full ? 0 : (numbers[index] ?? 0));
        }
      }
    }
    let next = full ? PortChunks.NONE : this.ports.forget(changed, endpointsOf);
    if (full || portsChanged) {
      next = next.arrange(this.ports.layoutAfter(changed, ports), endpointsOf);
    }
    return new PortsDraft(next, left, this.youngest);
  }
}

/** A sync that knows what it has to write. */
export class PortsDraft {
  readonly #ports: PortChunks;
  readonly #left: ReadonlyMap<string, number>;
  readonly #youngest: number;
  /** Ports to be written whose rules may be others on other nodes; null: nobody has looked. */
  #own: readonly string[] | null = null;
  /** What was written already. */
  readonly #steps: {
    readonly settings: string;
    readonly own: readonly PortBlocks[];
    readonly step: WrittenStep;
  }[] = [];

  /** Takes its parts. */
  constructor(ports: PortChunks, left: ReadonlyMap<string, number>, youngest: number) {
    this.#ports = ports;
    this.#left = left;
    this.#youngest = youngest;
  }

  /** Endpoints of all ports. */
  get endpoints(): number {
    return this.#ports.endpoints;
  }

  /** Writes what is to be written, or finds that another node has written the same. */
  write(writer: PortWriter): WrittenStep {
    this.#own ??= this.#toWrite().filter((key) => writer.isOwn(key));
    const own = this.#own.map((key) => writer.write(key));
    const { settings } = writer;
    const known = this.#steps.find((one) => one.settings === settings && sameBlocks(one.own, own));
    if (known !== undefined) return known.step;
    const byKey = new Map(this.#own.map((key, index) => [key, own[index]]));
    const step = new StepWriter(new Map(this.#left), this.#youngest, (key) => {
      return byKey.get(key) ?? writer.write(key);
    }).write(this.#ports);
    this.#steps.push({ settings, own, step });
    return step;
  }

  #toWrite(): string[] {
    const keys: string[] = [];
    for (const { isDirty, slots } of this.#ports.chunks) {
      if (!isDirty) continue;
      for (const { key, written } of slots) if (written === null) keys.push(key);
    }
    return keys;
  }
}

function sameBlocks(a: readonly PortBlocks[], b: readonly PortBlocks[]): boolean {
  return a.length === b.length && a.every((blocks, index) => blocks === b[index]);
}

/** Writes one step. */
class StepWriter {
  readonly #filter: LineBlock[] = [];
  readonly #declared: LineBlock[] = [];
  readonly #nat: LineBlock[] = [];
  readonly #left: Map<string, number>;
  #youngest: number;
  readonly #write: (key: string) => PortBlocks;

  constructor(left: Map<string, number>, youngest: number, write: (key: string) => PortBlocks) {
    this.#left = left;
    this.#youngest = youngest;
    this.#write = write;
  }

  write(ports: PortChunks): WrittenStep {
    const chunks = ports.chunks.map((chunk) => this.#chunk(chunk));
    const next = new WrittenPorts(ports.written(chunks), this.#left, this.#youngest);
    return new WrittenStep(next, {
      filter: this.#filter,
      declared: this.#declared,
      nat: this.#nat,
    });
  }

  /** Writes those ports of a chunk that have changed; of the others their shared lines suffice. */
  #chunk(chunk: PortChunk): PortChunk {
    let written = chunk;
    if (chunk.isDirty) written = new PortChunk(chunk.slots.map((slot) => this.#slot(slot)));
    else if (chunk.shared !== null) this.#nat.push(chunk.shared);
    if (written.filter !== null) this.#filter.push(written.filter);
    return written;
  }

  #slot(slot: PortSlot): PortSlot {
    const { key, endpoints, written: kept } = slot;
    const blocks = kept ?? this.#write(key);
    if (blocks.shared !== null) this.#nat.push(blocks.shared);
    if (kept !== null) return slot;
    if (blocks.own !== null) this.#nat.push(blocks.own);
    if (blocks.declared !== null) this.#declared.push(blocks.declared);
    const numbers = blocks.chains.map((chain) => this.#numberOf(chain));
    return { key, endpoints, written: blocks, numbers };
  }

  /** The number of a chain that is needed again, or a new one's. */
  #numberOf(chain: string): number {
    const before = this.#left.get(chain);
    this.#left.delete(chain);
    if (before !== undefined) return before;
    this.#youngest += 1;
    return this.#youngest;
  }
}

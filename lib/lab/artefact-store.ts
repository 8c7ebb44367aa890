/**
 * Where the artefacts of a run go: to the sinks of whoever runs the lab, or into memory. The merged
 * capture is kept in memory as well when the lab expects something of it or when it is short.
 */
import { utf8 } from "../base/bytes.ts";
import type { Capture } from "../capture/capture.ts";
import { readCapture } from "../capture/read.ts";
import { type ByteSink, MemorySink } from "../capture/sink.ts";
import { MERGED_CAPTURE } from "./artefacts.ts";
import { type CaptureSinks, TeeSink } from "./captures.ts";
import type { Lab } from "./lab.ts";

/** Opens the sink of an artefact by its name; null if nobody wants it. */
export type OpenSink = (name: string) => ByteSink | null;

/** A merged capture above this size is not kept for its dump alone. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

const NOWHERE: ByteSink = { write: () => {} };

/** The artefacts of one run. */
export class ArtefactStore {
  readonly captureSinks: CaptureSinks;
  readonly #open: OpenSink | null;
  readonly #memory = new Map<string, MemorySink>();
  readonly #merged: BoundedMemory;

  constructor(lab: Lab, open: OpenSink | null) {
    this.#open = open;
    const needed = lab.expectations.some(({ kind }) => kind === "frames");
    this.#merged = new BoundedMemory(
      needed || open === null ? Number.POSITIVE_INFINITY : MAX_KEPT_BYTES,
    );
    const outside = open?.(MERGED_CAPTURE) ?? null;
    this.captureSinks = {
      merged: outside === null ? this.#merged : new TeeSink(outside, this.#merged),
      perInterface: (name) => this.#sink(name),
    };
  }

  /** Writes a whole artefact. */
  write(name: string, text: string): void {
    this.#sink(name).write(utf8(text));
  }

  /** The merged capture, once captures have ended; null if it was too long to keep. */
  mergedCapture(): Capture | null {
    const bytes = this.#merged.bytes();
    return bytes === null ? null : readCapture(bytes, MERGED_CAPTURE);
  }

  /** What is kept in memory because there are no sinks. */
  inMemory(): Map<string, Uint8Array> {
    const artefacts = new Map<string, Uint8Array>();
    if (this.#open !== null) return artefacts;
    const merged = this.#merged.bytes();
    if (merged !== null) artefacts.set(MERGED_CAPTURE, merged);
    for (const [name, sink] of this.#memory) artefacts.set(name, sink.bytes());
    return artefacts;
  }

  #sink(name: string): ByteSink {
    if (this.#open !== null) return this.#open(name) ?? NOWHERE;
    const sink = new MemorySink();
    this.#memory.set(name, sink);
    return sink;
  }
}

/** Keeps everything up to a limit, and nothing above it. */
class BoundedMemory implements ByteSink {
  readonly #limit: number;
  #sink: MemorySink | null = new MemorySink();
  #length = 0;
  #bytes: Uint8Array | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  write(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length > this.#limit) this.#sink = null;
    this.#sink?.write(chunk);
  }

  bytes(): Uint8Array | null {
    if (this.#sink !== null && this.#bytes === null) this.#bytes = this.#sink.bytes();
    return this.#bytes;
  }
}

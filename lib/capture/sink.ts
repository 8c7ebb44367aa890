/**
 * Where the bytes of a capture file go. Writers fill a large chunk that they reuse and hand it on
 * when it is full, so a run of any length needs no more memory than its chunks.
 */
import { concatBytes } from "../base/bytes.ts";
import { ByteWindow, copySmall, SMALL_COPY_BYTES } from "../wire/copy.ts";

/** Takes the bytes of a file in order. */
export interface ByteSink {
  /** Takes `chunk`, which the caller overwrites as soon as this returns. */
  write(chunk: Uint8Array): void;
}

/** Keeps everything, for specs and for runs whose captures are asked for as bytes. */
export class MemorySink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];

  write(chunk: Uint8Array): void {
    // Not `slice`, which copies a Uint8Array but only refers to a Buffer.
    this.#chunks.push(new Uint8Array(chunk));
  }

  /** All bytes written so far. */
  bytes(): Uint8Array {
    return concatBytes(this.#chunks);
  }
}

/** Bytes of a frame from `l2` to `end`, with a view of the same memory; a `Frame` is one. */
export interface FrameBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly l2: number;
  readonly end: number;
  readonly packetId: number;
  /** The same memory, for bulk copies. */
  readonly captured: ByteWindow;
}

/** Bytes that are already a frame as those that a tap gets. */
export function frameBytes(bytes: Buffer, packetId = 0): FrameBytes {
  const captured = new ByteWindow(bytes);
  return { bytes, view: viewOf(bytes), l2: 0, end: bytes.length, packetId, captured };
}

/** Chunks are this large unless one record needs more. */
const DEFAULT_CHUNK_BYTES = 256 * 1024;

/** A chunk that is filled record by record and handed to a sink when the next one does not fit. */
export class ChunkedOutput {
  bytes: Buffer;
  view: DataView;
  readonly #sink: ByteSink;
  #used = 0;

  /** `chunkBytes` trades memory for calls to the sink. */
  constructor(sink: ByteSink, chunkBytes = DEFAULT_CHUNK_BYTES) {
    this.#sink = sink;
    this.bytes = Buffer.alloc(chunkBytes);
    this.view = viewOf(this.bytes);
  }

  /** Room for a record of `size` bytes in `bytes`; returns its position. The caller fills it all. @hot */
  reserve(size: number): number {
    const at = this.#used;
    if (at + size > this.bytes.length) return this.#reserveInNextChunk(size);
    this.#used = at + size;
    return at;
  }

  /** Copies `length` bytes of `frame` to position `at`, which has been reserved. @hot */
  copy(frame: FrameBytes, length: number, at: number): void {
    const { l2 } = frame;
    if (length > SMALL_COPY_BYTES) this.bytes.set(frame.captured.at(l2, l2 + length), at);
    else copySmall(frame.view, frame.l2, this.view, at, length);
  }

  /** Hands on what has been written so far. */
  flush(): void {
    if (this.#used === 0) return;
    this.#sink.write(this.bytes.subarray(0, this.#used));
    this.#used = 0;
  }

  #reserveInNextChunk(size: number): number {
    this.flush();
    if (size > this.bytes.length) {
      this.bytes = Buffer.alloc(size);
      this.view = viewOf(this.bytes);
    }
    this.#used = size;
    return 0;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

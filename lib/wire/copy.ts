/**
 * Copying between the memories of frames and files. A bulk copy needs a view of exactly the bytes
 * that it moves. To make one costs more than to move a frame's bytes, so few bytes are moved word by
 * word, and views are kept for who asks for the same bytes again.
 */

/** Up to this size a loop over words is faster than a bulk copy. */
export const SMALL_COPY_BYTES = 128;

/** Copies `length` bytes, at most some hundred, from `at` of `from` to `toAt` of `to`. @hot */
export function copySmall(
  from: DataView,
  at: number,
  to: DataView,
  toAt: number,
  length: number,
): void {
  let done = 0;
  for (; done < length - 3; done += 4) to.setInt32(toAt + done, from.getInt32(at + done));
  for (; done < length; done += 1) to.setUint8(toAt + done, from.getUint8(at + done));
}

/** A view of a part of some memory, made again only when another part is asked for. */
export class ByteWindow {
  readonly #memory: ArrayBufferLike;
  readonly #offset: number;
  #from = 0;
  #to = 0;
  #bytes: Uint8Array;

  constructor(memory: Uint8Array) {
    this.#memory = memory.buffer;
    this.#offset = memory.byteOffset;
    this.#bytes = new Uint8Array(this.#memory, this.#offset, 0);
  }

  /** The bytes at `from` to `to`, of the same memory. @hot */
  at(from: number, to: number): Uint8Array {
    if (from !== this.#from || to !== this.#to) {
      this.#bytes = new Uint8Array(this.#memory, this.#offset + from, to - from);
      this.#from = from;
      this.#to = to;
    }
    return this.#bytes;
  }
}

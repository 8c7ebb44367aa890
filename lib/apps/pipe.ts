/**
 * A pipe between two programs: bytes in order, and an end. Standard input is one as well.
 *
 * Kernel: fs/pipe.c, 6.18.
 * Differs: a pipe here has no bound, so its writer never waits.
 */
import { concatBytes } from "../base/bytes.ts";
import { type Program, WaitQueue, waitFor } from "../sim/process.ts";
import { POLLHUP, POLLIN, type Pollable } from "../socket/poll.ts";

/** One pipe. */
export class Pipe implements Pollable {
  readonly waitQueue = new WaitQueue();
  #pieces: Uint8Array[] = [];
  #ended = false;

  /** A pipe in which all is there from the start; null is an empty one, as `/dev/null`. */
  static of(bytes: Uint8Array | null): Pipe {
    const pipe = new Pipe();
    if (bytes !== null) pipe.write(bytes);
    pipe.end();
    return pipe;
  }

  /** Adds bytes; takes them. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.waitQueue.wake();
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
    this.waitQueue.wake();
  }

  /** Whether nothing is left and nothing will come. */
  get atEnd(): boolean {
    return this.#ended && this.#pieces.length === 0;
  }

  readiness(): number {
    return (this.#pieces.length > 0 ? POLLIN : 0) | (this.#ended ? POLLHUP : 0);
  }

  /** At most `max` bytes that are there now: none if there are none yet, or at the end. */
  take(max: number): Uint8Array {
    const first = this.#pieces[0];
    if (first === undefined) return new Uint8Array(0);
    if (first.length <= max) {
      this.#pieces.shift();
      return first;
    }
    this.#pieces[0] = first.subarray(max);
    return first.subarray(0, max);
  }

  /** Waits for the end and returns all. */
  *readAll(): Program<Uint8Array> {
    while (!this.#ended) yield waitFor([this.waitQueue]);
    const all = concatBytes(this.#pieces);
    this.#pieces = [];
    return all;
  }
}

/**
 * Capture files that are written while the run goes on: each full chunk goes to the thread pool,
 * and the writer gets other memory to fill. Whoever drives the run calls `keepUp` now and then, so
 * that what is in flight stays bounded.
 */
import { write } from "node:fs";
import type { ByteSink } from "../lib/capture/sink.ts";

/** Chunks that may be in flight before the run has to wait: 32 MiB with chunks of 1 MiB. */
const MAX_IN_FLIGHT = 32;

/** Files that share a bound on what is in flight. */
export class ParallelFiles {
  readonly #free: Buffer[] = [];
  #inFlight = 0;
  #failure: Error | null = null;
  #waiting: (() => void) | null = null;

  /** A sink that writes to an open file from its beginning. */
  file(descriptor: number): ByteSink {
    let position = 0;
    const start = (memory: Buffer, length: number): void => {
      this.#start(descriptor, memory, 0, length, position);
      position += length;
    };
    return {
      write: (chunk) => start(Buffer.from(chunk), chunk.length),
      trade: (memory, length) => {
        start(memory, length);
        return this.#take(memory.length);
      },
    };
  }

  /** Lets finished writes come back, and waits if too many are in flight. Throws what failed. */
  async keepUp(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#inFlight >= MAX_IN_FLIGHT && this.#failure === null) await this.#oneLess();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits until everything is written. */
  async finish(): Promise<void> {
    while (this.#inFlight > 0) await this.#oneLess();
    if (this.#failure !== null) throw this.#failure;
  }

  #start(descriptor: number, memory: Buffer, from: number, to: number, position: number): void {
    this.#inFlight += 1;
    write(descriptor, memory, from, to - from, position, (error, written) => {
      this.#inFlight -= 1;
      if (error !== null) this.#failure = error;
      else if (from + written < to) {
        this.#start(descriptor, memory, from + written, to, position + written);
      } else this.#free.push(memory);
      this.#waiting?.();
    });
  }

  #take(size: number): Buffer {
    const memory = this.#free.pop();
    return memory !== undefined && memory.length === size ? memory : Buffer.allocUnsafe(size);
  }

  #oneLess(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

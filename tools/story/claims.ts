/** Which things of a list somebody has taken already, as several threads see it. */
export class Claims<Thing> {
  /** For the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #things: readonly Thing[];
  readonly #taken: Int32Array;

  /** `memory` is that of another thread's claims; without it, all things are free. */
  constructor(
    things: readonly Thing[],
    memory = new SharedArrayBuffer(things.length * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.memory = memory;
    this.#things = things;
    this.#taken = new Int32Array(memory);
  }

  /** Things from position `from` on, each of which was free and is taken when it comes. */
  *take(from: number): Generator<readonly [at: number, thing: Thing]> {
    for (const [at, thing] of this.#things.entries()) {
      if (at >= from && Atomics.exchange(this.#taken, at, 1) === 0) yield [at, thing];
    }
  }
}

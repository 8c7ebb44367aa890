/**
 * Randomness from one seed. Each consumer has a stream of its own, derived from the seed and the
 * consumer's name, so that a new consumer moves no old capture. The generator is xoshiro128**
 * seeded through splitmix32; everything is 32-bit integer arithmetic.
 *
 * Spec: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021).
 */

/** One named stream of random numbers. */
export class RandomStream {
  readonly name: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, name: string) {
    this.name = name;
    let state = hashName(name, seed);
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** The next number, an int32. */
  int32(): number {
    const rotated = Math.imul(this.#b, 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** The next number in 0 … 2^32 - 1. */
  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A number in 0 … bound - 1, by multiplication as the kernel's `get_random_u32_below`. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x100000000) * bound);
  }

  /** Whether an event of probability `share` (0 … 1) happens. */
  chance(share: number): boolean {
    return this.uint32() < share * 0x100000000;
  }
}

/** The streams of one run, made on first use. */
export class Random {
  readonly seed: number;
  readonly #streams = new Map<string, RandomStream>();

  constructor(seed: number) {
    this.seed = seed;
  }

  /** The stream of that name. */
  stream(name: string): RandomStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new RandomStream(this.seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** One more draw of every stream: equal after equal runs, a cheap alarm that names the stream. */
  finalDraws(): Map<string, number> {
    const draws = new Map<string, number>();
    for (const name of [...this.#streams.keys()].sort())
      draws.set(name, this.stream(name).uint32());
    return draws;
  }
}

function hashName(name: string, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) | 0;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash ^ Math.floor(seed / 0x100000000);
}

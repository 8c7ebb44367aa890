/** What makers of random command lines have in common: choices out of one stream. */
import type { RandomStream } from "../../lib/sim/random.ts";

/** Draws words. */
export class WordMaker {
  readonly #random: RandomStream;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** A number below `bound`. */
  below(bound: number): number {
    return this.#random.below(bound);
  }

  chance(share: number): boolean {
    return this.#random.chance(share);
  }

  pick<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** What is made, with a chance of `share`, or "". */
  maybe(share: number, make: () => string): string {
    return this.chance(share) ? make() : "";
  }

  /** Between one and a few of them. */
  some<T>(make: () => T): T[] {
    const made = [make()];
    while (this.chance(0.4)) made.push(make());
    return made;
  }
}

/** Words with one space between them; empty ones are left out. */
export function joined(...words: readonly string[]): string {
  return words.filter((word) => word !== "").join(" ");
}

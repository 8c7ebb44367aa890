/**
 * The options behind a set's type and behind an element.
 *
 * Spec: ipset 7.17, lib/ipset.c (call_parser).
 */
import { numberIn, usageProblem } from "../../set-problem.ts";

/** Seconds; what the kernel can count in milliseconds. */
const MAX_TIMEOUT = 2147483;

/**
 * Tells `take` of each option with its value, which is null for those in `flags`. What is not
 * `allowed` is refused.
 */
export function readSetOptions(
  words: readonly string[],
  allowed: readonly string[],
  flags: readonly string[],
  take: (option: string, value: string | null) => void,
): void {
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!allowed.includes(word)) throw usageProblem(`Unknown argument: \`${word}'`);
    const value = flags.includes(word) ? null : left.shift();
    if (value === undefined) {
      throw usageProblem(`Missing mandatory argument of option \`${word}'`);
    }
    take(word, value);
  }
}

/** Seconds of a timeout. */
export function timeoutOf(text: string): number {
  return numberIn(text, 0, MAX_TIMEOUT);
}

/**
 * How long it takes to read and to print the rules of ten thousand Services.
 */
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { emptyHost } from "../fuzz/empty-host.ts";
import { serviceRules } from "./rules.ts";

/** What was measured, in milliseconds; the best of the rounds. */
export interface RestoreFigures {
  readonly lines: number;
  readonly restoreMs: number;
  readonly saveMs: number;
}

/** Measures `rounds` times. */
export function benchRestore(services = 10_000, rounds = 3): RestoreFigures {
  const text = serviceRules(services);
  let restoreMs = Number.POSITIVE_INFINITY;
  let saveMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const netfilter = new Netfilter(emptyHost());
    const start = performance.now();
    netfilter.restore(text);
    const middle = performance.now();
    netfilter.save();
    restoreMs = Math.min(restoreMs, middle - start);
    saveMs = Math.min(saveMs, performance.now() - middle);
  }
  return { lines: text.split("\n").length - 1, restoreMs, saveMs };
}

/** Makes the jumps from the built-in chains, by single commands. */
import type { IptablesTool } from "../node.ts";
import type { Jump } from "./base-rules.ts";

/** Makes those of `jumps` that are missing, each at the top of its chain; false: one failed. */
export function ensureJumps(iptables: IptablesTool, jumps: readonly Jump[]): boolean {
  return jumps.every(
    ({ table, from, to, rule }) =>
      iptables.ensureChain(table, to) && iptables.ensureRule("prepend", table, from, rule),
  );
}

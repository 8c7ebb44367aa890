/**
 * Puts an input of iptables-restore together: the filter table, then the nat table, each with the
 * chains it declares and its rules. Pure text.
 */
import { LineText } from "../../../base/line-text.ts";
import { declare } from "./base-rules.ts";

/** One table's part. */
export interface TableText {
  readonly name: "filter" | "nat";
  /** Names of chains; each is emptied if it is there. */
  readonly chains: readonly string[];
  /** Whole lines, without line ends. */
  readonly rules: readonly string[];
}

/** The input for `tables`. */
export function restoreText(tables: readonly TableText[]): LineText {
  const lines: string[] = [];
  for (const { name, chains, rules } of tables) {
    lines.push(`*${name}`);
    for (const chain of chains) lines.push(declare(chain));
    for (const rule of rules) lines.push(rule);
    lines.push("COMMIT");
  }
  return new LineText(lines);
}

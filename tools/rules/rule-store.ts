/**
 * Tables, chains and rules as text: takes inputs of iptables-restore and single commands, prints
 * iptables-save. It holds what a node's rules are without carrying them out.
 *
 * Spec: iptables-restore(8) with --noflush, iptables-save(8).
 */

import type { TableName } from "../../lib/kube/proxy/node.ts";
import { saveSpelling, splitWords } from "./save-spelling.ts";

/** The parts of an iptables tool that only rules are needed for. */
export interface RuleText {
  /** False: the input is refused, and nothing has changed. */
  restore(text: string): boolean;
  ensureChain(table: TableName, chain: string): boolean;
  ensureRule(
    where: "prepend" | "append",
    table: TableName,
    chain: string,
    rule: readonly string[],
  ): boolean;
  deleteRule(table: TableName, chain: string, rule: readonly string[]): boolean;
  flushChain(table: TableName, chain: string): boolean;
  chains(table: TableName): Iterable<string>;
  hasChain(table: TableName, chain: string): boolean;
  /** What iptables-save prints, without comments. */
  save(): string;
}

/** Rules by chain, in the spelling of iptables-save. */
type Chains = Map<string, string[]>;

const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
};

export class RuleStore implements RuleText {
  /** Tables come to be when they are first written to. */
  private tables = new Map<TableName, Chains>();

  restore(text: string): boolean {
    const changed = new Map<TableName, Chains>();
    let table: Chains = new Map();
    let editable = new Set<string[]>();
    try {
      for (const line of text.split("\n")) {
        if (line.startsWith("*")) {
          const name = line.slice(1) as TableName;
          table = new Map(this.table(name));
          changed.set(name, table);
          editable = new Set();
        } else if (line.startsWith(":")) {
          const rules: string[] = [];
          table.set(line.slice(1, line.indexOf(" ")), rules);
          editable.add(rules);
        } else if (line.startsWith("-")) {
          edit(table, editable, splitWords(line));
        }
      }
    } catch {
      return false;
    }
    for (const [name, chains] of changed) this.tables.set(name, chains);
    return true;
  }

  ensureChain(table: TableName, chain: string): boolean {
    const chains = this.table(table);
    if (!chains.has(chain)) chains.set(chain, []);
    return true;
  }

  ensureRule(
    where: "prepend" | "append",
    table: TableName,
    chain: string,
    words: readonly string[],
  ): boolean {
    const rules = this.table(table).get(chain);
    const rule = spelled(words);
    if (rules === undefined || rule === null) return false;
    if (rules.includes(rule)) return true;
    this.table(table).set(chain, where === "append" ? [...rules, rule] : [rule, ...rules]);
    return true;
  }

  deleteRule(table: TableName, chain: string, words: readonly string[]): boolean {
    const rules = this.table(table).get(chain);
    const rule = spelled(words);
    if (rules === undefined || rule === null) return false;
    const index = rules.indexOf(rule);
    if (index !== -1) this.table(table).set(chain, rules.toSpliced(index, 1));
    return true;
  }

  flushChain(table: TableName, chain: string): boolean {
    if (!this.hasChain(table, chain)) return false;
    this.table(table).set(chain, []);
    return true;
  }

  chains(table: TableName): Iterable<string> {
    return this.table(table).keys();
  }

  hasChain(table: TableName, chain: string): boolean {
    return this.table(table).has(chain);
  }

  save(): string {
    const lines: string[] = [];
    for (const name of ["mangle", "filter", "nat"] as const) {
      const chains = this.tables.get(name);
      if (chains === undefined) continue;
      const builtIn = BUILT_IN[name];
      const own = [...chains.keys()].filter((chain) => !builtIn.includes(chain)).sort();
      lines.push(`*${name}`);
      for (const chain of builtIn) lines.push(`:${chain} ACCEPT [0:0]`);
      for (const chain of own) lines.push(`:${chain} - [0:0]`);
      for (const chain of [...builtIn, ...own]) {
        for (const rule of chains.get(chain) ?? []) lines.push(`-A ${chain} ${rule}`);
      }
      lines.push("COMMIT");
    }
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  private table(name: TableName): Chains {
    const known = this.tables.get(name);
    if (known !== undefined) return known;
    const chains: Chains = new Map(BUILT_IN[name].map((chain) => [chain, []]));
    this.tables.set(name, chains);
    return chains;
  }
}

/** Carries out `-A` or `-X`; a chain that is not `editable` yet is copied first. */
function edit(
  chains: Chains,
  editable: Set<string[]>,
  [command, chain = "", ...words]: readonly string[],
): void {
  const rules = chains.get(chain);
  if (rules === undefined) throw new Error(`no chain ${chain}`);
  if (command === "-A") {
    const own = editable.has(rules) ? rules : [...rules];
    own.push(saveSpelling(words));
    chains.set(chain, own);
    editable.add(own);
  } else if (command === "-X") {
    if (rules.length > 0) throw new Error(`chain ${chain} is not empty`);
    chains.delete(chain);
  } else {
    throw new Error(`unknown command ${command}`);
  }
}

function spelled(words: readonly string[]): string | null {
  try {
    return saveSpelling(words);
  } catch {
    return null;
  }
}

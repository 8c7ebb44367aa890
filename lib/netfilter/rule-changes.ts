/**
 * What an edit of a table does with rules: which come and which go, and how much more often chains
 * are jumped to.
 *
 * Kernel: net/netfilter/nf_tables_api.c (nft_data_hold, nf_tables_commit), 6.18.
 */
import type { ChainDraft } from "./chain-draft.ts";
import type { Rule } from "./rule.ts";
import type { RuleBlock } from "./rule-block.ts";
import type { Table } from "./table.ts";
import { ExitStatus, kernelProblem, RuleError } from "./text/errors.ts";

/** What the kernel says of a chain that cannot be deleted. */
export const CHAIN_BUSY = "Device or resource busy";

/** An edit of a table, as far as it matters here. */
export interface ChangedTable {
  readonly table: Table;
  /** Touched chains by name; null for deleted ones. */
  readonly drafts: ReadonlyMap<string, ChainDraft | null>;
  /** New names by old ones; rules of this edit and before it may still use the old. */
  readonly renames: ReadonlyMap<string, string>;
  /** Whether the chain exists, with the changes so far. */
  has(name: string): boolean;
  /** The name that a chain has now. */
  current(name: string): string;
}

/** The rules that one edit brings and takes away. */
export class RuleChanges {
  readonly #edit: ChangedTable;
  readonly #new: Rule[] = [];
  readonly #old: Rule[] = [];
  /** How many more rules need connections to be tracked. */
  #tracking = 0;
  /** How much more often chains are jumped to that have no draft. */
  readonly #references = new Map<string, number>();
  /** Whether jumps of new rules may lead to chains that are no longer those of their names. */
  #relinks = false;

  constructor(edit: ChangedTable) {
    this.#edit = edit;
  }

  /** How many more rules need connections to be tracked, or less if negative. */
  get tracking(): number {
    return this.#tracking;
  }

  /** Chains without a draft that are jumped to more often, or less. */
  get referred(): Iterable<string> {
    return this.#references.keys();
  }

  /** A rule has come. */
  take(rule: Rule): void {
    this.#new.push(rule);
    if (rule.tracks) this.#tracking += 1;
    if (!rule.isJump) return;
    const draft = this.#edit.drafts.get(rule.targetName) ?? null;
    if (draft === null) {
      this.#refer(rule.targetName, 1);
      return;
    }
    draft.references += 1;
    // The same string as in the chain, and not one more for each jump.
    rule.targetName = draft.chain.name;
    rule.jump = draft.chain;
  }

  /** A rule has gone. */
  drop(rule: Rule): void {
    this.#old.push(rule);
    if (rule.tracks) this.#tracking -= 1;
    if (rule.isJump) this.#refer(rule.jump?.name ?? rule.targetName, -1);
  }

  /** A block of rules has come (1) or gone (-1). */
  count(block: RuleBlock, change: 1 | -1): void {
    this.#tracking += change * block.tracking;
    for (const name of block.jumps) this.#refer(name, change);
  }

  /** A chain has been deleted for whose draft so many more jumps were noted. */
  deleted(name: string, references: number): void {
    this.#refer(name, references);
    this.#relinks ||= this.#new.length > 0;
  }

  #refer(name: string, change: number): void {
    const draft = this.#edit.drafts.get(name) ?? null;
    if (draft !== null) draft.references += change;
    else if (change !== 0) {
      this.#references.set(name, (this.#references.get(name) ?? 0) + change);
    }
  }

  /** Throws unless every chain that is jumped to is there. */
  checkReferences(): void {
    const { table, drafts, renames } = this.#edit;
    const before = (name: string): number => table.chains.get(name)?.references ?? 0;
    for (const [name, change] of this.#references) {
      if (before(name) + change <= 0 || this.#edit.has(this.#edit.current(name))) continue;
      throw new RuleError(`chain ${name} is jumped to and does not exist`, {
        exitStatus: ExitStatus.PARAMETER_PROBLEM,
      });
    }
    drafts.forEach((draft, name) => {
      if (draft !== null || renames.has(name)) return;
      if (before(name) + (this.#references.get(name) ?? 0) > 0) {
        throw kernelProblem("CHAIN_DEL", CHAIN_BUSY, `chain ${name}`, "rules still jump to it");
      }
    });
  }

  /** Once the chains are in place: jumps lead to them, and matches and targets take up their work. */
  carryOut(): void {
    const { table, renames } = this.#edit;
    const relinks = this.#relinks || renames.size > 0;
    for (const rule of this.#new) if (relinks || rule.jump === null) this.#link(rule);
    if (renames.size > 0) this.#followRenames();
    for (const rule of this.#new) attachRule(rule);
    for (const rule of this.#old) detachRule(rule);
    for (const [name, change] of this.#references) {
      const chain = table.chains.get(this.#edit.current(name));
      if (chain !== undefined) chain.references += change;
    }
  }

  #link(rule: Rule): void {
    const { table } = this.#edit;
    if (rule.isJump) rule.jump = table.chains.get(this.#edit.current(rule.targetName)) ?? null;
  }

  /** Jumps are printed with the new names. */
  #followRenames(): void {
    for (const { rules } of this.#edit.table.chains.values()) {
      for (const rule of rules) {
        if (rule.jump === null) continue;
        rule.targetName = rule.jump.name;
        rule.saved = null;
      }
    }
  }
}

function attachRule(rule: Rule): void {
  for (const match of rule.matches) match.attach();
  rule.target?.attach();
}

/** A rule has left its table. */
export function detachRule(rule: Rule): void {
  for (const match of rule.matches) match.detach();
  rule.target?.detach();
}

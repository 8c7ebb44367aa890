/**
 * Changes of a table that take effect together or not at all. Chains that are touched get a draft
 * to work on; `commit` checks the result as the kernel does and puts it in place.
 *
 * Kernel: net/netfilter/nf_tables_api.c (nf_tables_commit), 6.18.
 */
import { ChainDraft } from "./chain-draft.ts";
import { checkReach, type ReachEdit } from "./chain-reach.ts";
import type { Rule } from "./rule.ts";
import type { ChainItem, RuleBlock } from "./rule-block.ts";
import { CHAIN_BUSY, type ChangedTable, RuleChanges } from "./rule-changes.ts";
import { Chain, type Table, type TableRegistry } from "./table.ts";
import type { CommittedEdit } from "./table-outcome.ts";
import { ExitStatus, kernelProblem, noSuchChain, RuleError, type RuleVerb } from "./text/errors.ts";

/** Rules of one chain that are read. */
export interface ChainBlock {
  readonly chain: string;
  readonly rules: RuleBlock;
}

/** One transaction on one table. */
export class TableEdit implements ReachEdit, ChangedTable, CommittedEdit {
  readonly table: Table;
  readonly drafts = new Map<string, ChainDraft | null>();
  readonly added = new Map<string, readonly RuleBlock[]>();
  readonly #registry: TableRegistry;
  /** What was done last with a rule, for messages. */
  verb: RuleVerb = "APPEND";
  /** Something was added or set; without that a table neither comes into being nor stays. */
  #touched = false;
  #cleared = false;
  readonly #changes: RuleChanges;
  /** Chains whose bounds the edit has changed. */
  #reached: Iterable<string> = [];
  /** New names by old ones; rules of this edit and before it may still use the old. */
  readonly renames = new Map<string, string>();

  constructor(table: Table, registry: TableRegistry) {
    this.table = table;
    this.#registry = registry;
    this.#changes = new RuleChanges(this);
  }

  /** Whether the chain exists, with the changes so far. */
  has(name: string): boolean {
    const draft = this.drafts.get(name);
    return draft === undefined ? this.table.chains.has(name) : draft !== null;
  }

  /** The rules of a chain, with the changes so far; not to be changed. */
  rules(name: string): readonly Rule[] {
    const draft = this.drafts.get(name);
    if (draft === null) throw noSuchChain();
    if (draft !== undefined) return this.#own(draft);
    const chain = this.table.chains.get(name);
    if (chain === undefined) throw noSuchChain();
    return chain.rules;
  }

  /** Names of the chains, with the changes so far. */
  chainNames(): string[] {
    const names = [...this.table.chains.keys()].filter((name) => this.has(name));
    for (const [name, draft] of this.drafts) {
      if (draft !== null && !this.table.chains.has(name)) names.push(name);
    }
    return names;
  }

  /** Whether the kernel has the table. */
  get isThere(): boolean {
    return this.#touched || this.#registry.has(this.table);
  }

  /** A built-in chain was named: that brings it and its table into being. */
  declare(name: string): void {
    this.#draft(name).exists = true;
    this.#touched = true;
  }

  /** Whether the kernel has the chain; built-in ones may be but shown. */
  exists(name: string): boolean {
    const draft = this.drafts.get(name);
    return this.has(name) && (draft ?? this.table.chains.get(name))?.exists === true;
  }

  /** Makes a user chain. */
  newChain(name: string): void {
    this.#touched = true;
    if (this.has(name)) {
      throw new RuleError("Chain already exists.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    this.drafts.set(name, ChainDraft.empty(new Chain(this.table, name, null)));
  }

  /** Makes a user chain, or empties it. */
  renew(name: string): void {
    const draft = this.drafts.get(name) ?? null;
    if (draft !== null || this.has(name)) this.flush(name);
    else this.newChain(name);
  }

  /** Takes all rules out of a chain. */
  flush(name: string): void {
    for (const rule of this.#draft(name).flush()) this.#changes.drop(rule);
  }

  /** Whether a built-in chain does nothing, so that `-X` may delete it. */
  isIdle(name: string): boolean {
    const { policyAccepts, items } = this.#draft(name);
    return policyAccepts && items.length === 0;
  }

  /**
   * Appends blocks of rules to chains that this edit has made or emptied. False if they have not
   * been: then nothing has happened. Whether the chains are there that they jump to is seen at
   * `commit`.
   */
  appendBlocks(blocks: readonly ChainBlock[]): boolean {
    for (const { chain } of blocks) {
      const draft = this.drafts.get(chain) ?? null;
      if (draft === null || draft.former === null) return false;
    }
    for (const { chain, rules } of blocks) {
      const draft = this.#draft(chain);
      draft.exists = true;
      draft.ownItems.push(rules);
    }
    this.#touched = true;
    return true;
  }

  /** Deletes a chain, which must be empty and not be jumped to. */
  deleteChain(name: string): void {
    const draft = this.#draft(name);
    if (!draft.exists) throw noSuchChain();
    if (!draft.policyAccepts) {
      throw new RuleError("Directory not empty.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    if (draft.items.length > 0) {
      throw kernelProblem("CHAIN_DEL", CHAIN_BUSY, `chain ${name}`, "flush it first");
    }
    this.#settle(name, draft);
    this.#delete(name, draft);
  }

  #delete(name: string, { chain, references }: ChainDraft): void {
    this.drafts.set(name, chain.builtIn ? ChainDraft.empty(chain) : null);
    this.#changes.deleted(name, references);
  }

  /** Renames a user chain; jumps to it follow. */
  renameChain(name: string, to: string): void {
    if (this.has(to)) {
      throw new RuleError("File exists.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    const draft = this.#draft(name);
    // Not modelled: another name for a built-in chain, with which the tool itself cannot deal.

    if (draft.chain.builtIn) {
      throw new RuleError(`built-in chains cannot be renamed here: ${name}`, {
        code: "VW_RULE_UNSUPPORTED",
      });
    }
    for (const other of this.chainNames()) this.#own(this.#draft(other));
    this.renames.set(name, to);
    this.drafts.set(name, null);
    this.drafts.set(to, draft);
  }

  /** Puts a rule at the end. */
  append(name: string, rule: Rule): void {
    const draft = this.#draft(name);
    draft.exists = true;
    // The counters of blocks that were there before must not be lost.
    if (draft.former === null) this.#own(draft);
    draft.ownItems.push(rule);
    this.#take(rule);
  }

  /** Puts a rule at `number`, counted from 1. */
  insert(name: string, number: number, rule: Rule): void {
    const rules = this.#own(this.#draft(name));
    if (number > rules.length + 1) throw outOfRange("Index of insertion too big.");
    this.declare(name);
    rules.splice(number - 1, 0, rule);
    this.#take(rule);
  }

  /** Puts a rule in the place of another. */
  replace(name: string, number: number, rule: Rule): void {
    if (!this.exists(name)) throw noSuchChain();
    const rules = this.#own(this.#draft(name));
    const old = rules[number - 1];
    if (old === undefined) throw outOfRange("Index of replacement too big.");
    rules[number - 1] = rule;
    this.#changes.drop(old);
    this.#take(rule);
  }

  /** Takes the rule at `number` out. */
  deleteNumber(name: string, number: number): void {
    if (!this.exists(name)) throw noSuchChain();
    const rules = this.#own(this.#draft(name));
    const [old] = rules.splice(number - 1, 1);
    if (old === undefined) throw outOfRange("Index of deletion too big.");
    this.#changes.drop(old);
  }

  setPolicy(name: string, accepts: boolean): void {
    const draft = this.#draft(name);
    draft.policyAccepts = accepts;
    draft.counts = true;
    this.declare(name);
  }

  setCounters(name: string, packets: number, bytes: number): void {
    const draft = this.#draft(name);
    draft.packets = packets;
    draft.bytes = bytes;
  }

  /** Empties the table: all rules, all user chains, policies back to ACCEPT. */
  clear(): void {
    this.#cleared = true;
    for (const name of this.chainNames()) {
      const draft = this.#draft(name);
      for (const rule of draft.flush()) this.#changes.drop(rule);
      this.#settle(name, draft);
      this.#delete(name, draft);
    }
  }

  /** Checks everything and puts it in place. Throws without a change if it cannot be. */
  commit(): void {
    // With forEach, for that makes no array for each of what may be tens of thousands of chains.
    this.drafts.forEach((draft, name) => {
      if (draft !== null) this.#settle(name, draft);
    });
    this.#changes.checkReferences();
    this.#reached = checkReach(this, this.renames.size > 0 || this.#cleared);
    this.#place();
    this.#changes.carryOut();
    this.#registry.tracking(this.#changes.tracking);
    if (this.#touched) this.#registry.place(this.table);
    else if (this.#cleared) this.#registry.discard(this.table);
    this.#registry.committed(this);
  }

  get neighbours(): Iterable<string> {
    return new Set([...this.#changes.referred, ...this.#reached]);
  }

  get tracking(): number {
    return this.#changes.tracking;
  }

  get placed(): boolean {
    return this.#touched;
  }

  #place(): void {
    const { chains } = this.table;
    let changes = 0;
    this.drafts.forEach((draft, name) => {
      if (draft === null && chains.delete(name)) changes += 1;
    });
    this.drafts.forEach((draft, name) => {
      if (draft === null) return;
      draft.place(name);
      if (chains.get(name) === draft.chain) return;
      chains.set(name, draft.chain);
      changes += 1;
    });
    if (changes > 0) this.#registry.chainsChanged();
  }

  /** The name that a chain has now. */
  current(name: string): string {
    return this.renames.size === 0 ? name : (this.renames.get(name) ?? name);
  }

  #draft(name: string): ChainDraft {
    const known = this.drafts.get(name);
    if (known === null) throw noSuchChain();
    if (known !== undefined) return known;
    const chain = this.table.chains.get(name);
    if (chain === undefined) throw noSuchChain();
    const draft = ChainDraft.of(chain);
    this.drafts.set(name, draft);
    return draft;
  }

  /** The rules of a draft, each as one of its own, so that they can be told apart and changed. */
  #own(draft: ChainDraft): Rule[] {
    const { items, chain } = draft;
    if (draft.hasBlocks) {
      const wasFull = draft.former === null;
      const rules = wasFull ? chain.rules.slice() : this.table.rulesOf(items);
      const before: ReadonlySet<ChainItem> = new Set(items);
      if (wasFull) draft.flush();
      draft.fill(rules);
      for (const rule of rules) if (!before.has(rule)) this.#take(rule);
    }
    return draft.ownItems as Rule[];
  }

  #take(rule: Rule): void {
    this.#touched = true;
    this.#changes.take(rule);
  }

  /** Takes note of the blocks that a draft has got and lost. */
  #settle(name: string, draft: ChainDraft): void {
    const { added, removed } = draft.settle();
    if (added.length > 0) this.added.set(name, added);
    for (const block of added) this.#changes.count(block, 1);
    for (const block of removed) this.#changes.count(block, -1);
  }
}

function outOfRange(problem: string): RuleError {
  return new RuleError(problem, { exitStatus: ExitStatus.OTHER_PROBLEM });
}

/**
 * Tables and their chains. Which tables there are, at which hooks and in which order, is the
 * kernel's; a table comes into being when it is first used, with all its built-in chains.
 *
 * Kernel: net/ipv4/netfilter/iptable_{raw,mangle,nat,filter}.c, iptable_security.c, 6.18.
 */
import { assert } from "../base/assert.ts";
import { ChainContents } from "./chain-contents.ts";
import type { Engine } from "./engine.ts";
import { HOOK_NAMES, Hook } from "./hooks.ts";
import { Rule } from "./rule.ts";
import type { ChainItem, SharedRule } from "./rule-block.ts";
import type { CommittedEdit } from "./table-outcome.ts";

/** The tables, in the order in which iptables-save prints them. */
export const TABLE_NAMES = ["mangle", "security", "raw", "filter", "nat"] as const;
/** The tables of iptables. */
export type TableName = (typeof TABLE_NAMES)[number];

const HOOKS: Readonly<Record<TableName, readonly Hook[]>> = {
  mangle: [Hook.PREROUTING, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING],
  security: [Hook.INPUT, Hook.FORWARD, Hook.OUTPUT],
  raw: [Hook.PREROUTING, Hook.OUTPUT],
  filter: [Hook.INPUT, Hook.FORWARD, Hook.OUTPUT],
  nat: [Hook.PREROUTING, Hook.INPUT, Hook.OUTPUT, Hook.POSTROUTING],
};

const NO_RULES: readonly Rule[] = [];

/** Whether `name` is that of a table. */
export function isTableName(name: string): name is TableName {
  return (TABLE_NAMES as readonly string[]).includes(name);
}

/** The hooks at which a table has a built-in chain. */
export function hooksOf(table: TableName): readonly Hook[] {
  return HOOKS[table];
}

/** A chain. Built-in ones have a hook and a policy. */
export class Chain {
  name: string;
  readonly #owner: Table;
  readonly hook: Hook | null;
  /** What happens at the end of a built-in chain: true for ACCEPT. */
  policyAccepts = true;
  /**
   * Whether packets that reach the end of a built-in chain are counted: only once somebody has set
   * its policy, for iptables gives the chain its counters with that.
   */
  counts = false;
  /**
   * Whether the kernel has it. iptables shows all built-in chains of a table, but makes each when it
   * is first named, and deletes those that `-X` finds empty.
   */
  exists: boolean;
  packets = 0;
  bytes = 0;
  #contents = ChainContents.NONE;
  /** Its rules; null: they have not all been made. */
  #rules: readonly Rule[] | null = NO_RULES;
  /** Those that packets have met, which are few of many. */
  #met: Rule[] = [];
  /** How many rules jump here. */
  references = 0;
  /** Calls from here go no deeper than this, this chain counted; 0 if nobody has looked. */
  height = 0;
  /** Bits of hooks at which all that it reaches may be; known if `height` is. */
  hooks = 0;

  constructor(owner: Table, name: string, hook: Hook | null) {
    this.#owner = owner;
    this.name = name;
    this.hook = hook;
    this.exists = hook === null;
  }

  /** The table that it belongs to. */
  get table(): TableName {
    return this.#owner.name;
  }

  /** What it consists of. */
  get contents(): ChainContents {
    return this.#contents;
  }

  /** Its rules; those of blocks that no packet has met are made when this is first asked for. */
  get rules(): readonly Rule[] {
    if (this.#rules === null) {
      const rules: Rule[] = [];
      for (let at = 0; at < this.#contents.length; at += 1) rules.push(this.rule(at));
      this.#rules = rules;
    }
    return this.#rules;
  }

  /** The rule at a position below `contents.length`; made when it is first met. @hot */
  rule(position: number): Rule {
    return (this.#rules ?? this.#met)[position] ?? this.#meet(position);
  }

  #meet(position: number): Rule {
    const { length, lines } = this.#contents;
    const line = lines[position];
    assert(line !== undefined, "a chain has no rule at a position");
    const rule = line instanceof Rule ? line : this.#owner.make(line);
    if (this.#met.length === 0) this.#met = new Array<Rule>(length);
    this.#met[position] = rule;
    return rule;
  }

  /** Takes what it consists of from now on. */
  fill(contents: ChainContents): void {
    this.#contents = contents;
    this.#rules = contents.ownRules;
    this.#met = [];
  }

  get builtIn(): boolean {
    return this.hook !== null;
  }
}

/** A table. */
export class Table {
  readonly name: TableName;
  readonly chains = new Map<string, Chain>();
  /** The built-in chains by hook. */
  readonly base: (Chain | null)[] = [null, null, null, null, null];
  readonly #engine: Engine | null;

  /** `engine` is what rules of blocks are made with; null: it is but shown. */
  constructor(name: TableName, engine: Engine | null = null) {
    this.name = name;
    this.#engine = engine;
    for (const hook of HOOKS[name]) {
      const chain = new Chain(this, HOOK_NAMES[hook], hook);
      this.chains.set(chain.name, chain);
      this.base[hook] = chain;
    }
  }

  /** A line's rule on this host, with its jump found. */
  make(line: SharedRule): Rule {
    assert(this.#engine !== null, "a table with rules has a host");
    const rule = line.make(this.#engine);
    if (rule.isJump) rule.jump = this.chains.get(rule.targetName) ?? null;
    return rule;
  }

  /** The rules that items stand for; those of blocks are new. */
  rulesOf(items: readonly ChainItem[]): Rule[] {
    return new ChainContents(items).lines.map((line) =>
      line instanceof Rule ? line : this.make(line),
    );
  }

  /** The chains as iptables-save orders them: built-in ones by hook, then the others by name. */
  sortedChains(): Chain[] {
    // Sorted by V8 itself, for which there may be tens of thousands.
    const sorted = [...this.chains.keys()].sort();
    const chains = this.base.filter((chain) => chain !== null);
    for (const name of sorted) {
      const chain = this.chains.get(name);
      if (chain !== undefined && !chain.builtIn) chains.push(chain);
    }
    return chains;
  }
}

/** What a host does about its tables. */
export interface TableRegistry {
  /** Whether the table is there. */
  has(table: Table): boolean;
  /** The table is there, now or already before. */
  place(table: Table): void;
  /** It is gone. */
  discard(table: Table): void;
  /** An edit has taken effect. */
  committed(edit: CommittedEdit): void;
  /** Chains have come or gone. */
  chainsChanged(): void;
  /** So many more rules need connections to be tracked, or less if negative. */
  tracking(rules: number): void;
}

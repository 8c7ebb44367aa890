/**
 * Changes of a table that take effect together or not at all. Chains that are touched get a copy of
 * their rules to work on; `commit` checks the result as the kernel does and puts it in place.
 *
 * Kernel: net/netfilter/nf_tables_api.c (nf_tables_commit, nft_chain_validate), 6.18.
 */
import { MAX_JUMP_DEPTH } from "./evaluate.ts";
import { HOOK_NAMES } from "./hooks.ts";
import { ALL_HOOKS, type Rule } from "./rule.ts";
import { Chain, type Table } from "./table.ts";
import { ExitStatus, RuleError } from "./text/errors.ts";

/** A chain as it will be. */
interface Draft {
  readonly chain: Chain;
  rules: Rule[];
  /** Rules that a flush has taken out; those from `formerAt` on have not been put back. */
  former: readonly Rule[];
  formerAt: number;
  policyAccepts: boolean;
  counts: boolean;
  exists: boolean;
  packets: number;
  bytes: number;
}

/** An empty chain with the policy ACCEPT. */
function newDraft(chain: Chain): Draft {
  const counters = { policyAccepts: true, counts: false, packets: 0, bytes: 0 };
  const exists = !chain.builtIn;
  return { chain, rules: [], former: NO_RULES, formerAt: 0, exists, ...counters };
}

const NO_RULES: readonly Rule[] = [];
/** How far ahead in a flushed chain's rules the next line is looked for. */
const LOOK_AHEAD = 8;

/** The tool's message when something that is named does not exist. */
export function noSuchChain(): RuleError {
  return new RuleError("No chain/target/match by that name.", {
    exitStatus: ExitStatus.OTHER_PROBLEM,
  });
}

/** The kernel's refusal of one step, in the tool's words. */
export function kernelProblem(step: string, errno: string, what: string, hint: string): RuleError {
  return new RuleError(`${step} failed (${errno}): ${what}`, {
    exitStatus: ExitStatus.RESOURCE_PROBLEM,
    hint,
  });
}

/** How the tool calls what was done with a rule. */
export type RuleVerb = "APPEND" | "INSERT" | "REPLACE";

/** Where a table goes when it comes into being, or is deleted. */
export interface TableRegistry {
  /** Whether the table is there. */
  has(table: Table): boolean;
  /** The table is there, now or already before. */
  place(table: Table): void;
  /** It is gone. */
  discard(table: Table): void;
}

/** One transaction on one table. */
export class TableEdit {
  readonly table: Table;
  readonly #registry: TableRegistry;
  /** What was done last with a rule, for messages. */
  verb: RuleVerb = "APPEND";
  /** Something was added or set; without that a table neither comes into being nor stays. */
  #touched = false;
  #cleared = false;
  /** Touched chains by name; null for deleted ones. */
  readonly #drafts = new Map<string, Draft | null>();
  readonly #added: Rule[] = [];
  readonly #removed: Rule[] = [];
  /** Rules that were flushed and put back. */
  readonly #kept: Rule[] = [];
  /** The flushed chain that is being filled, and how its lines begin. */
  #refill: Draft | null = null;
  #refillPrefix = "";
  /** Whether chains have gone or have got other names. */
  #deletes = false;
  /** How often chains are jumped to, as far as this edit changes it. */
  readonly #references = new Map<string, number>();

  constructor(table: Table, registry: TableRegistry) {
    this.table = table;
    this.#registry = registry;
  }

  /** Whether the chain exists, with the changes so far. */
  has(name: string): boolean {
    const draft = this.#drafts.get(name);
    return draft === undefined ? this.table.chains.has(name) : draft !== null;
  }

  /** The rules of a chain, with the changes so far; not to be changed. */
  rules(name: string): readonly Rule[] {
    const draft = this.#drafts.get(name);
    if (draft === null) throw noSuchChain();
    if (draft !== undefined) return draft.rules;
    const chain = this.table.chains.get(name);
    if (chain === undefined) throw noSuchChain();
    return chain.rules;
  }

  /** Names of the chains, with the changes so far. */
  chainNames(): string[] {
    const names = [...this.table.chains.keys()].filter((name) => this.has(name));
    for (const [name, draft] of this.#drafts) {
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
    const draft = this.#drafts.get(name);
    return this.has(name) && (draft ?? this.table.chains.get(name))?.exists === true;
  }

  /** Makes a user chain. */
  newChain(name: string): void {
    this.#touched = true;
    if (this.has(name)) {
      throw new RuleError("Chain already exists.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    const chain = new Chain(this.table.name, name, null);
    this.#drafts.set(name, newDraft(chain));
  }

  /** Takes all rules out of a chain. */
  flush(name: string): void {
    const draft = this.#draft(name);
    this.#dropFormer(draft, draft.former.length);
    draft.former = draft.rules;
    draft.formerAt = 0;
    draft.rules = [];
  }

  /** Whether a built-in chain does nothing, so that `-X` may delete it. */
  isIdle(name: string): boolean {
    const { policyAccepts, rules } = this.#draft(name);
    return policyAccepts && rules.length === 0;
  }

  /**
   * Appends the rule of a line `-A CHAIN …` without reading it, if this edit has flushed that rule
   * out of the chain; false if it has not. Text that fills a chain as it was before leaves rules
   * as they are, with counters at 0: what reading it again would lead to.
   */
  appendFormer(line: string): boolean {
    const draft = this.#flushed(line);
    if (draft === null) return false;
    const { former, formerAt } = draft;
    const last = Math.min(former.length, formerAt + LOOK_AHEAD);
    for (let index = formerAt; index < last; index += 1) {
      const rule = former[index];
      if (rule === undefined || rule.line !== line) continue;
      if (this.#deletes && rule.isJump) return false;
      this.#dropFormer(draft, index);
      draft.formerAt = index + 1;
      draft.rules.push(rule);
      this.#kept.push(rule);
      this.#touched = true;
      return true;
    }
    return false;
  }

  /** The flushed chain that a line `-A CHAIN …` appends to, or null. */
  #flushed(line: string): Draft | null {
    const refill = this.#refill;
    if (refill !== null && refill.former[refill.formerAt]?.line === line) return refill;
    if (refill !== null && line.startsWith(this.#refillPrefix)) return refill;
    const blank = line.indexOf(" ", APPEND.length);
    if (blank === -1 || !line.startsWith(APPEND)) return null;
    const name = line.slice(APPEND.length, blank);
    const draft = this.#drafts.get(name) ?? null;
    if (draft === null || draft.former.length === 0) return null;
    this.#refill = draft;
    this.#refillPrefix = `${APPEND}${name} `;
    return draft;
  }

  /** Rules that were flushed and do not come back. */
  #dropFormer(draft: Draft, end: number): void {
    for (let index = draft.formerAt; index < end; index += 1) {
      const rule = draft.former[index];
      if (rule !== undefined) this.#drop(rule);
    }
    draft.formerAt = end;
  }

  /** Deletes a chain, which must be empty and not be jumped to. */
  deleteChain(name: string): void {
    const draft = this.#draft(name);
    if (!draft.exists) throw noSuchChain();
    if (!draft.policyAccepts) {
      throw new RuleError("Directory not empty.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    if (draft.rules.length > 0) {
      throw kernelProblem("CHAIN_DEL", BUSY, `chain ${name}`, "flush it first");
    }
    this.#dropFormer(draft, draft.former.length);
    this.#drafts.set(name, draft.chain.builtIn ? newDraft(draft.chain) : null);
    this.#forgetRefill();
  }

  // Not modelled: another name for a built-in chain, with which the tool itself cannot deal.
  /** Renames a user chain; jumps to it follow. */
  renameChain(name: string, to: string): void {
    if (this.has(to)) {
      throw new RuleError("File exists.", { exitStatus: ExitStatus.OTHER_PROBLEM });
    }
    const draft = this.#draft(name);
    if (draft.chain.builtIn) {
      throw new RuleError(`built-in chains cannot be renamed here: ${name}`, {
        code: "VW_RULE_UNSUPPORTED",
      });
    }
    this.#renames.set(name, to);
    this.#drafts.set(name, null);
    this.#drafts.set(to, draft);
    this.#forgetRefill();
  }

  #forgetRefill(): void {
    this.#deletes = true;
    this.#refill = null;
  }

  /** New names by old ones; rules of this edit and before it may still use the old. */
  readonly #renames = new Map<string, string>();

  /** Puts a rule at the end. */
  append(name: string, rule: Rule): void {
    const draft = this.#draft(name);
    draft.exists = true;
    draft.rules.push(rule);
    this.#take(rule);
  }

  /** Puts a rule at `number`, counted from 1. */
  insert(name: string, number: number, rule: Rule): void {
    const { rules } = this.#draft(name);
    if (number > rules.length + 1) throw outOfRange("Index of insertion too big.");
    this.declare(name);
    rules.splice(number - 1, 0, rule);
    this.#take(rule);
  }

  /** Puts a rule in the place of another. */
  replace(name: string, number: number, rule: Rule): void {
    if (!this.exists(name)) throw noSuchChain();
    const { rules } = this.#draft(name);
    const old = rules[number - 1];
    if (old === undefined) throw outOfRange("Index of replacement too big.");
    rules[number - 1] = rule;
    this.#drop(old);
    this.#take(rule);
  }

  /** Takes the rule at `number` out. */
  deleteNumber(name: string, number: number): void {
    if (!this.exists(name)) throw noSuchChain();
    const { rules } = this.#draft(name);
    const [old] = rules.splice(number - 1, 1);
    if (old === undefined) throw outOfRange("Index of deletion too big.");
    this.#drop(old);
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
    this.#forgetRefill();
    for (const draft of this.#drafts.values()) {
      if (draft !== null) this.#dropFormer(draft, draft.former.length);
    }
    for (const chain of this.table.chains.values()) {
      for (const rule of this.rules(chain.name)) this.#drop(rule);
      if (chain.builtIn) {
        this.#drafts.set(chain.name, newDraft(chain));
      } else {
        this.#drafts.set(chain.name, null);
      }
    }
  }

  /** Checks everything and puts it in place. Throws without a change if it cannot be. */
  commit(): void {
    for (const draft of this.#drafts.values()) {
      if (draft !== null) this.#dropFormer(draft, draft.former.length);
    }
    this.#checkReferences();
    const reaches = this.#validated();
    for (const [name, draft] of this.#drafts) {
      if (draft === null) this.table.chains.delete(name);
    }
    for (const [name, draft] of this.#drafts) {
      if (draft !== null) this.#place(name, draft);
    }
    for (const [name, { height, hooks }] of reaches) {
      const chain = this.table.chains.get(name);
      if (chain === undefined) continue;
      chain.height = height;
      chain.hooks = hooks;
    }
    for (const rule of this.#kept) {
      rule.packets = 0;
      rule.bytes = 0;
    }
    if (this.#deletes) for (const rule of this.#kept) this.#link(rule);
    for (const rule of this.#added) this.#link(rule);
    if (this.#renames.size > 0) this.#followRenames();
    for (const rule of this.#added) attachRule(rule);
    for (const rule of this.#removed) detachRule(rule);
    for (const [name, change] of this.#references) {
      const chain = this.table.chains.get(this.#current(name));
      if (chain !== undefined) chain.references += change;
    }
    if (this.#touched) this.#registry.place(this.table);
    else if (this.#cleared) this.#registry.discard(this.table);
  }

  #place(name: string, draft: Draft): void {
    const { chain } = draft;
    chain.name = name;
    chain.rules = draft.rules;
    chain.policyAccepts = draft.policyAccepts;
    chain.counts = draft.counts;
    chain.exists = draft.exists;
    chain.packets = draft.packets;
    chain.bytes = draft.bytes;
    chain.version += 1;
    chain.isDrafted = false;
    this.table.chains.set(name, chain);
  }

  #link(rule: Rule): void {
    if (rule.isJump) rule.jump = this.table.chains.get(this.#current(rule.targetName)) ?? null;
  }

  /** Jumps are printed with the new names. */
  #followRenames(): void {
    for (const { rules } of this.table.chains.values()) {
      for (const rule of rules) {
        if (rule.jump === null) continue;
        rule.targetName = rule.jump.name;
        rule.line = "";
      }
    }
  }

  #current(name: string): string {
    return this.#renames.get(name) ?? name;
  }

  #draft(name: string): Draft {
    const known = this.#drafts.get(name);
    if (known === null) throw noSuchChain();
    if (known !== undefined) return known;
    const chain = this.table.chains.get(name);
    if (chain === undefined) throw noSuchChain();
    const { policyAccepts, counts, exists, packets, bytes } = chain;
    const counters = { policyAccepts, counts, exists, packets, bytes };
    const draft = { chain, rules: chain.rules.slice(), former: NO_RULES, formerAt: 0, ...counters };
    this.#drafts.set(name, draft);
    chain.isDrafted = true;
    return draft;
  }

  #take(rule: Rule): void {
    this.#touched = true;
    this.#added.push(rule);
    this.#count(rule, 1);
  }

  #drop(rule: Rule): void {
    this.#removed.push(rule);
    this.#count(rule, -1);
  }

  #count(rule: Rule, change: number): void {
    if (!rule.isJump) return;
    const name = rule.jump?.name ?? rule.targetName;
    this.#references.set(name, (this.#references.get(name) ?? 0) + change);
  }

  /** Every chain that is jumped to must be there. */
  #checkReferences(): void {
    for (const [name, change] of this.#references) {
      const before = this.table.chains.get(name)?.references ?? 0;
      if (before + change <= 0 || this.has(this.#current(name))) continue;
      throw new RuleError(`chain ${name} is jumped to and does not exist`, {
        exitStatus: ExitStatus.PARAMETER_PROBLEM,
      });
    }
    for (const [name, draft] of this.#drafts) {
      if (draft !== null || this.#renames.has(name)) continue;
      const references = this.table.chains.get(name)?.references ?? 0;
      if (references + (this.#references.get(name) ?? 0) > 0) {
        throw kernelProblem("CHAIN_DEL", BUSY, `chain ${name}`, "rules still jump to it");
      }
    }
  }

  #tooDeep(base: string): RuleError {
    const hint = `chains may call each other ${MAX_JUMP_DEPTH} deep and not in circles`;
    return this.#ruleProblem("Too many links", base, hint);
  }

  #ruleProblem(errno: string, chain: string, hint: string): RuleError {
    return kernelProblem(`RULE_${this.verb}`, errno, `rule in chain ${chain}`, hint);
  }

  /** Refuses loops, too deep calls, and modules at hooks where they cannot be. */
  #validated(): ReadonlyMap<string, Reach> {
    const reaches = new Map<string, Reach>();
    if (this.#reachesStay(reaches)) return reaches;
    reaches.clear();
    for (const base of this.table.base) {
      if (base === null) continue;
      const { height, hooks } = this.#reach(base.name, base.name, reaches);
      if (height > MAX_JUMP_DEPTH) throw this.#tooDeep(base.name);
      if ((hooks & (1 << (base.hook ?? 0))) !== 0) continue;
      const hint = `a rule that ${base.name} reaches has a part that works only in ${hookList(hooks)}`;
      throw this.#ruleProblem("Invalid argument", base.name, hint);
    }
    for (const chain of this.table.chains.values()) chain.height = 0;
    return reaches;
  }

  /**
   * Whether all chains that were there lead as deep and to the same hooks as before: then so do
   * those that call them. A loop would need a chain that has become higher.
   */
  #reachesStay(reaches: Map<string, Reach>): boolean {
    if (this.#renames.size > 0) return false;
    for (const [name, draft] of this.#drafts) {
      if (draft === null) continue;
      const reach = this.#drafted(name, reaches);
      if (reach === null || reach.height > MAX_JUMP_DEPTH) return false;
      const { chain } = draft;
      if (this.table.chains.get(name) !== chain) continue;
      if (chain.height !== reach.height || chain.hooks !== reach.hooks) return false;
    }
    return true;
  }

  /** As `#reach`, with what is known of chains that are not touched; null: nothing is known. */
  #drafted(name: string, reaches: Map<string, Reach>): Reach | null {
    const known = reaches.get(name);
    if (known !== undefined) return known.height === IN_PROGRESS ? null : known;
    const draft = this.#drafts.get(name);
    if (draft === null) return null;
    if (draft === undefined) {
      const chain = this.table.chains.get(name);
      return chain === undefined || chain.height === 0 ? null : chain;
    }
    const reach = { height: IN_PROGRESS, hooks: ALL_HOOKS };
    reaches.set(name, reach);
    let below = 0;
    for (const rule of draft.rules) {
      reach.hooks &= rule.validHooks;
      if (!rule.isJump) continue;
      const { jump } = rule;
      const isKnown = jump !== null && !jump.isDrafted && jump.height > 0;
      const next = isKnown ? jump : this.#drafted(rule.targetName, reaches);
      if (next === null) return null;
      reach.hooks &= next.hooks;
      below = Math.max(below, next.height);
    }
    reach.height = below + 1;
    return reach;
  }

  /** How deep calls from a chain go, and at which hooks all that it reaches may be. */
  #reach(name: string, base: string, reaches: Map<string, Reach>): Reach {
    const known = reaches.get(name);
    if (known !== undefined) {
      if (known.height === IN_PROGRESS) throw this.#tooDeep(base);
      return known;
    }
    const reach = { height: IN_PROGRESS, hooks: ALL_HOOKS };
    reaches.set(name, reach);
    let below = 0;
    const rules = this.rules(name);
    for (let index = 0; index < rules.length; index += 1) {
      const rule = rules[index];
      if (rule === undefined) continue;
      reach.hooks &= rule.validHooks;
      if (!rule.isJump) continue;
      const target = rule.jump?.name ?? rule.targetName;
      const next = this.#reach(this.#current(target), base, reaches);
      reach.hooks &= next.hooks;
      below = Math.max(below, next.height);
    }
    reach.height = below + 1;
    return reach;
  }
}

/** What a chain leads to. */
interface Reach {
  height: number;
  hooks: number;
}

/** Height of a chain that is being looked at: to come back to it is a loop. */
const IN_PROGRESS = -1;
const APPEND = "-A ";
const BUSY = "Device or resource busy";

function hookList(hooks: number): string {
  return HOOK_NAMES.filter((_name, hook) => (hooks & (1 << hook)) !== 0).join(", ");
}

function attachRule(rule: Rule): void {
  for (const match of rule.matches) match.attach();
  rule.target?.attach();
}

function detachRule(rule: Rule): void {
  for (const match of rule.matches) match.detach();
  rule.target?.detach();
}

function outOfRange(problem: string): RuleError {
  return new RuleError(problem, { exitStatus: ExitStatus.OTHER_PROBLEM });
}

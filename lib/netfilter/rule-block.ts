/**
 * Rules that many hosts have alike. kube-proxies of a cluster write the same lines on every node;
 * such lines are read once, and a host makes its own rules of them when a packet first meets the
 * chain, or somebody looks at it.
 */
import type { Engine } from "./engine.ts";
import type { RuleContext, Session } from "./extension.ts";
import { type HeaderMatch, type Match, Rule, type Target, type Verdict } from "./rule.ts";
import type { TableName } from "./table.ts";

/** What a rule's line says; all are shared. */
export interface RuleParts {
  readonly header: HeaderMatch;
  readonly matches: readonly Session<Match>[];
  readonly target: Session<Target> | null;
  readonly verdict: Verdict;
  readonly targetName: string;
  readonly isGoto: boolean;
}

/** Makes the rule of its parts on one host. Throws `RuleError` where a module refuses them. */
function makeRule(parts: RuleParts, engine: Engine, table: TableName): Rule {
  const { header, verdict, targetName, isGoto } = parts;
  const matches: Match[] = [];
  const context: RuleContext = { engine, table, header, matches, refusal: null };
  for (const session of parts.matches) matches.push(session.finish(context));
  const target = parts.target?.finish(context) ?? null;
  // A copy has no more room than it needs; there are many.
  return new Rule({ header, matches: matches.slice(), target, verdict, targetName, isGoto });
}

/** One line, read for all hosts. */
export class SharedRule {
  /** The rule of the host for which the line was read, in no table. Its parts may serve others. */
  readonly first: Rule;
  readonly #parts: RuleParts;
  readonly #table: TableName;
  readonly #isForAll: boolean;

  /** `first` has been made of the parts, and is in no table. */
  private constructor(parts: RuleParts, table: TableName, first: Rule) {
    this.#parts = parts;
    this.#table = table;
    this.first = first;
    const modules = [...parts.matches, ...(parts.target === null ? [] : [parts.target])];
    this.#isForAll = modules.every(({ module }) => module.reuse === "instance");
  }

  /** Null if the parts must be read again for each host. */
  static of(parts: RuleParts, table: TableName, first: Rule): SharedRule | null {
    const { matches, target } = parts;
    if (target?.module.reuse === "none") return null;
    if (matches.some(({ module }) => module.reuse === "none")) return null;
    return new SharedRule(parts, table, first);
  }

  get validHooks(): number {
    return this.first.validHooks;
  }

  /** As `Rule.tracks`. */
  get tracks(): boolean {
    return this.first.tracks;
  }

  /** The chain that it jumps to, or "". */
  get jumpsTo(): string {
    return this.first.isJump ? this.first.targetName : "";
  }

  /** A rule of a host, with counters of its own; `jump` is still to be found. */
  make(engine: Engine): Rule {
    return this.#isForAll ? new Rule(this.first) : makeRule(this.#parts, engine, this.#table);
  }
}

/** Rules that stand together in a chain. */
export class RuleBlock {
  readonly rules: readonly SharedRule[];
  /** The chains that its rules jump to, once for each jump. */
  readonly jumps: readonly string[];
  /** Bits of the hooks where all its rules may be. */
  readonly validHooks: number;
  /** For whoever compares lists of blocks: how often one has it that the other has not. */
  left = 0;
  /** How many of its rules need connections to be tracked. */
  readonly tracking: number;

  /** Takes the rules. */
  constructor(rules: readonly SharedRule[]) {
    const jumps: string[] = [];
    let hooks = -1;
    let tracking = 0;
    for (const rule of rules) {
      if (rule.jumpsTo !== "") jumps.push(rule.jumpsTo);
      hooks &= rule.validHooks;
      if (rule.tracks) tracking += 1;
    }
    this.rules = rules;
    this.jumps = jumps;
    this.validHooks = hooks;
    this.tracking = tracking;
  }
}

/** What a chain consists of, in order. */
export type ChainItem = Rule | RuleBlock;

/** Whether there are no blocks among items. */
export function hasOnlyRules(items: readonly ChainItem[]): items is readonly Rule[] {
  for (let index = 0; index < items.length; index += 1) {
    if (items[index] instanceof RuleBlock) return false;
  }
  return true;
}

/** Whether there is nothing else. */
export function hasOnlyBlocks(items: readonly ChainItem[]): items is readonly RuleBlock[] {
  for (let index = 0; index < items.length; index += 1) {
    if (items[index] instanceof Rule) return false;
  }
  return true;
}

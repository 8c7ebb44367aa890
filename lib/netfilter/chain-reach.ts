/**
 * How deep chains call each other, and at which hooks all that they reach may be: what the kernel
 * checks before an edit takes effect.
 *
 * Chains keep bounds from one check to the next: each is higher than what it calls, and may be at
 * no hook where that may not be. An edit that leaves the bounds as they are cannot have made a loop
 * or gone too deep, so only what it changes is looked at.
 *
 * Kernel: net/netfilter/nf_tables_api.c (nft_chain_validate), 6.18.
 */
import type { ChainDraft } from "./chain-draft.ts";
import { MAX_JUMP_DEPTH } from "./evaluate.ts";
import { HOOK_NAMES } from "./hooks.ts";
import { ALL_HOOKS, Rule } from "./rule.ts";
import type { ChainItem, RuleBlock } from "./rule-block.ts";
import type { Table } from "./table.ts";
import { kernelProblem, type RuleError, type RuleVerb } from "./text/errors.ts";

/** What a chain leads to. */
export interface Reach {
  height: number;
  hooks: number;
}

/** Height of a chain that is being looked at: to come back to it is a loop. */
const IN_PROGRESS = -1;
/** Of chains that nothing leads to. */
const UNKNOWN: Readonly<Reach> = { height: 0, hooks: ALL_HOOKS };

/** An edit of a table, as far as it matters here. */
export interface ReachEdit {
  readonly table: Table;
  /** Touched chains by name; null for deleted ones. */
  readonly drafts: ReadonlyMap<string, ChainDraft | null>;
  /** Blocks that the edit brings, by the name of the chain. */
  readonly added: ReadonlyMap<string, readonly RuleBlock[]>;
  /** What was done last with a rule. */
  readonly verb: RuleVerb;
  /** The name that a chain has now. */
  current(name: string): string;
}

/**
 * Finds what the edit's chains lead to, and puts it into their drafts: all of it anew if `entirely`,
 * else what an edit may have changed. Chains without a draft whose bounds may have changed as well
 * get them at once; returns their names, perhaps among others. Throws `RuleError` for loops, too
 * deep calls, and modules at hooks where they cannot be.
 */
export function checkReach(edit: ReachEdit, entirely: boolean): Iterable<string> {
  if (!entirely) {
    const bounds = new Bounds(edit);
    if (bounds.check()) return bounds.found;
  }
  edit.drafts.forEach((draft) => {
    if (draft !== null) draft.reach = null;
  });
  const walk = new Walk(edit);
  for (const base of edit.table.base) if (base !== null) walk.checkBase(base.name, base.hook ?? 0);
  edit.drafts.forEach((draft) => {
    if (draft !== null) draft.reach ??= UNKNOWN;
  });
  edit.table.chains.forEach((chain) => {
    const { height, hooks } = walk.untouched.get(chain.name) ?? UNKNOWN;
    chain.height = height;
    chain.hooks = hooks;
  });
  return edit.table.chains.keys();
}

/** Looks at what the edit changes. */
class Bounds {
  readonly #edit: ReachEdit;
  readonly #reaches = new Map<string, Reach>();

  constructor(edit: ReachEdit) {
    this.#edit = edit;
  }

  /** Chains whose bounds were not known. */
  get found(): Iterable<string> {
    return this.#reaches.keys();
  }

  /** False if some bound does not hold, or nobody knows. */
  check(): boolean {
    const { drafts, table } = this.#edit;
    for (const [name, draft] of drafts) {
      if (draft === null) continue;
      const { chain } = draft;
      const isOld = chain.height > 0 && table.chains.get(name) === chain;
      if (isOld) {
        if (!this.#staysWithin(chain, this.#newItems(name, draft))) return false;
      } else if (chain.builtIn || this.#reach(name) === null) {
        return false;
      }
    }
    for (const [name, reach] of this.#reaches) {
      const draft = drafts.get(name) ?? null;
      const chain = table.chains.get(name);
      if (draft !== null) draft.reach = reach;
      else if (chain !== undefined) Object.assign(chain, reach);
    }
    return true;
  }

  /** What may lead a chain beyond its bound: rules of its own, and blocks that it did not have. */
  #newItems(name: string, draft: ChainDraft): readonly ChainItem[] {
    const added = this.#edit.added.get(name);
    if (added === undefined) return draft.items.filter((item) => item instanceof Rule);
    return added.length === draft.items.length
      ? added
      : [...added, ...draft.items.filter((item) => item instanceof Rule)];
  }

  #staysWithin(bound: Readonly<Reach>, items: readonly ChainItem[]): boolean {
    for (const item of items) {
      if ((item.validHooks & bound.hooks) !== bound.hooks) return false;
      if (item instanceof Rule) {
        if (item.isJump && !this.#leadsWithin(bound, item.targetName)) return false;
      } else {
        for (const name of item.jumps) if (!this.#leadsWithin(bound, name)) return false;
      }
    }
    return true;
  }

  #leadsWithin(bound: Readonly<Reach>, name: string): boolean {
    const next = this.#reach(name);
    return (
      next !== null && next.height < bound.height && (next.hooks & bound.hooks) === bound.hooks
    );
  }

  /** The bound of a chain, made if it has none; null: there is a loop, or it is too deep. */
  #reach(name: string): Readonly<Reach> | null {
    const known = this.#reaches.get(name);
    if (known !== undefined) return known.height === IN_PROGRESS ? null : known;
    const draft = this.#edit.drafts.get(name);
    if (draft === null) return null;
    const chain = this.#edit.table.chains.get(name);
    if (chain !== undefined && chain.height > 0 && (draft === undefined || draft.chain === chain)) {
      return chain;
    }
    const reach: Reach = { height: IN_PROGRESS, hooks: ALL_HOOKS };
    this.#reaches.set(name, reach);
    const below = this.#below(reach, draft?.items ?? chain?.contents.items ?? []);
    if (below === -1 || below >= MAX_JUMP_DEPTH) return null;
    reach.height = below + 1;
    return reach;
  }

  /** The height of what items lead to, -1 if nobody knows; their hooks go into `reach`. */
  #below(reach: Reach, items: readonly ChainItem[]): number {
    let below = 0;
    for (const item of items) {
      reach.hooks &= item.validHooks;
      for (const name of jumpsOf(item)) {
        const next = this.#reach(name);
        if (next === null) return -1;
        reach.hooks &= next.hooks;
        below = Math.max(below, next.height);
      }
    }
    return below;
  }
}

/** Looks at everything that built-in chains reach. */
class Walk {
  /** What chains without a draft lead to. */
  readonly untouched = new Map<string, Reach>();
  readonly #edit: ReachEdit;

  constructor(edit: ReachEdit) {
    this.#edit = edit;
  }

  checkBase(name: string, hook: number): void {
    const { height, hooks } = this.#reach(name, name);
    if (height > MAX_JUMP_DEPTH) throw this.#tooDeep(name);
    if ((hooks & (1 << hook)) !== 0) return;
    const hint = `a rule that ${name} reaches has a part that works only in ${hookList(hooks)}`;
    throw this.#problem("Invalid argument", name, hint);
  }

  #tooDeep(base: string): RuleError {
    const hint = `chains may call each other ${MAX_JUMP_DEPTH} deep and not in circles`;
    return this.#problem("Too many links", base, hint);
  }

  /** The chain that the edit changes is to blame, or, if there are several, the built-in one. */
  #problem(errno: string, base: string, hint: string): RuleError {
    const { drafts } = this.#edit;
    const [changed = base] = drafts.keys();
    const chain = drafts.size === 1 ? changed : base;
    return kernelProblem(`RULE_${this.#edit.verb}`, errno, `rule in chain ${chain}`, hint);
  }

  #reach(name: string, base: string): Reach {
    const draft = this.#edit.drafts.get(name) ?? null;
    const known = draft === null ? this.untouched.get(name) : draft.reach;
    if (known?.height === IN_PROGRESS) throw this.#tooDeep(base);
    if (known) return known;
    const reach = { height: IN_PROGRESS, hooks: ALL_HOOKS };
    if (draft === null) this.untouched.set(name, reach);
    else draft.reach = reach;
    let below = 0;
    for (const item of draft?.items ?? this.#edit.table.chains.get(name)?.contents.items ?? []) {
      reach.hooks &= item.validHooks;
      if (!(item instanceof Rule)) {
        for (const target of item.jumps) below = Math.max(below, this.#below(target, reach, base));
      } else if (item.isJump) {
        below = Math.max(below, this.#below(jumpOf(item), reach, base));
      }
    }
    reach.height = below + 1;
    return reach;
  }

  /** The height of a chain that is jumped to; its hooks go into `reach`. */
  #below(name: string, reach: Reach, base: string): number {
    const { height, hooks } = this.#reach(this.#edit.current(name), base);
    reach.hooks &= hooks;
    return height;
  }
}

/** The name of the chain that a rule jumps to, as it was before the edit. */
function jumpOf(rule: Rule): string {
  return rule.jump?.name ?? rule.targetName;
}

const NO_JUMPS: readonly string[] = [];

function jumpsOf(item: ChainItem): readonly string[] {
  if (!(item instanceof Rule)) return item.jumps;
  return item.isJump ? [jumpOf(item)] : NO_JUMPS;
}

function hookList(hooks: number): string {
  return HOOK_NAMES.filter((_name, hook) => (hooks & (1 << hook)) !== 0).join(", ");
}

/** A chain as an edit of its table will leave it. */
import { ChainContents } from "./chain-contents.ts";
import type { Reach } from "./chain-reach.ts";
import { Rule } from "./rule.ts";
import { type ChainItem, hasOnlyBlocks, RuleBlock } from "./rule-block.ts";
import type { Chain } from "./table.ts";

const NO_BLOCKS: readonly RuleBlock[] = [];
const NO_RULES: readonly Rule[] = [];

const NOTHING_SETTLED = { added: NO_BLOCKS, removed: NO_BLOCKS };

/** One chain of the draft. */
export class ChainDraft {
  readonly chain: Chain;
  #items: readonly ChainItem[];
  /** The items again if they are the draft's own to change. */
  #own: ChainItem[] | null;
  /**
   * Blocks of which the edit began to empty the chain; null: it has not, and they are among the
   * items. Such blocks may come back, and then nothing has happened to them.
   */
  former: readonly RuleBlock[] | null;
  policyAccepts: boolean;
  counts: boolean;
  exists: boolean;
  packets: number;
  bytes: number;
  /** How many more rules jump to it. */
  references = 0;
  /** What it leads to, once somebody has looked. */
  reach: Reach | null = null;

  private constructor(chain: Chain, isEmpty: boolean) {
    this.chain = chain;
    this.#items = isEmpty ? NO_BLOCKS : chain.contents.items;
    this.#own = null;
    this.former = isEmpty ? NO_BLOCKS : null;
    this.policyAccepts = isEmpty || chain.policyAccepts;
    this.counts = !isEmpty && chain.counts;
    this.exists = isEmpty ? !chain.builtIn : chain.exists;
    this.packets = isEmpty ? 0 : chain.packets;
    this.bytes = isEmpty ? 0 : chain.bytes;
  }

  /** An empty chain with the policy ACCEPT. */
  static empty(chain: Chain): ChainDraft {
    return new ChainDraft(chain, true);
  }

  /** The chain as it is. */
  static of(chain: Chain): ChainDraft {
    return new ChainDraft(chain, false);
  }

  get hasBlocks(): boolean {
    return this.#items.some((item) => item instanceof RuleBlock);
  }

  get items(): readonly ChainItem[] {
    return this.#items;
  }

  /** The items, to be changed. */
  get ownItems(): ChainItem[] {
    if (this.#own === null) this.fill(this.#items.slice());
    return this.#own ?? [];
  }

  /** Takes other items. */
  fill(items: ChainItem[]): void {
    this.#items = items;
    this.#own = items;
  }

  /** Takes everything out; returns the rules of its own that were in. */
  flush(): readonly Rule[] {
    const items = this.#items;
    const blocks = blocksOf(items);
    this.former ??= blocks;
    this.#items = NO_BLOCKS;
    this.#own = null;
    return blocks === items ? NO_RULES : items.filter((item) => item instanceof Rule);
  }

  /** Which blocks the edit has brought, and which it has taken out, once the rest is settled. */
  settle(): { readonly added: readonly RuleBlock[]; readonly removed: readonly RuleBlock[] } {
    const { former } = this;
    if (former === null) return NOTHING_SETTLED;
    const now = blocksOf(this.#items);
    if (former.length === 0 && now.length === 0) return NOTHING_SETTLED;
    this.former = now;
    return { added: without(now, former), removed: without(former, now) };
  }

  /** Puts the draft's contents in place. */
  place(name: string): void {
    const { chain } = this;
    chain.name = name;
    chain.references += this.references;
    if (this.reach !== null) {
      chain.height = this.reach.height;
      chain.hooks = this.reach.hooks;
    }
    chain.fill(new ChainContents(this.#items));
    chain.policyAccepts = this.policyAccepts;
    chain.counts = this.counts;
    chain.exists = this.exists;
    chain.packets = this.packets;
    chain.bytes = this.bytes;
  }
}

/** The blocks among items: the very list if there is nothing else. */
function blocksOf(items: readonly ChainItem[]): readonly RuleBlock[] {
  return hasOnlyBlocks(items) ? items : items.filter((item) => item instanceof RuleBlock);
}

/** Those of `blocks` that `others` have not, each as often as that. */
function without(blocks: readonly RuleBlock[], others: readonly RuleBlock[]): readonly RuleBlock[] {
  if (others.length === 0 || blocks.length === 0) return blocks;
  for (const block of blocks) block.left = 0;
  for (const block of others) block.left = 0;
  for (const block of others) block.left += 1;
  return blocks.filter((block) => {
    if (block.left === 0) return true;
    block.left -= 1;
    return false;
  });
}

/** A chain as an edit of its table will leave it. */
import { Rule } from "./rule.ts";
import { type ChainItem, RuleBlock } from "./rule-block.ts";
import type { Chain } from "./table.ts";

const NO_BLOCKS: readonly RuleBlock[] = [];

export class ChainDraft {
  readonly chain: Chain;
  items: ChainItem[];
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

  private constructor(chain: Chain, isEmpty: boolean) {
    this.chain = chain;
    this.items = isEmpty ? [] : chain.items.slice();
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

  /** Takes everything out; returns the rules of its own that were in. */
  flush(): Rule[] {
    const rules = this.items.filter((item) => item instanceof Rule);
    this.former ??= this.items.filter((item) => item instanceof RuleBlock);
    this.items = [];
    return rules;
  }

  /** Which blocks the edit has brought, and which it has taken out, once the rest is settled. */
  settle(): { readonly added: readonly RuleBlock[]; readonly removed: readonly RuleBlock[] } {
    const { former } = this;
    if (former === null) return { added: NO_BLOCKS, removed: NO_BLOCKS };
    const now = this.items.filter((item) => item instanceof RuleBlock);
    this.former = now;
    return { added: without(now, former), removed: without(former, now) };
  }

  /** Puts the draft's contents in place. */
  place(name: string): void {
    const { chain } = this;
    chain.name = name;
    chain.fill(this.items);
    chain.policyAccepts = this.policyAccepts;
    chain.counts = this.counts;
    chain.exists = this.exists;
    chain.packets = this.packets;
    chain.bytes = this.bytes;
  }
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

/**
 * What a chain consists of at one moment. It never changes: chains of hosts that were given the
 * same rules have the very same, and what is found out about it is found out once for all of them.
 */
import { ChainIndex } from "./chain-index.ts";
import type { Rule } from "./rule.ts";
import {
  type ChainItem,
  hasOnlyBlocks,
  hasOnlyRules,
  RuleBlock,
  type SharedRule,
} from "./rule-block.ts";

/** Shorter chains are walked. */
const MIN_INDEXED = 8;

/** The items of a chain, in order. */
export class ChainContents {
  static readonly NONE = new ChainContents([]);
  readonly items: readonly ChainItem[];
  /** How many rules they stand for. */
  readonly length: number;
  /** Whether other hosts may have the same: all items are blocks. */
  readonly isShared: boolean;
  /** The items if all of them are rules of the host; else null. */
  readonly ownRules: readonly Rule[] | null;
  /** The items with the rules of blocks in their place; null: nobody has asked. */
  #lines: readonly (Rule | SharedRule)[] | null = null;
  #index: ChainIndex | null = null;

  /** Takes the items. */
  constructor(items: readonly ChainItem[]) {
    let length = 0;
    for (let at = 0; at < items.length; at += 1) {
      const item = items[at];
      length += item instanceof RuleBlock ? item.rules.length : 1;
    }
    this.items = items;
    this.length = length;
    this.isShared = hasOnlyBlocks(items);
    this.ownRules = hasOnlyRules(items) ? items : null;
  }

  /** Each rule, or the line of which a host makes its own. */
  get lines(): readonly (Rule | SharedRule)[] {
    this.#lines ??= this.ownRules ?? linesOf(this.items);
    return this.#lines;
  }

  /** The shortcut into the chain, null if there is none. Made when a packet first comes. @hot */
  get index(): ChainIndex | null {
    if (this.length < MIN_INDEXED) return null;
    this.#index ??= new ChainIndex(this.lines);
    return this.#index.isUseful ? this.#index : null;
  }
}

function linesOf(items: readonly ChainItem[]): (Rule | SharedRule)[] {
  const lines: (Rule | SharedRule)[] = [];
  for (const item of items) {
    if (item instanceof RuleBlock) for (const rule of item.rules) lines.push(rule);
    else lines.push(item);
  }
  return lines;
}

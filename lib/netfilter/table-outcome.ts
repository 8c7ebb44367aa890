/**
 * What an edit has made of a table. Hosts with the same history have the same tables, so where the
 * same edit comes next, its outcome can be put in place without being worked out again.
 */
import type { ChainContents } from "./chain-contents.ts";
import type { ChainDraft } from "./chain-draft.ts";
import { Rule } from "./rule.ts";
import { detachRule } from "./rule-changes.ts";
import { Chain, type Table, type TableName } from "./table.ts";

/** An edit that has taken effect, as far as it matters here. */
export interface CommittedEdit {
  readonly table: Table;
  /** Touched chains by name; null for deleted ones. */
  readonly drafts: ReadonlyMap<string, ChainDraft | null>;
  /** Other chains that are jumped to more or less often, or lead to something else now. */
  readonly neighbours: Iterable<string>;
  /** How many more rules need connections to be tracked. */
  readonly tracking: number;
  /** Whether the table is there now, if it was not before. */
  readonly placed: boolean;
}

/** What a chain is then. */
interface ChainState {
  readonly name: string;
  /** Null: what they were. */
  readonly contents: ChainContents | null;
  readonly references: number;
  readonly height: number;
  readonly hooks: number;
}

/** The outcome of an edit. */
export class TableOutcome {
  readonly table: TableName;
  readonly #deleted: readonly string[];
  readonly #chains: readonly ChainState[];
  readonly tracking: number;
  readonly placed: boolean;

  private constructor(
    edit: CommittedEdit,
    deleted: readonly string[],
    chains: readonly ChainState[],
  ) {
    this.table = edit.table.name;
    this.#deleted = deleted;
    this.#chains = chains;
    this.tracking = edit.tracking;
    this.placed = edit.placed;
  }

  /** Null if it has to do with its host: with rules or counters of its own. */
  static of(edit: CommittedEdit): TableOutcome | null {
    const { chains } = edit.table;
    const deleted: string[] = [];
    const states: ChainState[] = [];
    for (const [name, draft] of edit.drafts) {
      const chain = chains.get(name);
      if (draft === null) deleted.push(name);
      else if (chain === undefined || chain.builtIn || !chain.contents.isShared) return null;
      else states.push(stateOf(chain, chain.contents));
    }
    for (const name of edit.neighbours) {
      const chain = chains.get(name);
      if (chain !== undefined && !edit.drafts.has(name)) states.push(stateOf(chain, null));
    }
    return new TableOutcome(edit, deleted, states);
  }

  /** Makes of a host's table what the edit would. */
  putInPlace(table: Table): void {
    for (const name of this.#deleted) {
      const chain = table.chains.get(name);
      if (chain !== undefined) release(chain);
      table.chains.delete(name);
    }
    for (const { name, contents, references, height, hooks } of this.#chains) {
      let chain = table.chains.get(name);
      if (chain === undefined) {
        chain = new Chain(table, name, null);
        table.chains.set(name, chain);
      }
      if (contents !== null) {
        release(chain);
        chain.fill(contents);
      }
      chain.references = references;
      chain.height = height;
      chain.hooks = hooks;
    }
  }
}

function stateOf(
  { name, references, height, hooks }: Chain,
  contents: ChainContents | null,
): ChainState {
  return { name, contents, references, height, hooks };
}

/** Lets go of what a chain's own rules have claimed. */
function release({ contents }: Chain): void {
  if (contents.isShared) return;
  for (const item of contents.items) if (item instanceof Rule) detachRule(item);
}

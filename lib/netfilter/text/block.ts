/**
 * Blocks of restore text that many hosts read: lines that declare user chains and append rules to
 * them are read once for all.
 */

import { VethworkError } from "../../base/errors.ts";
import type { LineBlock } from "../../base/line-text.ts";
import { HOOK_NAMES } from "../hooks.ts";
import { RuleBlock, type SharedRule } from "../rule-block.ts";
import { hooksOf, type TableName } from "../table.ts";
import type { ChainBlock } from "../table-edit.ts";
import type { CommandParser } from "./command-parser.ts";
import { checkNewChain } from "./header.ts";
import type { Words } from "./lexer.ts";

/** What a block says. */
export class ReadBlock {
  readonly table: TableName;
  /** The user chains that it declares, before anything else. */
  readonly declared: readonly string[];
  /** The rules that it appends, by chain. */
  readonly appended: readonly ChainBlock[];

  constructor(table: TableName, declared: readonly string[], appended: readonly ChainBlock[]) {
    this.table = table;
    this.declared = declared;
    this.appended = appended;
  }
}

/**
 * What a block says to a table; null if it must be read line by line: because it says something
 * else, because its rules are of one host alone, or because there is something wrong with it.
 */
export function readBlock(
  block: LineBlock,
  table: TableName,
  words: Words,
  parser: CommandParser,
): ReadBlock | null {
  const before = block.reading;
  if (before === null || (before instanceof ReadBlock && before.table === table)) return before;
  let read: ReadBlock | null = null;
  try {
    read = new BlockReader(table, words, parser).read(block.lines);
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
  }
  block.reading = read;
  return read;
}

class BlockReader {
  readonly #table: TableName;
  readonly #words: Words;
  readonly #parser: CommandParser;
  readonly #declared: string[] = [];
  readonly #rules = new Map<string, SharedRule[]>();

  constructor(table: TableName, words: Words, parser: CommandParser) {
    this.#table = table;
    this.#words = words;
    this.#parser = parser;
  }

  read(lines: readonly string[]): ReadBlock | null {
    for (const line of lines) if (!this.#line(line)) return null;
    const appended = [...this.#rules].map(([chain, rules]) => ({
      chain,
      rules: new RuleBlock(rules),
    }));
    return new ReadBlock(this.#table, this.#declared, appended);
  }

  #line(line: string): boolean {
    const isRule = line.startsWith("-A ");
    if (!isRule && (!line.startsWith(":") || this.#rules.size > 0)) return false;
    this.#words.clear();
    this.#words.split(line, isRule ? 0 : 1, line.length, 0);
    return isRule ? this.#rule() : this.#declaration();
  }

  /** `:CHAIN - [0:0]` */
  #declaration(): boolean {
    const name = this.#words.at(0) ?? "";
    if (this.#words.at(1) !== "-" || isBuiltIn(this.#table, name)) return false;
    checkNewChain(name, this.#parser.modules);
    this.#declared.push(name);
    return true;
  }

  #rule(): boolean {
    const { letter, chain, rules, refusal } = this.#parser.parse(this.#table);
    const [rule, another] = rules;
    if (refusal !== null) return false;
    if (letter !== "A" || chain === null || rule === undefined || another !== undefined) {
      return false;
    }
    const shared = this.#parser.shared(rule, this.#table);
    if (shared === null || isBuiltIn(this.#table, shared.jumpsTo)) return false;
    const before = this.#rules.get(chain);
    if (before === undefined) this.#rules.set(chain, [shared]);
    else before.push(shared);
    return true;
  }
}

/** Whether the table has a built-in chain of that name. */
export function isBuiltIn(table: TableName, name: string): boolean {
  return hooksOf(table).some((hook) => HOOK_NAMES[hook] === name);
}

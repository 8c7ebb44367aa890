/**
 * Blocks of restore text that many hosts read: lines that declare user chains and append rules to
 * them are read once for all.
 */

import { VethworkError } from "../../base/errors.ts";
import type { LineBlock } from "../../base/line-text.ts";
import type { Cpu } from "../../sim/cpu.ts";
import { HOOK_NAMES, type NetfilterHost } from "../hooks.ts";
import { RuleBlock, type SharedRule } from "../rule-block.ts";
import { hooksOf, type TableName } from "../table.ts";
import type { ChainBlock } from "../table-edit.ts";
import type { CommandParser } from "./command-parser.ts";
import { checkNewChain } from "./header.ts";
import type { Words } from "./lexer.ts";

/** With more lines than these, all are forgotten. */
const MAX_LINES = 1 << 14;

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
  let said: ReadBlock | null = null;
  try {
    said = new BlockReader(table, words, parser).read(block.lines);
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
  }
  block.reading = said;
  return said;
}

/** A line that says the same to all hosts. */
interface ReadLine {
  readonly chain: string;
  /** The rule that it appends to the chain; null: it declares the chain. */
  readonly rule: SharedRule | null;
}

/**
 * Lines that were read on a machine. A block that is new to it is mostly made of lines of others:
 * one port of sixteen has changed, one endpoint of two hundred has come.
 */
const read = new WeakMap<Cpu, ReadLines>();

/** Of each table by their text. */
class ReadLines {
  readonly #tables = new Map<TableName, Map<string, ReadLine>>();
  #count = 0;

  static of({ cpu }: NetfilterHost): ReadLines {
    const known = read.get(cpu) ?? new ReadLines();
    read.set(cpu, known);
    return known;
  }

  get(table: TableName, line: string): ReadLine | undefined {
    return this.#tables.get(table)?.get(line);
  }

  set(table: TableName, line: string, said: ReadLine): void {
    if (this.#count >= MAX_LINES) {
      this.#tables.clear();
      this.#count = 0;
    }
    const lines = this.#tables.get(table) ?? new Map<string, ReadLine>();
    this.#tables.set(table, lines);
    lines.set(line, said);
    this.#count += 1;
  }
}

class BlockReader {
  readonly #table: TableName;
  readonly #words: Words;
  readonly #parser: CommandParser;
  readonly #known: ReadLines;

  constructor(table: TableName, words: Words, parser: CommandParser) {
    this.#table = table;
    this.#words = words;
    this.#parser = parser;
    this.#known = ReadLines.of(parser.engine.host);
  }

  read(lines: readonly string[]): ReadBlock | null {
    const declared: string[] = [];
    const rules = new Map<string, SharedRule[]>();
    for (const line of lines) {
      const said = this.#known.get(this.#table, line) ?? this.#readLine(line);
      if (said === null) return null;
      const { chain, rule } = said;
      if (rule !== null) {
        const before = rules.get(chain);
        if (before === undefined) rules.set(chain, [rule]);
        else before.push(rule);
      } else if (rules.size === 0) declared.push(chain);
      else return null;
    }
    const appended = [...rules].map(([chain, own]) => ({ chain, rules: new RuleBlock(own) }));
    return new ReadBlock(this.#table, declared, appended);
  }

  #readLine(line: string): ReadLine | null {
    const isRule = line.startsWith("-A ");
    if (!isRule && !line.startsWith(":")) return null;
    this.#words.clear();
    this.#words.split(line, isRule ? 0 : 1, line.length, 0);
    const said = isRule ? this.#rule() : this.#declaration();
    if (said !== null) this.#known.set(this.#table, line, said);
    return said;
  }

  /** `:CHAIN - [0:0]` */
  #declaration(): ReadLine | null {
    const chain = this.#words.at(0) ?? "";
    if (this.#words.at(1) !== "-" || isBuiltIn(this.#table, chain)) return null;
    checkNewChain(chain, this.#parser.modules);
    return { chain, rule: null };
  }

  #rule(): ReadLine | null {
    const { letter, chain, rules, refusal } = this.#parser.parse(this.#table);
    const [rule, another] = rules;
    if (refusal !== null) return null;
    if (letter !== "A" || chain === null || rule === undefined || another !== undefined) {
      return null;
    }
    const shared = this.#parser.shared(rule, this.#table);
    if (shared === null || isBuiltIn(this.#table, shared.jumpsTo)) return null;
    return { chain, rule: shared };
  }
}

/** Whether the table has a built-in chain of that name. */
export function isBuiltIn(table: TableName, name: string): boolean {
  return hooksOf(table).some((hook) => HOOK_NAMES[hook] === name);
}

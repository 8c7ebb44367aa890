/**
 * iptables-restore: tables as text, each changed at its COMMIT.
 *
 * Kernel: none; iptables 1.8.9, iptables/xtables-restore.c.
 */

import { type Place, VethworkError } from "../../base/errors.ts";
import type { LineBlock, LineText } from "../../base/line-text.ts";
import type { Engine } from "../engine.ts";
import type { ModuleTable } from "../modules.ts";
import type { Rule } from "../rule.ts";
import { isTableName, type TableName } from "../table.ts";
import type { TableEdit } from "../table-edit.ts";
import { applyCommand } from "./apply.ts";
import { isBuiltIn, readBlock } from "./block.ts";
import type { Command } from "./command.ts";
import { CommandParser, type Counted } from "./command-parser.ts";
import { ExitStatus, RuleError } from "./errors.ts";
import { checkNewChain } from "./header.ts";
import { Words } from "./lexer.ts";
import { saveRule } from "./printer.ts";
import { SavedRules } from "./saved-rules.ts";
import { Shapes } from "./shape.ts";

/** How restore text is taken. */
export interface RestoreOptions {
  /** -n: tables keep what the text does not mention. */
  readonly noflush?: boolean;
  /** -c: counters in the text are taken over. */
  readonly counters?: boolean;
  /** -T: only this table; others are skipped. */
  readonly table?: TableName;
  /** -t: check the text, change nothing. */
  readonly test?: boolean;
  /** The name of the text in messages. */
  readonly file?: string;
}

/** What restore text changes. */
export interface RestoreTarget extends Engine {
  readonly modules: ModuleTable;
  edit(table: TableName): TableEdit;
}

const COUNTERS = /^\[(\d+):(\d+)\]$/;

/** Reads one text. */
export class RestoreReader {
  /** Whether the text means the same on all hosts that have the same rules. */
  isForAll = true;
  readonly #target: RestoreTarget;
  readonly #options: RestoreOptions;
  #words = new Words();
  #parser: CommandParser;
  #shapes = new Shapes();
  /** Takes the printed forms of the next rules. */
  #saved = new SavedRules();
  #edit: TableEdit | null = null;
  #table: TableName = "filter";
  #skipping = false;
  #line = 0;

  constructor(target: RestoreTarget, options: RestoreOptions) {
    this.#target = target;
    this.#options = options;
    this.#parser = new CommandParser(target, target.modules, this.#words);
  }

  /** Reads the whole text; tables before an error stay changed. */
  read(text: string | LineText): void {
    this.#line = 0;
    if (typeof text === "string") {
      this.#words = new Words();
      this.#shapes = new Shapes();
      this.#parser = new CommandParser(this.#target, this.#target.modules, this.#words);
      this.#readText(text);
    } else for (const block of text.blocks) this.#readBlock(block);
    if (this.#edit !== null || this.#skipping) {
      throw new RuleError(`COMMIT expected at line ${this.#line + 1}`, {
        exitStatus: ExitStatus.OTHER_PROBLEM,
        place: this.#place(1, this.#line + 1),
      });
    }
  }

  #readText(text: string): void {
    let start = 0;
    while (start < text.length) {
      let end = text.indexOf("\n", start);
      if (end === -1) end = text.length;
      this.#next(text, start, end);
      start = end + 1;
    }
  }

  /** A block is read once for all hosts, if it says nothing but what all understand alike. */
  #readBlock(block: LineBlock): void {
    const edit = this.#edit;
    const read = edit === null ? null : readBlock(block, this.#table, this.#words, this.#parser);
    if (edit === null || read === null) {
      for (const line of block.lines) this.#next(line, 0, line.length);
      return;
    }
    for (const name of read.declared) edit.renew(name);
    if (edit.appendBlocks(read.appended)) {
      this.#line += block.lines.length;
      return;
    }
    for (const line of block.lines) this.#next(line, 0, line.length);
  }

  #next(text: string, start: number, end: number): void {
    this.#line += 1;
    try {
      this.#readLine(text, start, end);
    } catch (error) {
      throw this.#placed(error);
    }
  }

  #readLine(text: string, start: number, end: number): void {
    if (start === end) return;
    const first = text.charAt(start);
    if (first === "#") return;
    const inTable = this.#edit !== null || this.#skipping;
    if (inTable && end - start === 6 && text.startsWith("COMMIT", start)) {
      this.#commit();
      return;
    }
    this.#words.clear();
    if (first === "*" && !inTable) {
      this.#words.split(text, start + 1, end, start);
      this.#beginTable();
      return;
    }
    if (!inTable) {
      throw new RuleError("a line outside of a table", {
        exitStatus: ExitStatus.OTHER_PROBLEM,
        hint: "a table begins with *NAME",
      });
    }
    const edit = this.#edit;
    if (edit === null) return;
    if (first === ":") {
      this.#words.split(text, start + 1, end, start);
      this.#chain(edit);
      return;
    }
    if (first === "-") this.#rule(edit, text, start, end);
    else this.#countedRule(edit, text, start, end);
  }

  #beginTable(): void {
    const name = this.#words.at(0);
    if (name === undefined) {
      throw new RuleError("table name invalid", { hint: "a table begins with *NAME" });
    }
    if (!isTableName(name)) {
      throw new RuleError(`table "${name}" does not exist`, {
        exitStatus: ExitStatus.PARAMETER_PROBLEM,
        hint: "tables are raw, mangle, nat, filter, security",
      });
    }
    this.#table = name;
    if (this.#options.table !== undefined && this.#options.table !== name) {
      this.#skipping = true;
      return;
    }
    this.#edit = this.#target.edit(name);
    if (this.#options.noflush !== true) this.#edit.clear();
  }

  #commit(): void {
    if (this.#options.test !== true) this.#edit?.commit();
    this.#edit = null;
    this.#skipping = false;
  }

  /** `:CHAIN POLICY [packets:bytes]` */
  #chain(edit: TableEdit): void {
    const words = this.#words;
    const name = words.at(0);
    const policy = words.at(1);
    if (name === undefined) throw new RuleError("chain name invalid");
    if (policy === undefined) throw new RuleError("policy invalid");
    if (!isBuiltIn(this.#table, name)) {
      checkNewChain(name, this.#target.modules);
      edit.renew(name);
      return;
    }
    if (policy === "-") {
      edit.declare(name);
      return;
    }
    if (policy !== "ACCEPT" && policy !== "DROP") {
      throw new RuleError(`Can't set policy \`${policy}' on \`${name}'`, {
        exitStatus: ExitStatus.OTHER_PROBLEM,
        hint: "policies are ACCEPT and DROP",
      });
    }
    edit.setPolicy(name, policy === "ACCEPT");
    if (this.#options.counters !== true) {
      edit.setCounters(name, 0, 0);
      return;
    }
    const counters = COUNTERS.exec(words.at(2) ?? "");
    if (counters === null) {
      throw new RuleError(`invalid policy counters for chain '${name}'`);
    }
    edit.setCounters(name, Number(counters[1]), Number(counters[2]));
  }

  /** A command. */
  #rule(edit: TableEdit, text: string, start: number, end: number): void {
    const words = this.#words;
    const parser = this.#parser;
    const shape = this.#shapes.find(text, start, end, words);
    if (shape !== null) {
      try {
        this.#apply(edit, parser.parseShape(this.#table, shape));
        return;
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        // Once more, word for word: that tells where in the line the error is.
      }
    }
    words.clear();
    words.split(text, start, end, start);
    this.#apply(edit, parser.parse(this.#table, undefined, this.#shapes.learns));
    if (parser.found !== null) this.#shapes.learn(text, start, end, words, parser.found);
  }

  /** A command behind counters. */
  #countedRule(edit: TableEdit, text: string, start: number, end: number): void {
    const words = this.#words;
    words.split(text, start, end, start);
    let counted: Counted | undefined;
    if (text.startsWith("[", start)) {
      const counters = COUNTERS.exec(words.at(0) ?? "");
      if (counters === null) throw new RuleError("Bad counters");
      const counts = this.#options.counters === true;
      const packets = counts ? Number(counters[1]) : 0;
      const bytes = counts ? Number(counters[2]) : 0;
      counted = { from: 1, packets, bytes };
    }
    this.#apply(edit, this.#parser.parse(this.#table, counted));
  }

  #apply(edit: TableEdit, command: Command): void {
    if (command.letter !== "X") this.isForAll = false;
    applyCommand(edit, command);
    if (command.letter === "A") for (const rule of command.rules) this.#keepForm(rule);
  }

  #keepForm(rule: Rule): void {
    if (this.#saved.isFull) this.#saved = new SavedRules();
    const form = saveRule(rule);
    rule.savedAt = this.#saved.add(form);
    rule.saved = this.#saved;
  }

  #placed(error: unknown): unknown {
    if (!(error instanceof VethworkError)) return error;
    const word = Math.min(this.#parser.errorWord, Math.max(this.#words.length - 1, 0));
    return error.at(this.#place(this.#words.columnAt(word), this.#line));
  }

  #place(column: number, line: number): Place {
    return { file: this.#options.file ?? "iptables-restore", line, column };
  }
}

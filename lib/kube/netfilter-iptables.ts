/**
 * kube-proxy's iptables on the emulated node: its commands and inputs of iptables-restore, carried
 * out by the node's netfilter.
 *
 * Kernel: none; iptables 1.8.9, iptables/xtables-standalone.c, iptables/xtables-restore.c.
 */

import { VethworkError } from "../base/errors.ts";
import type { LineText } from "../base/line-text.ts";
import type { Netfilter } from "../netfilter/netfilter.ts";
import { Table } from "../netfilter/table.ts";
import { applyCommand, findRule } from "../netfilter/text/apply.ts";
import type { Command } from "../netfilter/text/command.ts";
import { CommandParser } from "../netfilter/text/command-parser.ts";
import { Words } from "../netfilter/text/lexer.ts";
import type { IptablesTool, TableName } from "./proxy/node.ts";

/** How the four commands about one rule begin. */
const LETTERS = { append: "-A", prepend: "-I", delete: "-D" } as const;

/** iptables as kube-proxy calls it, on a host's netfilter. */
export class NetfilterIptables implements IptablesTool {
  private readonly netfilter: Netfilter;
  private readonly words = new Words();
  private readonly parser: CommandParser;

  constructor(netfilter: Netfilter) {
    this.netfilter = netfilter;
    this.parser = new CommandParser(netfilter, netfilter.modules, this.words);
  }

  restore(text: LineText): boolean {
    return succeeds(() => this.netfilter.restore(text, { noflush: true, counters: true }));
  }

  ensureChain(table: TableName, chain: string): boolean {
    if (this.hasChain(table, chain)) return true;
    const words = ["-N", chain];
    return succeeds(() => this.carryOut(this.parse(table, words), words));
  }

  ensureRule(
    where: "prepend" | "append",
    table: TableName,
    chain: string,
    rule: readonly string[],
  ): boolean {
    return succeeds(() => {
      const words = [LETTERS[where], chain, ...rule];
      const command = this.parse(table, words);
      if (!this.hasRule(command)) this.carryOut(command, words);
    });
  }

  deleteRule(table: TableName, chain: string, rule: readonly string[]): boolean {
    return succeeds(() => {
      const words = [LETTERS.delete, chain, ...rule];
      const command = this.parse(table, words);
      if (this.hasRule(command)) this.carryOut(command, words);
    });
  }

  flushChain(table: TableName, chain: string): boolean {
    const words = ["-F", chain];
    return succeeds(() => this.carryOut(this.parse(table, words), words));
  }

  /** Deletes a chain that is empty and to which nothing leads. */
  deleteChain(table: TableName, chain: string): boolean {
    const words = ["-X", chain];
    return succeeds(() => this.carryOut(this.parse(table, words), words));
  }

  chains(table: TableName): Iterable<string> {
    return (this.netfilter.table(table) ?? new Table(table)).chains.keys();
  }

  chainChanges(): number {
    return this.netfilter.chainChanges;
  }

  hasChain(table: TableName, chain: string): boolean {
    return this.netfilter.table(table)?.chains.has(chain) ?? false;
  }

  ensureCounter(name: string): boolean {
    this.netfilter.accounts.open(name);
    return true;
  }

  /** What iptables-save prints, without dated lines. */
  save(): string {
    return this.netfilter.save();
  }

  private parse(table: TableName, words: readonly string[]): Command {
    this.words.clear();
    for (const word of words) this.words.add(word, 1);
    return this.parser.parse(table);
  }

  private hasRule({ table, chain, rules }: Command): boolean {
    const present = this.netfilter.edit(table).rules(chain ?? "");
    return rules.every((rule) => findRule(present, rule) !== 0);
  }

  private carryOut(command: Command, words: readonly string[]): void {
    const step = `${command.table} ${words.join(" ")}`;
    const edit = this.netfilter.edit(command.table, step);
    applyCommand(edit, command);
    edit.commit();
  }
}

/** Whether `action` was not refused; kube-proxy sees an exit status, no more. */
function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof VethworkError) return false;
    throw error;
  }
}

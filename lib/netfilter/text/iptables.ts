/**
 * The command `iptables`: its words in, its output and exit status out.
 *
 * Kernel: none; iptables 1.8.9, iptables/xtables-standalone.c.
 */

import type { Rule } from "../rule.ts";
import { Table, type TableName } from "../table.ts";
import { applyCommand, checkRules, findRule, noSuchRule, type Witness } from "./apply.ts";
import type { Command } from "./command.ts";
import { CommandParser } from "./command-parser.ts";
import { ExitStatus, RuleError } from "./errors.ts";
import { Words } from "./lexer.ts";
import { describeRule, listCommands, listTable } from "./list.ts";
import type { RestoreTarget } from "./restore.ts";

/** What iptables says it is. */
export const IPTABLES_VERSION = "v1.8.9 (nf_tables)";

/** How a command ended. */
export interface CommandResult {
  readonly status: number;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly error: string;
}

/** Where the command works. */
export interface IptablesTarget extends RestoreTarget {
  table(name: TableName): Table | null;
}

/** Runs `iptables ARGS…`. */
export function runIptables(target: IptablesTarget, args: readonly string[]): CommandResult {
  if (args.includes("-V") || args.includes("--version")) {
    return { status: 0, output: `iptables ${IPTABLES_VERSION}\n`, error: "" };
  }
  const words = new Words();
  args.forEach((word, index) => {
    words.add(word, index + 1);
  });
  const output: string[] = [];
  const parser = new CommandParser(target, target.modules, words);
  try {
    const command = parser.parse(null);
    const missing = missingChain(target, command);
    if (missing !== null) {
      const error = `${parser.warning}${missing}`;
      return { status: ExitStatus.OTHER_PROBLEM, output: "", error };
    }
    perform(target, command, output);
    return { status: 0, output: output.join(""), error: parser.warning };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return {
      status: error.exitStatus,
      output: output.join(""),
      error: `${parser.warning}${describe(error)}`,
    };
  }
}

/** The message as the real tool words it for its exit status. */
function describe(error: RuleError): string {
  const hint = "Try `iptables -h' or 'iptables --help' for more information.\n";
  if (error.problem === "") return hint;
  // The one complaint that the tool makes without its name.
  if (error.problem.startsWith("Bad argument")) return `${error.problem}\n${hint}`;
  const name = `iptables ${IPTABLES_VERSION}`;
  switch (error.exitStatus) {
    case ExitStatus.OTHER_PROBLEM:
      return `iptables: ${error.problem}\n`;
    case ExitStatus.RESOURCE_PROBLEM:
      return `${name}:  ${error.problem}\n`;
    case ExitStatus.VERSION_PROBLEM:
      return `${name}: ${error.problem}\nPerhaps iptables or your kernel needs to be upgraded.\n`;
    default:
      return `${name}: ${error.problem}${error.ending}\n${hint}`;
  }
}

/** The listing commands' complaint about a chain that is not there; null if it is. */
function missingChain(target: IptablesTarget, { letter, table, chain }: Command): string | null {
  if ((letter !== "L" && letter !== "S") || chain === null) return null;
  if (tableOf(target, table).chains.has(chain)) return null;
  return `iptables ${IPTABLES_VERSION}: chain \`${chain}' in table \`${table}' is incompatible, use 'nft' tool.\n`;
}

/** The table, or an empty one: to ask for a table does not make it. */
function tableOf(target: IptablesTarget, name: TableName): Table {
  return target.table(name) ?? new Table(name);
}

function perform(target: IptablesTarget, command: Command, output: string[]): void {
  switch (command.letter) {
    case "L":
    case "S": {
      const list = command.letter === "L" ? listTable : listCommands;
      output.push(list(tableOf(target, command.table), command));
      if (command.zeroes) change(target, { ...command, letter: "Z" }, output);
      return;
    }
    case "C":
      check(target, command, output);
      return;
    default:
      change(target, command, output);
  }
}

function change(target: IptablesTarget, command: Command, output: string[]): void {
  const edit = target.edit(command.table);
  applyCommand(edit, command, command.verbose ? new Narrator(output) : undefined);
  edit.commit();
}

/** Says what -v says about a change. */
class Narrator implements Witness {
  readonly #output: string[];

  constructor(output: string[]) {
    this.#output = output;
  }

  rule(rule: Rule): void {
    this.#output.push(describeRule(rule));
  }

  chain(verb: string, name: string): void {
    this.#output.push(`${verb} chain \`${name}'\n`);
  }
}

function check(target: IptablesTarget, command: Command, output: string[]): void {
  const table = target.table(command.table);
  checkRules(target.edit(command.table), command);
  const chain = table?.chains.get(command.chain ?? "");
  if (chain?.exists !== true) throw noSuchRule();
  for (const rule of command.rules) {
    if (findRule(chain.rules, rule) === 0) throw noSuchRule();
    if (command.verbose) output.push(describeRule(rule));
  }
}

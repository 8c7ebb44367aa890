/**
 * The command `iptables`: its words in, its output and exit status out.
 *
 * Kernel: none; iptables 1.8.9, iptables/xtables-standalone.c.
 */
import type { TableName } from "../table.ts";
import { Table } from "../table.ts";
import { noSuchChain } from "../table-edit.ts";
import { applyCommand, findRule } from "./apply.ts";
import { type Command, CommandParser } from "./command.ts";
import { ExitStatus, RuleError } from "./errors.ts";
import { Words } from "./lexer.ts";
import { type ListOptions, listCommands, listTable } from "./list.ts";
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
  try {
    const command = new CommandParser(target, target.modules, words).parse(null);
    return { status: 0, output: perform(target, command), error: "" };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return { status: error.exitStatus, output: "", error: describe(error) };
  }
}

/** The message as the real tool words it for its exit status. */
function describe(error: RuleError): string {
  const name = `iptables ${IPTABLES_VERSION}`;
  switch (error.exitStatus) {
    case ExitStatus.OTHER_PROBLEM:
      return `iptables: ${error.problem}\n`;
    case ExitStatus.RESOURCE_PROBLEM:
      return `${name}:  ${error.problem}\n`;
    case ExitStatus.VERSION_PROBLEM:
      return `${name}: ${error.problem}\nPerhaps iptables or your kernel needs to be upgraded.\n`;
    default:
      return `${name}: ${error.problem}\nTry \`iptables -h' or 'iptables --help' for more information.\n`;
  }
}

function perform(target: IptablesTarget, command: Command): string {
  switch (command.letter) {
    case "L":
    case "S": {
      const table = target.table(command.table) ?? new Table(command.table);
      if (command.chain !== null && !table.chains.has(command.chain)) {
        if (command.letter === "S") throw noSuchChain();
        const problem = `chain \`${command.chain}' in table \`${command.table}' is incompatible, use 'nft' tool.`;
        throw new RuleError(problem, { exitStatus: ExitStatus.OTHER_PROBLEM });
      }
      const options: ListOptions = command;
      return command.letter === "L" ? listTable(table, options) : listCommands(table, options);
    }
    case "C":
      check(target, command);
      return "";
    default: {
      const edit = target.edit(command.table);
      applyCommand(edit, command);
      edit.commit();
      return "";
    }
  }
}

function check(target: IptablesTarget, command: Command): void {
  const chain = target.table(command.table)?.chains.get(command.chain ?? "");
  if (chain === undefined) throw noSuchChain();
  for (const rule of command.rules) {
    if (findRule(chain.rules, rule) === 0) {
      throw new RuleError("Bad rule (does a matching rule exist in that chain?).", {
        exitStatus: ExitStatus.OTHER_PROBLEM,
      });
    }
  }
}

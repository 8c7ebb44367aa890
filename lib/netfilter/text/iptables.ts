/**
 * The command `iptables`: its words in, its output and exit status out.
 *
 * Kernel: none; iptables 1.8.9, iptables/xtables-standalone.c.
 */
import { Table, type TableName } from "../table.ts";
import { noSuchChain } from "../table-edit.ts";
import { applyCommand, findRule, noSuchRule } from "./apply.ts";
import { type Command, CommandParser } from "./command.ts";
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
  try {
    const command = new CommandParser(target, target.modules, words).parse(null);
    const missing = missingChain(target, command);
    if (missing !== null) return { status: ExitStatus.OTHER_PROBLEM, output: "", error: missing };
    return { status: 0, output: perform(target, command), error: "" };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return { status: error.exitStatus, output: "", error: describe(error) };
  }
}

/** The message as the real tool words it for its exit status. */
function describe(error: RuleError): string {
  const hint = "Try `iptables -h' or 'iptables --help' for more information.\n";
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
      return `${name}: ${error.problem}\n${hint}`;
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

function perform(target: IptablesTarget, command: Command): string {
  switch (command.letter) {
    case "L": {
      const text = listTable(tableOf(target, command.table), command);
      if (command.zeroes) change(target, { ...command, letter: "Z" });
      return text;
    }
    case "S":
      return listCommands(tableOf(target, command.table), command);
    case "C":
      check(target.table(command.table), command);
      return command.verbose ? command.rules.map(describeRule).join("") : "";
    default: {
      const text = command.verbose ? report(target, command) : "";
      change(target, command);
      return text;
    }
  }
}

function change(target: IptablesTarget, command: Command): void {
  const edit = target.edit(command.table);
  applyCommand(edit, command);
  edit.commit();
}

/** What -v prints about a change. */
function report(target: IptablesTarget, command: Command): string {
  const { letter } = command;
  if (letter === "A" || letter === "I" || letter === "D" || letter === "R") {
    return command.rules.map(describeRule).join("");
  }
  const verb = letter === "F" ? "Flushing" : letter === "Z" ? "Zeroing" : "Deleting";
  if (letter !== "F" && letter !== "Z" && letter !== "X") return "";
  return tableOf(target, command.table)
    .sortedChains()
    .filter(({ name }) => command.chain === null || command.chain === name)
    .filter(({ builtIn, exists }) => letter === "F" || (letter === "Z" ? exists : !builtIn))
    .map(({ name }) => `${verb} chain \`${name}'\n`)
    .join("");
}

function check(table: Table | null, command: Command): void {
  if (table === null) throw noSuchChain();
  const rules = table.chains.get(command.chain ?? "")?.rules ?? [];
  if (command.rules.every((rule) => findRule(rules, rule) > 0)) return;
  throw noSuchRule();
}

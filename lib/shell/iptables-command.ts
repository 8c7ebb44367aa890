/**
 * Carries one `iptables` command line out and prints listings.
 *
 * Spec: iptables 1.8.9, iptables/xtables.c (do_commandx), iptables/nft.c (nft_rule_list).
 */

import type { Netfilter } from "../netfilter/netfilter.ts";
import { type Chain, Table } from "../netfilter/table.ts";
import { applyCommand, findRule } from "../netfilter/text/apply.ts";
import { type Command, CommandParser } from "../netfilter/text/command.ts";
import { ExitStatus, RuleError } from "../netfilter/text/errors.ts";
import { Words } from "../netfilter/text/lexer.ts";
import { listChain, listRules, savedLines } from "./iptables-list.ts";

/** Runs a command line (without the program's name); returns what it prints. Throws `RuleError`. */
export function runIptables(netfilter: Netfilter, args: readonly string[]): string {
  const words = new Words();
  for (const [index, arg] of args.entries()) words.add(arg, index + 1);
  const command = new CommandParser(netfilter, netfilter.modules, words).parse(null);
  switch (command.letter) {
    case "L":
      return list(tableOf(netfilter, command), command, args);
    case "S":
      return save(tableOf(netfilter, command), command);
    case "C":
      checkRule(tableOf(netfilter, command), command);
      return "";
    default: {
      const edit = netfilter.edit(command.table);
      applyCommand(edit, command);
      edit.commit();
      return "";
    }
  }
}

/** The table, or an empty one: asking for a table does not make it. */
function tableOf(netfilter: Netfilter, command: Command): Table {
  return netfilter.table(command.table) ?? new Table(command.table);
}

function list(table: Table, command: Command, args: readonly string[]): string {
  const chains = chosen(table, command);
  const text =
    command.number > 0
      ? listRules(chains[0]?.rules ?? [], command, command.number)
      : chains.map((chain) => listChain(chain, command)).join("\n");
  if (args.includes("-Z") || args.includes("--zero")) for (const chain of chains) zero(chain);
  return text;
}

function save(table: Table, command: Command): string {
  return savedLines(chosen(table, command), command)
    .map((line) => `${line}\n`)
    .join("");
}

function chosen(table: Table, { chain, table: name }: Command): Chain[] {
  if (chain === null) return table.sortedChains();
  const found = table.chains.get(chain);
  if (found === undefined) {
    const problem = `chain \`${chain}' in table \`${name}' is incompatible, use 'nft' tool.`;
    throw new RuleError(problem, { exitStatus: ExitStatus.OTHER_PROBLEM });
  }
  return [found];
}

function checkRule(table: Table, command: Command): void {
  const rules = table.chains.get(command.chain ?? "")?.rules ?? [];
  if (command.rules.every((rule) => findRule(rules, rule) > 0)) return;
  throw new RuleError("Bad rule (does a matching rule exist in that chain?).", {
    exitStatus: ExitStatus.OTHER_PROBLEM,
  });
}

function zero(chain: Chain): void {
  chain.packets = 0;
  chain.bytes = 0;
  for (const rule of chain.rules) {
    rule.packets = 0;
    rule.bytes = 0;
  }
}

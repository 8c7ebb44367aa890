/**
 * Carries a parsed command out on a table that is being edited.
 *
 * Kernel: none; iptables 1.8.9, iptables/nft-cmd.c.
 */
import type { Rule } from "../rule.ts";
import { noSuchChain, type TableEdit } from "../table-edit.ts";
import type { Command } from "./command.ts";
import { ExitStatus, RuleError } from "./errors.ts";
import { saveRule } from "./printer.ts";

/** Applies any command but -L, -S and -C. */
export function applyCommand(edit: TableEdit, command: Command): void {
  const { chain } = command;
  switch (command.letter) {
    case "A":
      for (const rule of command.rules) {
        checkRule(edit, rule);
        edit.append(chain ?? "", rule);
      }
      return;
    case "I":
      for (const rule of command.rules) {
        checkRule(edit, rule);
        edit.insert(chain ?? "", command.number, rule);
      }
      return;
    case "R":
      replaceRule(edit, command);
      return;
    case "D":
      deleteRules(edit, command);
      return;
    case "N":
      edit.newChain(chain ?? "");
      return;
    case "F":
      flush(edit, command);
      return;
    case "X":
      deleteChains(edit, chain);
      return;
    case "P":
      setPolicy(edit, command);
      return;
    case "Z":
      zero(edit, command);
      return;
    case "E":
      if (!edit.has(chain ?? "")) throw noSuchChain();
      edit.renameChain(chain ?? "", command.extra);
      return;
    default:
      throw new RuleError(`-${command.letter} does not change a table`);
  }
}

/** The number, from 1, of the first rule that is written like `rule`; 0 if there is none. */
export function findRule(rules: readonly Rule[], rule: Rule): number {
  const text = saveRule(rule);
  return rules.findIndex((other) => saveRule(other) === text) + 1;
}

/** The tool's message when the rule that is named is not there. */
export function noSuchRule(): RuleError {
  return new RuleError("Bad rule (does a matching rule exist in that chain?).", {
    exitStatus: ExitStatus.OTHER_PROBLEM,
  });
}

function checkRule(edit: TableEdit, rule: Rule): void {
  if (!rule.isJump) return;
  if (!edit.has(rule.targetName)) {
    throw new RuleError(`Chain '${rule.targetName}' does not exist`, {
      exitStatus: ExitStatus.PARAMETER_PROBLEM,
    });
  }
  if (edit.table.chains.get(rule.targetName)?.builtIn === true) {
    throw new RuleError(`a rule cannot jump to the built-in chain ${rule.targetName}`, {
      exitStatus: ExitStatus.RESOURCE_PROBLEM,
    });
  }
}

function replaceRule(edit: TableEdit, command: Command): void {
  const [rule, another] = command.rules;
  if (rule === undefined || another !== undefined) {
    throw new RuleError("Replacement rule does not specify a unique address");
  }
  checkRule(edit, rule);
  edit.replace(command.chain ?? "", command.number, rule);
}

function deleteRules(edit: TableEdit, command: Command): void {
  const chain = command.chain ?? "";
  if (command.number > 0) {
    edit.deleteNumber(chain, command.number);
    return;
  }
  for (const rule of command.rules) {
    const number = edit.has(chain) ? findRule(edit.rules(chain), rule) : 0;
    if (number === 0) throw noSuchRule();
    edit.deleteNumber(chain, number);
  }
}

/** To flush one chain, or to tell of all, makes them; to flush all does not. */
function flush(edit: TableEdit, { chain, verbose }: Command): void {
  for (const name of chain === null ? edit.chainNames() : [chain]) {
    edit.flush(name);
    if (chain !== null || verbose) edit.declare(name);
  }
}

function deleteChains(edit: TableEdit, chain: string | null): void {
  if (chain !== null) {
    edit.deleteChain(chain);
    return;
  }
  for (const name of edit.chainNames()) {
    const isBuiltIn = edit.table.chains.get(name)?.builtIn === true;
    if (!isBuiltIn || (edit.exists(name) && edit.isIdle(name))) edit.deleteChain(name);
  }
}

function setPolicy(edit: TableEdit, command: Command): void {
  const name = command.chain ?? "";
  if (edit.table.chains.get(name)?.builtIn !== true) {
    throw new RuleError("Bad built-in chain name.", { exitStatus: ExitStatus.OTHER_PROBLEM });
  }
  if (command.extra !== "ACCEPT" && command.extra !== "DROP") {
    throw new RuleError("Bad policy name. Run `dmesg' for more information.", {
      exitStatus: ExitStatus.OTHER_PROBLEM,
      hint: "policies are ACCEPT and DROP",
    });
  }
  edit.setPolicy(name, command.extra === "ACCEPT");
}

function zero(edit: TableEdit, command: Command): void {
  for (const name of command.chain === null ? edit.chainNames() : [command.chain]) {
    const rules = edit.rules(name);
    if (!edit.exists(name)) {
      if (command.chain !== null) throw noSuchChain();
      continue;
    }
    if (command.number > 0) {
      // A number that no rule has is no error.
      const rule = rules[command.number - 1];
      if (rule !== undefined) {
        rule.packets = 0;
        rule.bytes = 0;
      }
      continue;
    }
    for (const rule of rules) {
      rule.packets = 0;
      rule.bytes = 0;
    }
    edit.setCounters(name, 0, 0);
  }
}

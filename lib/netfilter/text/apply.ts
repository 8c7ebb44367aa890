/**
 * Carries a parsed command out on a table that is being edited.
 *
 * Kernel: none; iptables 1.8.9, iptables/nft-cmd.c.
 */
import type { Rule } from "../rule.ts";
import type { TableEdit } from "../table-edit.ts";
import type { Command } from "./command.ts";
import { ExitStatus, kernelProblem, noSuchChain, RuleError, type RuleVerb } from "./errors.ts";
import { saveRule } from "./printer.ts";

/** Is told of each rule and chain just before something happens to it. */
export interface Witness {
  rule(rule: Rule): void;
  chain(verb: string, name: string): void;
}

const NOBODY: Witness = { rule: () => undefined, chain: () => undefined };

/** Applies any command but -L, -S and -C. */
export function applyCommand(edit: TableEdit, command: Command, witness = NOBODY): void {
  const { chain } = command;
  if (command.rules.length > 0) checkRules(edit, command);
  switch (command.letter) {
    case "A":
      for (const rule of command.rules) {
        witness.rule(rule);
        edit.append(chain ?? "", rule);
      }
      refuseInKernel(edit, command, "APPEND");
      return;
    case "I":
      for (const rule of command.rules) {
        edit.insert(chain ?? "", command.number, rule);
        witness.rule(rule);
      }
      refuseInKernel(edit, command, "INSERT");
      return;
    case "R":
      replaceRule(edit, command, witness);
      return;
    case "D":
      deleteRules(edit, command, witness);
      return;
    case "N":
      edit.newChain(chain ?? "");
      return;
    case "F":
      flush(edit, command, witness);
      return;
    case "X":
      deleteChains(edit, chain, witness);
      return;
    case "P":
      setPolicy(edit, command);
      return;
    case "Z":
      zero(edit, command, witness);
      return;
    case "E":
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

/** What the tool checks of a command's rules before it does anything. */
export function checkRules(edit: TableEdit, { rules, refusal }: Command): void {
  if (refusal?.exitStatus === ExitStatus.PARAMETER_PROBLEM) throw refusal;
  const [rule] = rules;
  if (rule?.isJump !== true || edit.has(rule.targetName) === true) return;
  throw new RuleError(`Chain '${rule.targetName}' does not exist`);
}

/** What the kernel says to rules that the tool has put into a chain. */
function refuseInKernel(edit: TableEdit, { chain, rules, refusal }: Command, verb: RuleVerb): void {
  edit.verb = verb;
  const [rule] = rules;
  if (refusal !== null) {
    throw kernelProblem(`RULE_${verb}`, refusal.problem, `rule in chain ${chain}`, refusal.hint);
  }
  if (rule?.isJump !== true) return;
  const { targetName } = rule;
  if (edit.table.chains.get(targetName)?.builtIn !== true) return;
  const problem = edit.exists(targetName) ? "Operation not supported" : "No such file or directory";
  const hint = `${targetName} is a built-in chain, to which no rule jumps`;
  throw kernelProblem(`RULE_${verb}`, problem, `rule in chain ${chain}`, hint);
}

function replaceRule(edit: TableEdit, command: Command, witness: Witness): void {
  const [rule] = command.rules;
  if (rule === undefined) return;
  edit.replace(command.chain ?? "", command.number, rule);
  witness.rule(rule);
  refuseInKernel(edit, command, "REPLACE");
}

function deleteRules(edit: TableEdit, command: Command, witness: Witness): void {
  const chain = command.chain ?? "";
  if (command.number > 0) {
    edit.deleteNumber(chain, command.number);
    return;
  }
  for (const rule of command.rules) {
    if (!edit.exists(chain)) throw noSuchRule();
    const number = findRule(edit.rules(chain), rule);
    if (number === 0) throw noSuchRule();
    witness.rule(rule);
    edit.deleteNumber(chain, number);
  }
}

/** To flush one chain, or to tell of all, makes them; to flush all does not. */
function flush(edit: TableEdit, { chain, verbose }: Command, witness: Witness): void {
  for (const name of chain === null ? edit.chainNames() : [chain]) {
    edit.flush(name);
    witness.chain("Flushing", name);
    if (chain !== null || verbose) edit.declare(name);
  }
}

function deleteChains(edit: TableEdit, chain: string | null, witness: Witness): void {
  if (chain !== null) {
    const isBuiltIn = edit.table.chains.get(chain)?.builtIn === true;
    if (!isBuiltIn && edit.has(chain)) witness.chain("Deleting", chain);
    edit.deleteChain(chain);
    return;
  }
  let problem: RuleError | null = null;
  for (const name of edit.chainNames()) {
    const isBuiltIn = edit.table.chains.get(name)?.builtIn === true;
    if (isBuiltIn && !(edit.exists(name) && edit.isIdle(name))) continue;
    if (!isBuiltIn) witness.chain("Deleting", name);
    try {
      edit.deleteChain(name);
    } catch (error) {
      // The kernel is asked to delete all of them, and complains about the first.
      if (!(error instanceof RuleError)) throw error;
      problem ??= error;
    }
  }
  if (problem !== null) throw problem;
}

function setPolicy(edit: TableEdit, command: Command): void {
  const name = command.chain ?? "";
  if (command.extra !== "ACCEPT" && command.extra !== "DROP") {
    throw new RuleError("Bad policy name. Run `dmesg' for more information.", {
      exitStatus: ExitStatus.OTHER_PROBLEM,
      hint: "policies are ACCEPT and DROP",
    });
  }
  if (edit.table.chains.get(name)?.builtIn !== true) {
    throw new RuleError("Bad built-in chain name.", { exitStatus: ExitStatus.OTHER_PROBLEM });
  }
  edit.setPolicy(name, command.extra === "ACCEPT");
}

function zero(edit: TableEdit, command: Command, witness: Witness): void {
  if (command.zeroes) makeListed(edit, command, witness);
  for (const name of command.chain === null ? edit.chainNames() : [command.chain]) {
    if (command.number > 0 && !command.zeroes) {
      if (!edit.exists(name)) throw noSuchRule();
      // A number that no rule has is no error.
      const rule = edit.rules(name)[command.number - 1];
      if (rule !== undefined) zeroRule(rule);
      continue;
    }
    const rules = edit.rules(name);
    if (!edit.exists(name)) {
      if (command.chain !== null) throw noSuchChain();
      continue;
    }
    witness.chain("Zeroing", name);
    rules.forEach(zeroRule);
    edit.setCounters(name, 0, 0);
  }
}

/** A listing takes the built-in chains for there; to set the counters of one makes it. */
function makeListed(edit: TableEdit, { chain }: Command, witness: Witness): void {
  const names = chain === null ? edit.chainNames() : [chain];
  if (edit.isThere) {
    for (const name of names) edit.declare(name);
    return;
  }
  for (const name of names) witness.chain("Zeroing", name);
  throw kernelProblem("CHAIN_ZERO", "No such file or directory", `chain ${names[0]}`, "");
}

function zeroRule(rule: Rule): void {
  rule.packets = 0;
  rule.bytes = 0;
}

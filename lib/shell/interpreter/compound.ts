/**
 * Compound commands: groups, subshells, conditions, loops, and the definition of functions.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.4, §2.9.5.
 */
import { type Program, sleep } from "../../sim/process.ts";
import type { CommandList, CompoundCommand } from "../grammar/syntax.ts";
import type { Interpreter } from "./interpreter.ts";
import { Jump } from "./jump.ts";
import { matchesPattern } from "./pattern.ts";

/**
 * What one pass of a loop takes besides its commands, in ns, so that virtual time goes on in a loop
 * that never waits. Differs: commands of a list cost a system call each, not a fork and an exec.
 */
const PASS_NS = 500_000;

/** Runs one; its exit status. Throws `Jump`. */
export function* compound(shell: Interpreter, command: CompoundCommand): Program<number> {
  switch (command.kind) {
    case "group":
      return yield* body(shell, command.body);
    case "subshell":
      return yield* shell.child(shell.context.io).script(command.body);
    case "if":
      for (const branch of command.branches) {
        if (yield* holds(shell, branch.condition)) return yield* body(shell, branch.body);
      }
      return command.otherwise === null ? 0 : yield* body(shell, command.otherwise);
    case "loop":
      return yield* whileLoop(shell, command);
    case "for":
      return yield* forLoop(shell, command);
    case "case":
      return yield* caseOf(shell, command);
    default:
      shell.state.functions.set(command.name, command.body);
      return 0;
  }
}

function* body(shell: Interpreter, list: CommandList): Program<number> {
  shell.state.status = 0;
  return yield* shell.list(list);
}

/** Whether a condition is met; a failure in it ends no script. */
function* holds(shell: Interpreter, condition: CommandList): Program<boolean> {
  const { state } = shell;
  state.conditions += 1;
  try {
    return (yield* shell.list(condition)) === 0;
  } finally {
    state.conditions -= 1;
  }
}

function* whileLoop(
  shell: Interpreter,
  command: CompoundCommand & { kind: "loop" },
): Program<number> {
  let status = 0;
  for (;;) {
    yield sleep(PASS_NS);
    const goesOn = yield* pass(function* () {
      if ((yield* holds(shell, command.condition)) === command.until) return false;
      status = yield* body(shell, command.body);
      return true;
    });
    if (!goesOn) return status;
  }
}

function* forLoop(shell: Interpreter, command: CompoundCommand & { kind: "for" }): Program<number> {
  const { state, expander } = shell;
  const values = command.words === null ? state.positional : yield* expander.fields(command.words);
  let status = 0;
  for (const value of values) {
    yield sleep(PASS_NS);
    state.variables.set(command.name, value);
    const goesOn = yield* pass(function* () {
      status = yield* body(shell, command.body);
      return true;
    });
    if (!goesOn) break;
  }
  return status;
}

/** One pass of a loop; false if it said that there is no next one, or was left by `break`. */
function* pass(act: () => Program<boolean>): Program<boolean> {
  try {
    return yield* act();
  } catch (error) {
    if (!(error instanceof Jump) || (error.kind !== "break" && error.kind !== "continue")) {
      throw error;
    }
    if (error.levels > 1) throw new Jump(error.kind, error.levels - 1, error.status);
    return error.kind === "continue";
  }
}

function* caseOf(shell: Interpreter, command: CompoundCommand & { kind: "case" }): Program<number> {
  const subject = yield* shell.expander.text(command.subject);
  for (const clause of command.clauses) {
    for (const word of clause.patterns) {
      const pattern = yield* shell.expander.pattern(word);
      if (matchesPattern(pattern, subject)) return yield* body(shell, clause.body);
    }
  }
  return 0;
}

/**
 * Compound commands: groups, subshells, conditions, loops, and the definition of functions.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.4, §2.9.5; bash(1) 5.2, Compound Commands.
 */
import { type Program, sleep } from "../../sim/process.ts";
import type { CommandList, CompoundCommand } from "../grammar/syntax.ts";
import { holds } from "./condition.ts";
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
  const { state } = shell;
  switch (command.kind) {
    case "group":
      return yield* shell.list(command.body);
    case "subshell":
      return yield* shell.child(shell.context.io).script(command.body);
    case "if":
      for (const { condition, body } of command.branches) {
        if (yield* succeeds(shell, condition)) return yield* shell.list(body);
      }
      return command.otherwise === null ? 0 : yield* shell.list(command.otherwise);
    case "loop":
      return yield* whileLoop(shell, command);
    case "for":
      return yield* forLoop(shell, command);
    case "count":
      return yield* countLoop(shell, command);
    case "test":
      return (yield* holds(shell, command.condition)) ? 0 : 1;
    case "arithmetic":
      return Number((yield* shell.expander.number(command.expression)) === 0);
    case "case":
      return yield* caseOf(shell, command);
    default:
      state.functions.set(command.name, command.body);
      return 0;
  }
}

/** Whether a list succeeds; its failure ends no script. */
function* succeeds(shell: Interpreter, condition: CommandList): Program<boolean> {
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
    const go = yield* pass(function* () {
      if ((yield* succeeds(shell, command.condition)) === command.until) return false;
      status = yield* shell.list(command.body);
      return true;
    });
    if (!go) return status;
  }
}

function* forLoop(shell: Interpreter, command: CompoundCommand & { kind: "for" }): Program<number> {
  const { state, expander } = shell;
  const values = command.words === null ? state.positional : yield* expander.fields(command.words);
  let status = 0;
  for (const value of values) {
    yield sleep(PASS_NS);
    state.assign(command.name, value);
    const go = yield* pass(function* () {
      status = yield* shell.list(command.body);
      return true;
    });
    if (!go) break;
  }
  return status;
}

function* countLoop(
  shell: Interpreter,
  { start, condition, step, body }: CompoundCommand & { kind: "count" },
): Program<number> {
  const { expander } = shell;
  let status = 0;
  yield* expander.number(start);
  for (;;) {
    yield sleep(PASS_NS);
    if (condition.text.trim() !== "" && (yield* expander.number(condition)) === 0) return status;
    const go = yield* pass(function* () {
      status = yield* shell.list(body);
      return true;
    });
    if (!go) return status;
    yield* expander.number(step);
  }
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
  for (const { patterns, body } of command.clauses) {
    for (const word of patterns) {
      const pattern = yield* shell.expander.pattern(word);
      if (matchesPattern(pattern, subject)) return yield* shell.list(body);
    }
  }
  return 0;
}

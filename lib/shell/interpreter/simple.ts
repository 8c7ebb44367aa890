/**
 * Simple commands: assignments, then a function, a builtin or a program.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.1, §2.9.5, §2.14 (special builtins).
 */
import type { Program } from "../../sim/process.ts";
import { DECLARATIONS } from "../grammar/assignment.ts";
import type { ShellCommand, SimpleCommand } from "../grammar/syntax.ts";
import { ShellArray } from "./array.ts";
import { assignedText } from "./assign.ts";
import { type Builtin, findBuiltin, isSpecial } from "./builtins.ts";
import type { Interpreter } from "./interpreter.ts";
import { Jump } from "./jump.ts";
import { NOT_FOUND, resolveCommand } from "./lookup.ts";
import type { ShellState } from "./state.ts";

/** Variables by name, as a command line has set them. */
type Values = ReadonlyMap<string, string>;

/** Runs one; its exit status. `inPlace`: a program may take the shell's place. Throws `Jump`. */
export function* simple(
  shell: Interpreter,
  command: SimpleCommand,
  inPlace: boolean,
): Program<number> {
  const { state } = shell;
  const before = state.status;
  const words = yield* shell.expander.fields(command.words);
  const values = yield* assigned(shell, command, words);
  const [name, ...args] = words;
  if (state.options.has("x")) trace(shell, values, words);
  if (name === undefined) return hasSubstitution(command) ? state.status : 0;
  state.status = before;
  const body = state.functions.get(name);
  if (body !== undefined) return yield* call(shell, body, args);
  const builtin = findBuiltin(name, state.shell);
  if (builtin !== null) return yield* withValues(shell, builtin, words, values);
  return yield* runProgram(shell, words, inPlace && state.traps.size === 0, values);
}

/** A command that is neither builtin nor function; `inPlace` hands it the shell's signals. */
export function* runProgram(
  shell: Interpreter,
  words: readonly string[],
  inPlace: boolean,
  values: Values = new Map(),
): Program<number> {
  const { context, state } = shell;
  const body = resolveCommand(state.commands, words);
  if (body === null) {
    context.io.stderr(`${notFound(state, words[0] ?? "")}\n`);
    return NOT_FOUND;
  }
  const environment = new Map([...state.environment(), ...values]);
  const signal = inPlace ? context.signal : null;
  return yield* body({ ...context, commands: state.commands, environment, signal });
}

/** Carries out the assignments in front of `words`, or those of a declaration; their values. */
function* assigned(
  { state, expander }: Interpreter,
  { assignments }: SimpleCommand,
  words: readonly string[],
): Program<Values> {
  const values = new Map<string, string>();
  const [name] = words;
  const isDeclared = name !== undefined && DECLARATIONS.has(name);
  for (const assignment of assignments) {
    if (isDeclared && name !== "export") state.makeLocal(assignment.name);
    if (isDeclared && words.includes("-A")) state.setArray(assignment.name, new ShellArray(true));
    const text = yield* assignedText(expander, state, assignment);
    if (text === null) continue;
    values.set(assignment.name, text);
    if (name === undefined) state.assign(assignment.name, text);
  }
  return values;
}

/** A builtin sees the values; those in front of a special one stay. */
function* withValues(
  shell: Interpreter,
  builtin: Builtin,
  [name = "", ...args]: readonly string[],
  values: Values,
): Program<number> {
  const { state } = shell;
  const passing = isSpecial(name) ? [] : [...values.keys()];
  const before = passing.map((key) => [key, state.variables.get(key)] as const);
  for (const [key, value] of values) state.assign(key, value);
  try {
    return yield* builtin(shell, args);
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) state.variables.delete(key);
      else state.variables.set(key, value);
    }
  }
}

function* call(
  shell: Interpreter,
  body: ShellCommand,
  positional: readonly string[],
): Program<number> {
  const { state } = shell;
  const before = state.positional;
  state.positional = positional;
  state.enter();
  try {
    return yield* shell.command(body);
  } catch (error) {
    if (error instanceof Jump && error.kind === "return") return error.status;
    throw error;
  } finally {
    state.positional = before;
    state.leave();
  }
}

function hasSubstitution({ assignments }: SimpleCommand): boolean {
  return assignments.some(({ value }) => value.parts.some(({ kind }) => kind === "substitution"));
}

function trace(shell: Interpreter, values: Values, words: readonly string[]): void {
  const shown = [...values].map(([name, value]) => `${name}=${value}`);
  shell.context.io.stderr(`+ ${[...shown, ...words].join(" ")}\n`);
}

/** What a shell says of a command that is not there. */
function notFound({ shell, name }: ShellState, command: string): string {
  if (shell === "bash") {
    const what = command.includes("/") ? "No such file or directory" : "command not found";
    return `${name}: line 1: ${command}: ${what}`;
  }
  return `${name}: ${shell === "dash" ? "1: " : ""}${command}: not found`;
}

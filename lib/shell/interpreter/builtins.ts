/**
 * Commands that change the shell itself.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.14 (special built-in utilities), wait; bash(1) 5.2,
 * Shell Builtin Commands.
 * Differs: `ulimit`, `umask` and `shopt` change nothing.
 * Not modelled: `alias`, job control.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { type CommandContext, ToolError } from "../command.ts";
import { formatted } from "../commands/printf.ts";
import { unescapeText } from "../escapes.ts";
import type { ShellKind } from "../grammar/dialect.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { changeDirectory, printDirectory } from "./directory-builtins.ts";
import { getopts } from "./getopts.ts";
import { Jump } from "./jump.ts";
import { mapfile, read } from "./read-builtins.ts";
import type { ShellState } from "./state.ts";
import { declare, exportVariables, makeLocal, set, shift, unset } from "./variable-builtins.ts";

/** What a builtin is given: the shell that it stands in. */
export interface BuiltinShell {
  readonly context: CommandContext;
  readonly state: ShellState;
  text(script: string): Program<number>;
  run(words: readonly string[], inPlace: boolean): Program<number>;
}

/** A command that the shell carries out itself. */
export type Builtin = (shell: BuiltinShell, args: readonly string[]) => Program<number>;

const SPECIAL = new Set([
  ":",
  ".",
  "break",
  "continue",
  "eval",
  "exec",
  "exit",
  "export",
  "readonly",
  "return",
  "set",
  "shift",
  "trap",
  "unset",
]);

/** Whether assignments in front of it stay (POSIX §2.14). */
export function isSpecial(name: string): boolean {
  return SPECIAL.has(name);
}

/** Builtins that only bash has. */
const ONLY_BASH = new Set(["declare", "let", "mapfile", "readarray", "shopt", "typeset"]);

/** The builtin of that name in a shell, or null. */
export function findBuiltin(name: string, shell: ShellKind = "bash"): Builtin | null {
  if (shell !== "bash" && ONLY_BASH.has(name)) return null;
  // Only the echo of dash is another one than the command.
  if (name === "echo") return shell === "dash" ? at(dashEcho) : null;
  if (name === "printf") return shell === "bash" ? printText : null;
  return BUILTINS.get(name) ?? null;
}

/** All names. */
export function builtinNames(): readonly string[] {
  return [...BUILTINS.keys()];
}

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [":", at(() => 0)],
  ["break", at(({ state }, [levels]) => jump("break", levels, state.status))],
  ["cd", at(changeDirectory)],
  ["command", command],
  ["continue", at(({ state }, [levels]) => jump("continue", levels, state.status))],
  ["declare", at(declare)],
  ["eval", (shell, args) => shell.text(args.join(" "))],
  ["exec", exec],
  ["exit", at(({ state }, [status]) => leave("exit", status, state.status))],
  ["export", at(exportVariables)],
  ["getopts", at(getopts)],
  ["hash", at(() => 0)],
  ["let", at(evaluate)],
  ["local", at(makeLocal)],
  ["mapfile", mapfile],
  ["pwd", at(printDirectory)],
  ["read", read],
  ["readarray", mapfile],
  ["readonly", at(exportVariables)],
  ["return", at(({ state }, [status]) => leave("return", status, state.status))],
  ["set", at(set)],
  ["shift", at(shift)],
  ["shopt", at(() => 0)],
  [".", source],
  ["source", source],
  ["trap", at(trap)],
  ["type", at(type)],
  ["typeset", at(declare)],
  ["ulimit", at(() => 0)],
  ["umask", at(() => 0)],
  ["unset", at(unset)],
  ["wait", wait],
]);

/** A builtin that does not wait. */
function at(act: (shell: BuiltinShell, args: readonly string[]) => number): Builtin {
  // biome-ignore lint/correctness/useYield: it never waits
  return function* (shell, args) {
    return act(shell, args);
  };
}

function jump(kind: "break" | "continue", levels: string | undefined, status: number): never {
  throw new Jump(kind, Math.max(1, Number(levels ?? 1)), status);
}

function leave(kind: "exit" | "return", status: string | undefined, last: number): never {
  throw new Jump(kind, 1, status === undefined ? last : Number(status) & 255);
}

function* command(shell: BuiltinShell, args: readonly string[]): Program<number> {
  const [first = "", name = ""] = args;
  const { state, context } = shell;
  if (first === "-V") return type(shell, args.slice(1));
  if (first !== "-v") {
    const builtin = findBuiltin(first, state.shell);
    if (builtin !== null) return yield* builtin(shell, args.slice(1));
    return yield* shell.run(args, false);
  }
  const place = placeOf(state, name);
  if (place === null) return state.shell === "bash" ? 1 : 127;
  context.io.stdout(`${place}\n`);
  return 0;
}

/** Commands that shells carry out themselves, here as everywhere by the same name. */
const COMMON = new Set(["[", "echo", "false", "kill", "printf", "test", "true"]);

/** A builtin's or function's name, a command's path; null for what is not there. */
function placeOf({ functions, commands }: ShellState, name: string): string | null {
  if (functions.has(name) || BUILTINS.has(name) || COMMON.has(name)) return name;
  if (commands.find(name) === null) return null;
  return name.includes("/") ? name : `/bin/${name}`;
}

/** `type NAME…`. */
function type({ state, context }: BuiltinShell, args: readonly string[]): number {
  let status = 0;
  for (const name of args.filter((word) => !word.startsWith("-"))) {
    const place = placeOf(state, name);
    if (place === null) {
      context.io.stderr(
        `${state.name}: ${state.shell === "bash" ? "line 1: type: " : ""}${name}: not found\n`,
      );
      status = state.shell === "bash" ? 1 : 127;
    } else if (state.functions.has(name)) context.io.stdout(`${name} is a function\n`);
    else if (BUILTINS.has(name)) context.io.stdout(`${name} is a shell builtin\n`);
    else context.io.stdout(`${name} is ${place}\n`);
  }
  return status;
}

/** `let EXPRESSION…`. */
function evaluate({ state }: BuiltinShell, args: readonly string[]): number {
  let value = 0;
  for (const expression of args) value = evaluateArithmetic(expression, state.numbers);
  return Number(value === 0);
}

/** `printf`, which bash can put into a variable. */
function* printText(shell: BuiltinShell, args: readonly string[]): Program<number> {
  const [first, name = "", format = "", ...rest] = args;
  if (first !== "-v") return yield* shell.run(["printf", ...args], false);
  shell.state.assign(name, formatted(format, rest));
  return 0;
}

/** dash's own `echo` reads escapes always, and knows no option but `-n`. */
function dashEcho({ context }: BuiltinShell, args: readonly string[]): number {
  const isBare = args[0] === "-n";
  const text = unescapeText(args.slice(isBare ? 1 : 0).join(" "));
  context.io.stdout(isBare ? text : `${text}\n`);
  return 0;
}

/** Puts a command in the shell's place: it gets the shell's signals, and the script ends with it. */
function* exec(shell: BuiltinShell, args: readonly string[]): Program<number> {
  if (args.length === 0) return 0;
  throw new Jump("exit", 1, yield* shell.run(args, true));
}

function* source(shell: BuiltinShell, [path = ""]: readonly string[]): Program<number> {
  const bytes = shell.context.host.files.read(path);
  if (bytes === null) {
    throw new ToolError(`${shell.state.name}: .: can't open '${path}': No such file`, 2);
  }
  return yield* shell.text(fromUtf8(bytes));
}

function trap({ state }: BuiltinShell, args: readonly string[]): number {
  const [action = "", ...signals] = args;
  for (const signal of signals) {
    const name = signal === "0" ? "EXIT" : signal === "15" ? "TERM" : signal.replace(/^SIG/, "");
    if (action === "-") state.traps.delete(name);
    else state.traps.set(name, action);
  }
  return 0;
}

/** Waits for jobs in the background; a signal with a trap ends it. */
function* wait({ state }: BuiltinShell, args: readonly string[]): Program<number> {
  const wanted = state.jobs.filter(({ pid }) => args.length === 0 || args.includes(String(pid)));
  const { signal } = state;
  for (const job of wanted) {
    while (job.status === null) {
      if (signal?.raised === true && state.traps.has("TERM")) return 143;
      yield waitFor(signal === null ? [job.exited] : [job.exited, signal.waitQueue]);
    }
  }
  return args.length === 0 ? 0 : (wanted.at(-1)?.status ?? 127);
}

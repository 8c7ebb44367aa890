/**
 * Commands that change the shell itself.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.14 (special built-in utilities), read, wait, cd.
 * Differs: `ulimit` and `umask` limit nothing.
 * Not modelled: `getopts`, `alias`, job control; `cd` only sets PWD, since files are named
 * from the root.
 */

import type { Pipe } from "../../apps/pipe.ts";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { type CommandContext, ToolError } from "../command.ts";
import { splitFields } from "./expand.ts";
import { Jump } from "./jump.ts";
import type { ShellState } from "./state.ts";

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

/** The builtin of that name, or null. */
export function findBuiltin(name: string): Builtin | null {
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
  ["eval", (shell, args) => shell.text(args.join(" "))],
  ["exec", exec],
  ["exit", at(({ state }, [status]) => leave("exit", status, state.status))],
  ["export", at(exportVariables)],
  ["local", at(setVariables)],
  ["read", read],
  ["readonly", at(setVariables)],
  ["return", at(({ state }, [status]) => leave("return", status, state.status))],
  ["set", at(set)],
  ["shift", at(shift)],
  [".", source],
  ["source", source],
  ["trap", at(trap)],
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

function changeDirectory({ state }: BuiltinShell, [path]: readonly string[]): number {
  state.variables.set("PWD", path ?? state.variables.get("HOME") ?? "/");
  return 0;
}

function* command(shell: BuiltinShell, args: readonly string[]): Program<number> {
  const [first, name = ""] = args;
  if (first !== "-v" && first !== "-V") return yield* shell.run(args, false);
  const found =
    BUILTINS.has(name) ||
    shell.state.functions.has(name) ||
    shell.state.commands.find(name) !== null;
  if (!found) return 127;
  shell.context.io.stdout(`${BUILTINS.has(name) ? name : `/bin/${name}`}\n`);
  return 0;
}

/** Puts a command in the shell's place: it gets the shell's signals, and the script ends with it. */
function* exec(shell: BuiltinShell, args: readonly string[]): Program<number> {
  if (args.length === 0) return 0;
  throw new Jump("exit", 1, yield* shell.run(args, true));
}

function exportVariables({ state, context }: BuiltinShell, args: readonly string[]): number {
  const names = args.filter((word) => word !== "-p");
  if (names.length === 0) {
    for (const [name, value] of state.environment())
      context.io.stdout(`export ${name}='${value}'\n`);
  }
  for (const word of names) {
    const [name = ""] = word.split("=", 1);
    if (word.includes("=")) state.variables.set(name, word.slice(name.length + 1));
    state.exported.add(name);
  }
  return 0;
}

/** Differs: `readonly` does not protect and `local` does not end with the function. */
function setVariables({ state }: BuiltinShell, args: readonly string[]): number {
  for (const word of args) {
    const [name = ""] = word.split("=", 1);
    if (word.includes("=")) state.variables.set(name, word.slice(name.length + 1));
  }
  return 0;
}

function* read({ context, state }: BuiltinShell, args: readonly string[]): Program<number> {
  const names = args.filter((word) => !word.startsWith("-"));
  const { text, ended } = yield* readLine(context.io.stdin);
  const raw = args.includes("-r") ? text : text.replace(/\\(.)/g, "$1");
  const separators = state.variables.get("IFS") ?? " \t\n";
  const fields = splitFields(raw, separators, Math.max(1, names.length));
  for (const [index, name] of (names.length === 0 ? ["REPLY"] : names).entries()) {
    state.variables.set(name, fields[index] ?? "");
  }
  return ended ? 1 : 0;
}

/** The bytes up to a newline, which is taken as well; `ended` says that there was none. */
function* readLine(stdin: Pipe): Program<{ text: string; ended: boolean }> {
  const bytes: Uint8Array[] = [];
  for (;;) {
    const byte = stdin.take(1);
    if (byte.length === 0) {
      if (stdin.atEnd) return { text: fromUtf8(concatBytes(bytes)), ended: true };
      yield waitFor([stdin.waitQueue]);
    } else if (byte[0] === 10) return { text: fromUtf8(concatBytes(bytes)), ended: false };
    else bytes.push(byte);
  }
}

function set({ state, context }: BuiltinShell, args: readonly string[]): number {
  if (args.length === 0) {
    for (const [name, value] of state.variables) context.io.stdout(`${name}='${value}'\n`);
    return 0;
  }
  const left = [...args];
  for (let word = left[0]; word !== undefined && /^[-+]/.test(word); word = left[0]) {
    left.shift();
    if (word === "--") {
      state.positional = left;
      return 0;
    }
    const letters = word === "-o" || word === "+o" ? longOption(left.shift() ?? "") : word.slice(1);
    for (const letter of letters) {
      if (word.startsWith("-")) state.options.add(letter);
      else state.options.delete(letter);
    }
  }
  if (left.length > 0) state.positional = left;
  return 0;
}

function longOption(name: string): string {
  const letters: Readonly<Record<string, string>> = { errexit: "e", nounset: "u", xtrace: "x" };
  return letters[name] ?? "";
}

function shift({ state }: BuiltinShell, [count = "1"]: readonly string[]): number {
  if (Number(count) > state.positional.length) return 1;
  state.positional = state.positional.slice(Number(count));
  return 0;
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

function unset({ state }: BuiltinShell, args: readonly string[]): number {
  for (const name of args) {
    state.variables.delete(name);
    state.exported.delete(name);
    state.functions.delete(name);
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

/**
 * Builtins that change variables, parameters and options.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.14 (export, set, shift, unset); bash(1) 5.2, declare.
 * Differs: `readonly` does not protect, and `declare -i` reckons nothing.
 */
import { ShellArray } from "./array.ts";
import type { BuiltinShell } from "./builtins.ts";
import type { ShellState } from "./state.ts";

/** `export [-p] [NAME[=VALUE]…]`, and `readonly`, which only does not export. */
export function exportVariables({ state, context }: BuiltinShell, args: readonly string[]): number {
  const names = args.filter((word) => !/^-./.test(word));
  if (names.length === 0) {
    for (const [name, value] of state.environment())
      context.io.stdout(`export ${name}='${value}'\n`);
  }
  for (const word of names) {
    const name = assignWord(state, word);
    if (args.includes("-n")) state.exported.delete(name);
    else state.exported.add(name);
  }
  return 0;
}

/** `local NAME[=VALUE]…`: they end with the function. */
export function makeLocal({ state }: BuiltinShell, args: readonly string[]): number {
  for (const word of args.filter((each) => !/^-./.test(each))) {
    state.makeLocal(nameIn(word));
    declareOne(state, word, args);
  }
  return 0;
}

/** `declare [-aAgixr] NAME[=VALUE]…`. */
export function declare({ state, context }: BuiltinShell, args: readonly string[]): number {
  const flags = args.filter((word) => /^[-+]./.test(word)).join("");
  const words = args.filter((word) => !/^[-+]./.test(word));
  if (flags.includes("p") || words.length === 0) {
    for (const name of words) {
      const value = state.parameter(name);
      if (value === null) return 1;
      context.io.stdout(`declare -- ${name}="${value}"\n`);
    }
    return 0;
  }
  for (const word of words) {
    if (!flags.includes("g")) state.makeLocal(nameIn(word));
    declareOne(state, word, args);
  }
  return 0;
}

function declareOne(state: ShellState, word: string, args: readonly string[]): void {
  const flags = args.filter((each) => /^-./.test(each)).join("");
  const name = nameIn(word);
  const hasKind = state.arrays.has(name) || !/[aA]/.test(flags);
  if (!hasKind) state.setArray(name, new ShellArray(flags.includes("A")));
  assignWord(state, word);
  if (flags.includes("x")) state.exported.add(name);
}

function nameIn(word: string): string {
  return word.split("=", 1)[0] ?? "";
}

/** Carries out `NAME=VALUE`; returns the name. */
function assignWord(state: ShellState, word: string): string {
  const name = nameIn(word);
  if (word.includes("=")) state.assign(name, word.slice(name.length + 1));
  return name;
}

/** `set [-eux] [-o NAME] [--] [WORD…]`. */
export function set({ state, context }: BuiltinShell, args: readonly string[]): number {
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
    for (const letter of word.slice(1)) {
      const option = letter === "o" ? optionOf(left.shift() ?? "") : letter;
      if (word.startsWith("-")) state.options.add(option);
      else state.options.delete(option);
    }
  }
  if (left.length > 0) state.positional = left;
  return 0;
}

/** The letter of a long option, or its name if it has none. */
export function optionOf(name: string): string {
  const letters: Readonly<Record<string, string>> = {
    errexit: "e",
    nounset: "u",
    xtrace: "x",
    noglob: "f",
    allexport: "a",
  };
  return letters[name] ?? name;
}

/** `shift [COUNT]`. */
export function shift({ state }: BuiltinShell, [count = "1"]: readonly string[]): number {
  if (Number(count) > state.positional.length) return 1;
  state.positional = state.positional.slice(Number(count));
  return 0;
}

/** `unset [-v] [-f] NAME…`, of bash `NAME[INDEX]` too. */
export function unset({ state }: BuiltinShell, args: readonly string[]): number {
  for (const name of args.filter((word) => !word.startsWith("-"))) {
    const [, array, index] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
    if (array !== undefined && index !== undefined) {
      state.arrays.get(array)?.delete(state.key(array, index));
      continue;
    }
    if (!args.includes("-f")) state.unset(name);
    if (!args.includes("-v")) state.functions.delete(name);
  }
  return 0;
}

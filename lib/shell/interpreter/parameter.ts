/**
 * Values of parameters: `$name`, `${name:-word}`, elements of arrays, parts and replacements.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6.2; bash(1) 5.2, Parameter Expansion, Arrays.
 */
import type { Program } from "../../sim/process.ts";
import { ToolError } from "../command.ts";
import type { ParameterPart, Word } from "../grammar/syntax.ts";
import { replacePattern, trimPattern } from "./pattern.ts";
import type { ShellState } from "./state.ts";

/** How the words inside of `${…}` are expanded. */
export interface WordValues {
  text(word: Word): Program<string>;
  pattern(word: Word): Program<string>;
  number(word: Word): Program<number>;
  random(): number;
}

/** The value of a parameter; a list for `$@`, `$*` and all of an array. */
export function* parameterValue(
  state: ShellState,
  part: ParameterPart,
  words: WordValues,
): Program<string | readonly string[]> {
  if (part.indirect) return yield* indirectValue(state, part, words);
  const { name, operator } = part;
  const list = listOf(state, part);
  if (list !== null) return yield* listValue(state, list, part, words);
  if (name === "RANDOM" && state.shell !== "dash") return String(words.random());
  const value = part.index === null ? state.parameter(name) : yield* element(state, part, words);
  if (operator === "#length") return String((value ?? "").length);
  if (operator === null) return required(state, name, value);
  if (isTest(operator)) return yield* tested(state, part, value, words);
  return yield* changed(value ?? "", part, words);
}

/** `${!name}`: what the value names; `${!name[@]}`: the keys of an array. */
function* indirectValue(
  state: ShellState,
  part: ParameterPart,
  words: WordValues,
): Program<string | readonly string[]> {
  if (part.index !== null && isAll(part.index)) {
    return (
      state.arrays.get(part.name)?.keys() ?? (state.parameter(part.name) === null ? [] : ["0"])
    );
  }
  const name = String(state.parameter(part.name) ?? "");
  return yield* parameterValue(state, { ...part, name, indirect: false }, words);
}

function isAll({ text }: Word): boolean {
  return text === "@" || text === "*";
}

/** All values of what stands for a list; null for what does not. */
function listOf(state: ShellState, { name, index }: ParameterPart): readonly string[] | null {
  if (index === null) return name === "@" || name === "*" ? state.positional : null;
  if (!isAll(index)) return null;
  const value = state.variables.get(name);
  return state.arrays.get(name)?.values() ?? (value === undefined ? [] : [value]);
}

function* listValue(
  state: ShellState,
  list: readonly string[],
  part: ParameterPart,
  words: WordValues,
): Program<string | readonly string[]> {
  const { operator, word, second, index } = part;
  if (operator === null) return list;
  // Without an index it is `$@`, whose length dash takes for that of the parameters joined.
  if (operator === "#length") return String(list.length);
  if (operator === "substring" && word !== null) {
    const at = yield* words.number(word);
    const all = index === null ? [state.name, ...list] : list;
    const start = at < 0 ? Math.max(0, all.length + at) : at;
    return all.slice(start, second === null ? undefined : start + (yield* words.number(second)));
  }
  if (isTest(operator)) {
    const joined = list.length === 0 ? null : list.join(" ");
    const text = yield* tested(state, part, joined, words);
    return text === joined ? list : text;
  }
  const values: string[] = [];
  for (const value of list) values.push(yield* changed(value, part, words));
  return values;
}

function* element(
  state: ShellState,
  { name, index }: ParameterPart,
  words: WordValues,
): Program<string | null> {
  const text = index === null ? "0" : yield* words.text(index);
  const key = state.key(name, text);
  const array = state.arrays.get(name);
  if (array !== undefined) return array.get(key);
  return key === "0" ? (state.variables.get(name) ?? null) : null;
}

function isTest(operator: string): boolean {
  return /^:?[-=?+]$/.test(operator);
}

function* tested(
  state: ShellState,
  { name, operator, word }: ParameterPart,
  value: string | null,
  words: WordValues,
): Program<string> {
  const isSet = value !== null && (value !== "" || !(operator ?? "").startsWith(":"));
  const other = function* (): Program<string> {
    return word === null ? "" : yield* words.text(word);
  };
  if (operator?.at(-1) === "+") return isSet ? yield* other() : "";
  if (isSet) return value;
  const text = yield* other();
  if (operator?.at(-1) === "=") state.assign(name, text);
  else if (operator?.at(-1) === "?") {
    const reason = text === "" ? "parameter not set" : text;
    throw new ToolError(`${state.name}: ${name}: ${reason}`, 2);
  }
  return text;
}

/** A value with a part taken away, replaced, or in other letters. */
function* changed(
  value: string,
  { operator, word, second }: ParameterPart,
  words: WordValues,
): Program<string> {
  switch (operator) {
    case "#":
    case "##":
    case "%":
    case "%%":
      return word === null ? value : trimPattern(value, yield* words.pattern(word), operator);
    case "/":
    case "//":
    case "/#":
    case "/%": {
      const pattern = word === null ? "" : yield* words.pattern(word);
      const text = second === null ? "" : yield* words.text(second);
      return pattern === "" ? value : replacePattern(value, pattern, text, operator);
    }
    case "substring": {
      const at = word === null ? 0 : yield* words.number(word);
      const start = at < 0 ? value.length + at : at;
      if (start < 0) return "";
      if (second === null) return value.slice(start);
      const length = yield* words.number(second);
      return value.slice(start, length < 0 ? value.length + length : start + length);
    }
    case "^":
      return value.slice(0, 1).toUpperCase() + value.slice(1);
    case "^^":
      return value.toUpperCase();
    case ",":
      return value.slice(0, 1).toLowerCase() + value.slice(1);
    default:
      return value.toLowerCase();
  }
}

function required(state: ShellState, name: string, value: string | null): string {
  if (value === null && state.options.has("u")) {
    const what = state.shell === "bash" ? "unbound variable" : "parameter not set";
    throw new ToolError(`${state.name}: ${name}: ${what}`, state.shell === "bash" ? 1 : 2);
  }
  return value ?? "";
}

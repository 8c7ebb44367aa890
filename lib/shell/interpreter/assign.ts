/**
 * Assignments: what a variable, an element or a whole array is given.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.1; bash(1) 5.2, Parameters, Arrays.
 */
import type { Program } from "../../sim/process.ts";
import { type Assignment, literalText, type Word } from "../grammar/syntax.ts";
import { ShellArray } from "./array.ts";
import type { Expander } from "./expand.ts";
import type { ShellState } from "./state.ts";

/** The text that a variable is to be given; null if it was an array's, which has been given it. */
export function* assignedText(
  expander: Expander,
  state: ShellState,
  { name, index, appends, value }: Assignment,
): Program<string | null> {
  const list = value.parts.find((part) => part.kind === "array");
  if (list?.kind === "array") {
    yield* assignList(expander, state, name, list.words, appends);
    return null;
  }
  const text = yield* expander.text(value);
  if (index === null) return appends ? `${state.parameter(name) ?? ""}${text}` : text;
  const array = state.arrayFor(name);
  const key = state.key(name, yield* expander.text(index));
  array.set(key, appends ? `${array.get(key) ?? ""}${text}` : text);
  return null;
}

function* assignList(
  expander: Expander,
  state: ShellState,
  name: string,
  words: readonly Word[],
  appends: boolean,
): Program<void> {
  const before = appends ? state.arrayFor(name) : state.arrays.get(name);
  const array =
    appends && before !== undefined ? before : new ShellArray(before?.isAssociative === true);
  const plain: Word[] = [];
  for (const word of words) {
    const [first, ...rest] = word.parts;
    const match = first?.kind === "literal" ? /^\[([^\]]*)\]=/.exec(first.text) : null;
    if (first?.kind !== "literal" || match === null) {
      plain.push(word);
      continue;
    }
    const value = { ...first, text: first.text.slice(match[0].length) };
    const key = literalText({ parts: [], text: "" }) + (match[1] ?? "");
    if (!array.isAssociative) state.setArray(name, array);
    array.set(state.key(name, key), yield* expander.text({ parts: [value, ...rest], text: "" }));
  }
  for (const value of yield* expander.fields(plain)) array.push(value);
  state.setArray(name, array);
}

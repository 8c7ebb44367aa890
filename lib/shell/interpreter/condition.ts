/**
 * Evaluates `[[ … ]]`: words are not split, `==` matches patterns, `=~` regular expressions.
 *
 * Spec: bash(1) 5.2, Conditional Expressions; `BASH_REMATCH`.
 */
import type { Program } from "../../sim/process.ts";
import { compareValues, testFile } from "../commands/test.ts";
import type { Condition, Word } from "../grammar/syntax.ts";
import type { ShellHost } from "../host.ts";
import { expressionOf } from "../regular-expression.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { ShellArray } from "./array.ts";
import type { Expander } from "./expand.ts";
import { matchesPattern } from "./pattern.ts";
import type { ShellState } from "./state.ts";

/** What a condition is evaluated with. */
export interface ConditionShell {
  readonly state: ShellState;
  readonly expander: Expander;
  readonly host: ShellHost;
}

/** Whether a condition holds. */
export function* holds(shell: ConditionShell, condition: Condition): Program<boolean> {
  switch (condition.kind) {
    case "and":
      return (yield* holds(shell, condition.left)) && (yield* holds(shell, condition.right));
    case "or":
      return (yield* holds(shell, condition.left)) || (yield* holds(shell, condition.right));
    case "not":
      return !(yield* holds(shell, condition.condition));
    case "unary":
      return unary(shell, condition.operator, yield* shell.expander.text(condition.word));
    default:
      return yield* binary(shell, condition.left, condition.operator, condition.right);
  }
}

function unary({ state, host }: ConditionShell, operator: string, text: string): boolean {
  switch (operator) {
    case "-n":
      return text !== "";
    case "-z":
      return text === "";
    case "-v":
      return state.parameter(text) !== null || state.arrays.has(text);
    case "-o":
      return state.options.has(text);
    case "-t":
      return false;
    default:
      return testFile(host, operator, text);
  }
}

function* binary(
  { state, expander }: ConditionShell,
  leftWord: Word,
  operator: string,
  rightWord: Word,
): Program<boolean> {
  const left = yield* expander.text(leftWord);
  switch (operator) {
    case "=":
    case "==":
      return matchesPattern(yield* expander.pattern(rightWord), left);
    case "!=":
      return !matchesPattern(yield* expander.pattern(rightWord), left);
    case "=~":
      return matches(state, left, yield* expander.expression(rightWord));
    case "<":
    case ">":
      return compareValues(left, operator, yield* expander.text(rightWord));
    default: {
      const right = yield* expander.text(rightWord);
      const number = (text: string) => String(evaluateArithmetic(text, state.numbers));
      return compareValues(number(left), operator, number(right));
    }
  }
}

/** Keeps what the groups found in `BASH_REMATCH`. */
function matches(state: ShellState, text: string, source: string): boolean {
  const match = expressionOf(source, "").exec(text);
  const groups = match === null ? [] : [...match].map((group) => group ?? "");
  state.setArray("BASH_REMATCH", new ShellArray(false, groups));
  return match !== null;
}

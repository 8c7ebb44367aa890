/**
 * How ipset complains, and the numbers that it reads.
 *
 * Spec: ipset 7.17, lib/parse.c.
 */
import { parseNumber } from "../netfilter/text/values.ts";
import { ToolError } from "./command.ts";

/** A refusal in the tool's words. */
export function setProblem(problem: string): ToolError {
  return new ToolError(`ipset v7.17: ${problem}`, 1);
}

/** A refusal of the command line itself. */
export function usageProblem(problem: string): ToolError {
  return new ToolError(`ipset v7.17: ${problem}\nTry \`ipset help' for more information.`, 2);
}

/** A whole number from `min` to `max`, or a refusal. `shown`: how the largest is written. */
export function numberIn(text: string, min = 0, max = 0xffffffff, shown = String(max)): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const value = parseNumber(text.replace(/^[-+]/, ""), 0, Number.POSITIVE_INFINITY);
  if (value === undefined) throw setProblem(`Syntax error: '${text}' is invalid as number`);
  const number = sign * value;
  if (number >= min && number <= max) return number;
  throw setProblem(`Syntax error: '${text}' is out of range ${min}-${shown}`);
}

/**
 * `test` and `[`.
 *
 * Spec: POSIX.1-2017, test; texts of busybox 1.36.
 */

import { type Command, immediate, ToolError } from "../command.ts";
import type { ShellHost } from "../host.ts";
import { readFile } from "../system-files.ts";

const WRONG = 2;

/** `test EXPRESSION`. */
export const test: Command = { name: "test", parse: (args) => evaluation(args) };

/** `[ EXPRESSION ]`. */
export const bracket: Command = closedBy("[", "]");

/** `[[ EXPRESSION ]]`, as busybox has it: the same with other brackets. */
export const doubleBracket: Command = closedBy("[[", "]]");

function closedBy(name: string, close: string): Command {
  return {
    name,
    parse(args) {
      if (args.at(-1) === close) return evaluation(args.slice(0, -1));
      return immediate(() => {
        throw new ToolError(`sh: missing ${close}`, WRONG);
      });
    },
  };
}

function evaluation(words: readonly string[]) {
  return immediate(({ host }) => {
    if (words.length === 0) return 1;
    const expression = new Expression(words, host);
    return expression.value() ? 0 : 1;
  });
}

class Expression {
  readonly #words: readonly string[];
  readonly #host: ShellHost;
  #next = 0;

  constructor(words: readonly string[], host: ShellHost) {
    this.#words = words;
    this.#host = host;
  }

  value(): boolean {
    const value = this.#or();
    const left = this.#words[this.#next];
    if (left !== undefined) throw new ToolError(`sh: ${left}: unknown operand`, WRONG);
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#takes("-o", "||")) value = this.#and() || value;
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#takes("-a", "&&")) value = this.#not() && value;
    return value;
  }

  #not(): boolean {
    if (this.#words.length - this.#next > 1 && this.#takes("!")) return !this.#not();
    return this.#primary();
  }

  #primary(): boolean {
    const [first = "", operator, second] = this.#words.slice(this.#next);
    if (second !== undefined && operator !== undefined && isBinary(operator)) {
      this.#next += 3;
      return compareValues(first, operator, second);
    }
    if (first === "(" && operator !== undefined) {
      this.#next += 1;
      const value = this.#or();
      if (!this.#takes(")")) throw new ToolError("sh: closing paren expected", WRONG);
      return value;
    }
    if (/^-[nzefdrswxLhSpbck]$/.test(first) && operator !== undefined) {
      this.#next += 2;
      return this.#unary(first, operator);
    }
    this.#next += 1;
    return first !== "";
  }

  #unary(operator: string, operand: string): boolean {
    if (operator === "-n") return operand !== "";
    if (operator === "-z") return operand === "";
    return testFile(this.#host, operator, operand);
  }

  #takes(...words: string[]): boolean {
    if (!words.includes(this.#words[this.#next] ?? "")) return false;
    this.#next += 1;
    return true;
  }
}

/** What `-e`, `-d` and their kind ask of a path. */
export function testFile(host: ShellHost, operator: string, path: string): boolean {
  const isDirectory = host.files.isDirectory(path);
  if (operator === "-d") return isDirectory;
  const bytes = readFile(host, path);
  if (operator === "-s") return bytes !== null && bytes.length > 0;
  if (operator === "-f") return bytes !== null;
  if (operator === "-x") return isDirectory || (bytes !== null && isScript(bytes));
  if (/^-[LhSpbck]$/.test(operator)) return false;
  return bytes !== null || isDirectory;
}

/** Files have no modes, so one that begins with `#!` is taken for one that can be run. */
function isScript(bytes: Uint8Array): boolean {
  return bytes[0] === 0x23 && bytes[1] === 0x21;
}

function isBinary(word: string): boolean {
  return /^(=|==|!=|<|>|-(eq|ne|lt|le|gt|ge))$/.test(word);
}

/** Two values by `=`, `<`, `-eq` and their kind. Throws `ToolError` for what is no number. */
export function compareValues(a: string, operator: string, b: string): boolean {
  switch (operator) {
    case "=":
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case ">":
      return a > b;
    default: {
      const difference = integer(a) - integer(b);
      const signs: Readonly<Record<string, boolean>> = {
        "-eq": difference === 0,
        "-ne": difference !== 0,
        "-lt": difference < 0,
        "-le": difference <= 0,
        "-gt": difference > 0,
        "-ge": difference >= 0,
      };
      return signs[operator] === true;
    }
  }
}

function integer(text: string): number {
  if (/^\s*[-+]?[0-9]+\s*$/.test(text)) return Number(text);
  throw new ToolError(`sh: ${text}: bad number`, WRONG);
}

/**
 * `$((…))`: integer expressions with C's operators and assignments to variables.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6.4; ISO C §6.5 (precedence);
 * bash(1) 5.2, Shell Arithmetic, for `**`, `,` and `base#digits`.
 * Differs: numbers are exact to 53 bits, not 64.
 */
import { shellProblem } from "../grammar/token.ts";

/** The variables of an expression. */
export interface Numbers {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** From the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<=", ">=", "<", ">"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
  ["**"],
];
const ASSIGNMENTS = ["=", "+=", "-=", "*=", "/=", "%="];
const TOKEN =
  /\s*([0-9]+#[0-9a-zA-Z]+|0[xX][0-9a-fA-F]+|[0-9]+|[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?|\+\+|--|[-+*/%]=|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:(),])/y;

/** The value. Throws `VW_COMMAND`, whose message is for the script's standard error. */
export function evaluateArithmetic(text: string, variables: Numbers): number {
  const expression = new Expression(text, variables);
  return expression.value();
}

class Expression {
  readonly #text: string;
  readonly #tokens: string[] = [];
  readonly #variables: Numbers;
  #next = 0;

  constructor(text: string, variables: Numbers) {
    this.#text = text;
    this.#variables = variables;
    TOKEN.lastIndex = 0;
    while (text.slice(TOKEN.lastIndex).trim() !== "") {
      const match = TOKEN.exec(text);
      if (match === null) throw this.#wrong();
      this.#tokens.push(match[1] ?? "");
    }
  }

  value(): number {
    if (this.#tokens.length === 0) return 0;
    let value = this.#ternary();
    while (this.#takes(",")) value = this.#ternary();
    if (this.#next < this.#tokens.length) throw this.#wrong();
    return value;
  }

  #ternary(): number {
    const [name = "", operator = ""] = this.#tokens.slice(this.#next);
    if (/^[A-Za-z_]/.test(name) && ASSIGNMENTS.includes(operator)) {
      this.#next += 2;
      const right = this.#ternary();
      const before = operator === "=" ? 0 : this.#variable(name);
      const value = operator === "=" ? right : this.#apply(operator.slice(0, -1), before, right);
      this.#variables.set(name, String(value));
      return value;
    }
    const condition = this.#binary(0);
    if (!this.#takes("?")) return condition;
    const yes = this.#ternary();
    if (!this.#takes(":")) throw this.#wrong();
    const no = this.#ternary();
    return condition !== 0 ? yes : no;
  }

  #binary(level: number): number {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = this.#tokens[this.#next] ?? "";
      if (!operators.includes(operator)) return left;
      this.#next += 1;
      left = this.#apply(operator, left, this.#binary(level + 1));
    }
  }

  #unary(): number {
    const token = this.#tokens[this.#next] ?? "";
    this.#next += 1;
    switch (token) {
      case "-":
        return -this.#unary();
      case "+":
        return this.#unary();
      case "!":
        return Number(this.#unary() === 0);
      case "~":
        return -this.#unary() - 1;
      case "++":
      case "--":
        return this.#step(this.#tokens[this.#next++] ?? "", token);
      case "(": {
        const value = this.#ternary();
        if (!this.#takes(")")) throw this.#wrong();
        return value;
      }
      default:
        return this.#operand(token);
    }
  }

  #operand(token: string): number {
    const [, base, digits] = /^([0-9]+)#(.+)$/.exec(token) ?? [];
    if (digits !== undefined) return Number.parseInt(digits, Number(base));
    if (/^0[0-7]+$/.test(token)) return Number.parseInt(token, 8);
    if (/^[0-9]/.test(token)) return Number(token);
    if (!/^[A-Za-z_]/.test(token)) throw this.#wrong();
    const value = this.#variable(token);
    for (const step of ["++", "--"]) if (this.#takes(step)) this.#step(token, step);
    return value;
  }

  #step(name: string, step: string): number {
    const value = this.#variable(name) + (step === "++" ? 1 : -1);
    this.#variables.set(name, String(value));
    return value;
  }

  #variable(name: string): number {
    const text = (this.#variables.get(name) ?? "").trim();
    if (text === "") return 0;
    if (/^-?[0-9]+$/.test(text)) return Number(text);
    throw shellProblem(`arithmetic: "${name}" is "${text}", no number`);
  }

  #apply(operator: string, a: number, b: number): number {
    switch (operator) {
      case "||":
        return Number(a !== 0 || b !== 0);
      case "&&":
        return Number(a !== 0 && b !== 0);
      case "|":
        return a | b;
      case "^":
        return a ^ b;
      case "&":
        return a & b;
      case "==":
        return Number(a === b);
      case "!=":
        return Number(a !== b);
      case "<":
        return Number(a < b);
      case "<=":
        return Number(a <= b);
      case ">":
        return Number(a > b);
      case ">=":
        return Number(a >= b);
      case "<<":
        return a * 2 ** b;
      case ">>":
        return Math.floor(a / 2 ** b);
      case "+":
        return a + b;
      case "-":
        return a - b;
      case "*":
        return a * b;
      case "**":
        return a ** b;
      default:
        if (b === 0) throw shellProblem("arithmetic: divide by zero");
        return operator === "/" ? Math.trunc(a / b) : a % b;
    }
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next += 1;
    return true;
  }

  #wrong() {
    return shellProblem(`arithmetic: "${this.#text}" is no expression`);
  }
}

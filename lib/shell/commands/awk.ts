/**
 * The part of `awk` that picks fields out of lines: rules of a pattern and `print`.
 *
 * Spec: POSIX.1-2017, awk.
 * Not modelled: variables, functions, other statements; BEGIN and END.
 */
import { notModelled } from "../command.ts";
import { lineFilter } from "./filters.ts";

/** One line and what a rule may ask of it. */
interface Line {
  readonly text: string;
  readonly fields: readonly string[];
  readonly number: number;
}

interface Rule {
  readonly matches: (line: Line) => boolean;
  /** What it prints of a line. */
  readonly print: (line: Line) => string;
}

/** `awk [-F SEPARATOR] 'PROGRAM' [FILE]`. */
export const awk = lineFilter(
  { command: "awk", letters: "F:", allowed: "options are -F" },
  1,
  (options, [program = ""]) => {
    const separator = options.get("F");
    const rules = rulesOf(program);
    return (lines) =>
      lines.flatMap((text, index) => {
        const fields = separator === undefined ? text.trim().split(/\s+/) : text.split(separator);
        const line = { text, fields: text === "" ? [] : fields, number: index + 1 };
        return rules.filter(({ matches }) => matches(line)).map(({ print }) => print(line));
      });
  },
);

const RULE = /^\s*([^{}]*?)\s*(?:\{([^{}]*)\})?\s*(?:;|$)/;

function rulesOf(program: string): Rule[] {
  const rules: Rule[] = [];
  let rest = program.trim();
  while (rest !== "") {
    const end = rest.indexOf("}");
    const text = end === -1 ? rest : rest.slice(0, end + 1);
    const [, pattern = "", action] = RULE.exec(text) ?? [];
    rules.push({ matches: patternOf(pattern), print: printOf(action ?? "print") });
    rest = rest.slice(text.length).replace(/^[\s;]+/, "");
  }
  return rules;
}

function patternOf(text: string): (line: Line) => boolean {
  if (text === "") return () => true;
  const whole = /^(!?)\/(.*)\/$/s.exec(text);
  if (whole !== null) {
    const [, not, source = ""] = whole;
    const expression = new RegExp(source);
    return (line) => expression.test(line.text) === (not === "");
  }
  const match = /^(\S+?)\s*(==|!=|>=|<=|>|<|!~|~)\s*(.+)$/.exec(text);
  if (match === null) throw notModelled("awk", text, "patterns are /RE/ and comparisons");
  const [, left = "", operator = "", right = ""] = match;
  const first = operandOf(left);
  const expression = /^\/(.*)\/$/.exec(right)?.[1];
  if (expression !== undefined) {
    return (line) => new RegExp(expression).test(first(line)) === (operator === "~");
  }
  const second = operandOf(right);
  return (line) => compare(first(line), operator, second(line));
}

function compare(a: string, operator: string, b: string): boolean {
  const numeric = [a, b].every((text) => /^-?[0-9.]+$/.test(text));
  const order = numeric ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order < 0;
  }
}

function printOf(action: string): (line: Line) => string {
  const match = /^\s*print\b\s*(.*?)\s*;?\s*$/s.exec(action);
  if (match === null) throw notModelled("awk", action.trim(), "the one statement is print");
  const [, list = ""] = match;
  if (list === "") return ({ text }) => text;
  const items = partsOf(list, ",").map((item) => {
    const values = partsOf(item, " ").map(operandOf);
    return (line: Line) => values.map((value) => value(line)).join("");
  });
  return (line) => items.map((item) => item(line)).join(" ");
}

/** Splits at a separator that stands outside of quotes. */
function partsOf(text: string, separator: string): string[] {
  const parts = text.match(separator === "," ? /(?:"[^"]*"|[^",])+/g : /"[^"]*"|[^"\s]+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function operandOf(text: string): (line: Line) => string {
  if (text === "NR") return ({ number }) => String(number);
  if (text === "NF") return ({ fields }) => String(fields.length);
  if (text === "$NF") return ({ fields }) => fields.at(-1) ?? "";
  const field = /^\$([0-9]+)$/.exec(text)?.[1];
  if (field === "0") return (line) => line.text;
  if (field !== undefined) return ({ fields }) => fields[Number(field) - 1] ?? "";
  const literal = /^"(.*)"$/s.exec(text)?.[1] ?? /^-?[0-9.]+$/.exec(text)?.[0];
  if (literal !== undefined) return () => literal;
  throw notModelled("awk", text, "values are $N, NR, NF, numbers and strings");
}

/**
 * The steps of a JSONPath: `.name`, `..name`, `.*`, `['a','b']`, `[0]`, `[-1]`, `[0,2]`, `[1:3]`,
 * `[1:5:2]`, `[*]`, `[?(@.a.b>=3)]`, `[?(@.a)]`.
 *
 * Spec: client-go util/jsonpath (parser.go, jsonpath.go).
 */

/** A part of a list: from, to (open if null) and stride. */
interface Slice {
  readonly from: number;
  readonly to: number | null;
  readonly stride: number;
}

interface Filter {
  readonly left: readonly Step[];
  readonly operator: string;
  readonly right: unknown;
}

/** One step. */
export type Step =
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "all" }
  | { readonly kind: "descent" }
  | { readonly kind: "items"; readonly slices: readonly Slice[] }
  | { readonly kind: "filter"; readonly filter: Filter };

const FIELD = /\.((?:\\.|[\w/-])+)/y;
const NAMES = /\[\s*('[^']*'|"[^"]*")(?:\s*,\s*('[^']*'|"[^"]*"))*\s*\]/y;
const ITEMS = /\[\s*([-\d:,\s]+)\]/y;
const FILTER = /\[\?\(@((?:[^()"']|"[^"]*"|'[^']*')*)\)\]/y;
const COMPARISON = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s;

/** The steps of a path, or null if it is none. */
export function readSteps(path: string): Step[] | null {
  const steps: Step[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(path);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < path.length) {
    if (path.startsWith("..", at)) {
      steps.push({ kind: "descent" });
      // What follows begins with the second dot, or with a bracket.
      at += path[at + 2] === "[" ? 2 : 1;
      continue;
    }
    const wildcard = [".*", "[*]"].find((text) => path.startsWith(text, at));
    if (wildcard !== undefined) {
      steps.push({ kind: "all" });
      at += wildcard.length;
      continue;
    }
    const step = fieldStep(match) ?? itemStep(match) ?? filterStep(match);
    if (step === null) return null;
    steps.push(step);
  }
  return steps;
}

type Match = (pattern: RegExp) => RegExpExecArray | null;

function fieldStep(match: Match): Step | null {
  const field = match(FIELD)?.[1];
  if (field !== undefined) return { kind: "field", names: [field.replace(/\\(.)/g, "$1")] };
  const quoted = match(NAMES)?.[0];
  if (quoted === undefined) return null;
  const names = [...quoted.matchAll(/'([^']*)'|"([^"]*)"/g)].map((one) => one[1] ?? one[2] ?? "");
  return { kind: "field", names };
}

function itemStep(match: Match): Step | null {
  const list = match(ITEMS)?.[1];
  if (list === undefined) return null;
  const slices = list.split(",").map((text): Slice => {
    const [from = "", to, stride] = text.trim().split(":");
    const first = from === "" ? 0 : Number(from);
    // One index is a slice of one; behind the last there is no next.
    if (to === undefined) return { from: first, to: first === -1 ? null : first + 1, stride: 1 };
    return { from: first, to: to === "" ? null : Number(to), stride: Number(stride || 1) };
  });
  return { kind: "items", slices };
}

function filterStep(match: Match): Step | null {
  const inside = match(FILTER)?.[1];
  if (inside === undefined) return null;
  const [, path = inside, operator = "exists", value = ""] = COMPARISON.exec(inside) ?? [];
  const left = readSteps(path.trim());
  if (left === null) return null;
  return { kind: "filter", filter: { left, operator, right: literal(value.trim()) } };
}

function literal(text: string): unknown {
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2];
  if (text === "true" || text === "false") return text === "true";
  return /^-?[0-9.]+$/.test(text) ? Number(text) : text;
}

/** What the steps lead to, in order; nothing for what is not there. */
export function followSteps(value: unknown, steps: readonly Step[]): unknown[] {
  return steps.reduce((values, step) => values.flatMap((each) => follow(each, step)), [value]);
}

function follow(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case "field":
      return step.names.flatMap((name) => fieldOf(value, name));
    case "all":
      return childrenOf(value);
    case "descent":
      return descendants(value);
    case "items":
      return Array.isArray(value) ? step.slices.flatMap((slice) => itemsOf(value, slice)) : [];
    case "filter":
      return (Array.isArray(value) ? value : []).filter((item) => holds(item, step.filter));
  }
}

function fieldOf(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const found = (value as Readonly<Record<string, unknown>>)[name];
  return found === undefined || found === null ? [] : [found];
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

/** The value itself, and all that is in it. */
function descendants(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(descendants)];
}

function itemsOf(list: readonly unknown[], { from, to, stride }: Slice): unknown[] {
  const index = (number: number): number => (number < 0 ? number + list.length : number);
  const items = list.slice(Math.max(0, index(from)), to === null ? undefined : index(to));
  return items.filter((_, at) => at % Math.max(1, stride) === 0);
}

function holds(item: unknown, { left, operator, right }: Filter): boolean {
  const [found] = followSteps(item, left);
  if (operator === "exists") return found !== undefined;
  if (found === undefined) return false;
  const [a, b] =
    typeof found === "number" ? [found, Number(right)] : [String(found), String(right)];
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    default:
      return a >= b;
  }
}

/**
 * kubectl's JSONPath: `{.status.phase}`, `{.items[*].metadata.name}`,
 * `{.status.conditions[?(@.type=="Ready")].status}`, and templates with text between paths and
 * `{range .items[*]}…{end}`.
 *
 * Spec: Kubernetes, "JSONPath Support".
 */
import { canonical } from "../api/names.ts";
import { UsageError } from "./arguments.ts";
import { followSteps, readSteps } from "./jsonpath-steps.ts";

/** What stands in braces, strings with braces in them included. */
const ACTION = /\{((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^{}"'])*)\}/g;

/** A piece of a template. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "range"; readonly path: string; readonly body: Piece[] };

/** The values that the path leads to, as text. Throws a usage error for what it cannot read. */
export function evaluateJsonPath(object: unknown, expression: string): string[] {
  return valuesOf(object, expression).map(textOf);
}

/**
 * A template: text as it stands, each `{path}` as its values with spaces between, `{"\n"}` as the
 * string, and what stands between `{range path}` and `{end}` once for each value, which paths in it
 * begin with. Throws a usage error for what it cannot read.
 */
export function renderJsonPath(object: unknown, template: string): string {
  return render(object, parseTemplate(template));
}

function render(object: unknown, pieces: readonly Piece[]): string {
  const texts = pieces.map((piece) => {
    if (piece.kind === "text") return piece.text;
    if (piece.kind === "path") return evaluateJsonPath(object, piece.path).join(" ");
    return valuesOf(object, piece.path)
      .map((value) => render(value, piece.body))
      .join("");
  });
  return texts.join("");
}

function parseTemplate(template: string): Piece[] {
  const open: Piece[][] = [[]];
  const add = (piece: Piece): void => {
    open.at(-1)?.push(piece);
  };
  let end = 0;
  for (const match of template.matchAll(ACTION)) {
    const inside = (match[1] ?? "").trim();
    if (match.index > end) add({ kind: "text", text: template.slice(end, match.index) });
    end = match.index + match[0].length;
    const literal = /^"((?:[^"\\]|\\.)*)"$|^'([^']*)'$/.exec(inside);
    const range = /^range\s+(.*)$/s.exec(inside)?.[1];
    if (literal !== null) add({ kind: "text", text: unescaped(literal[1] ?? literal[2] ?? "") });
    else if (range !== undefined) {
      const body: Piece[] = [];
      add({ kind: "range", path: range, body });
      open.push(body);
    } else if (inside === "end") {
      open.pop();
      if (open.length === 0) throw refusal(template, "not in range, nothing to end");
    } else add({ kind: "path", path: inside });
  }
  if (open.length > 1 || template.includes("{", end)) throw refusal(template, "unclosed action");
  if (end < template.length) add({ kind: "text", text: template.slice(end) });
  return open[0] ?? [];
}

function unescaped(literal: string): string {
  return literal.replace(/\\(.)/g, (_all, letter) => ESCAPES[letter] ?? letter);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function valuesOf(object: unknown, expression: string): unknown[] {
  let path = expression.replace(/^\{(.*)\}$/s, "$1").trim();
  if (path.startsWith("$") || path.startsWith("@")) path = path.slice(1);
  if (path === "" || path === ".") return [object];
  if (!path.startsWith(".") && !path.startsWith("[")) path = `.${path}`;
  const steps = readSteps(path);
  if (steps === null) throw new UsageError(`error parsing jsonpath ${expression}`);
  return followSteps(object, steps);
}

function refusal(template: string, why: string): UsageError {
  return new UsageError(`error parsing jsonpath ${template}, ${why}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : canonical(value);
}

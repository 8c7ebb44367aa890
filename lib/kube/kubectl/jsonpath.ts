/**
 * kubectl's JSONPath: `{.status.phase}`, `{.items[*].metadata.name}`,
 * `{.status.conditions[?(@.type=="Ready")].status}`, and templates with text between paths.
 *
 * Spec: Kubernetes, "JSONPath Support".
 * Not modelled: `range`, recursive descent, negative steps, functions.
 */
import { canonical } from "../api/names.ts";
import { UsageError } from "./arguments.ts";

const STEP = /\.([\w/-]+)|\['([^']+)'\]|\[(\*|-?\d+)\]|\[\?\(@\.([\w.]+)==["']?([^"')]*)["']?\)\]/y;

/** The values that the path leads to, as text. Throws a usage error for what it cannot read. */
export function evaluateJsonPath(object: unknown, expression: string): string[] {
  let path = expression.replace(/^\{(.*)\}$/s, "$1");
  if (path.startsWith("$")) path = path.slice(1);
  if (!path.startsWith(".") && !path.startsWith("[")) path = `.${path}`;
  if (path === ".") return [textOf(object)];
  let values: unknown[] = [object];
  STEP.lastIndex = 0;
  let at = 0;
  while (at < path.length) {
    STEP.lastIndex = at;
    const step = STEP.exec(path);
    if (step === null) throw new UsageError(`error parsing jsonpath ${expression}`);
    at = STEP.lastIndex;
    values = values.flatMap((value) => follow(value, step));
  }
  return values.map(textOf);
}

/**
 * A template: text as it stands, each `{path}` as its values with spaces between, `{"\n"}` as the
 * string. Throws a usage error for what it cannot read.
 */
export function renderJsonPath(object: unknown, template: string): string {
  return template.replace(/\{([^{}]*)\}/g, (action: string, inside: string) => {
    const literal = /^\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(inside)?.[1];
    if (literal === undefined) return evaluateJsonPath(object, action).join(" ");
    return literal.replaceAll("\\n", "\n").replaceAll("\\t", "\t");
  });
}

function follow(value: unknown, step: RegExpExecArray): unknown[] {
  const [, field, quoted, index, key, wanted] = step;
  const name = field ?? quoted;
  if (name !== undefined) return fieldOf(value, name.replaceAll("\\.", "."));
  if (!Array.isArray(value)) return [];
  if (index === "*") return value;
  if (index !== undefined) return value.slice(Number(index)).slice(0, 1);
  return value.filter((item) =>
    (key ?? "")
      .split(".")
      .reduce<unknown[]>((items, part) => items.flatMap((each) => fieldOf(each, part)), [item])
      .some((found) => textOf(found) === wanted),
  );
}

function fieldOf(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const found = (value as Readonly<Record<string, unknown>>)[name];
  return found === undefined || found === null ? [] : [found];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : canonical(value);
}

/**
 * The strict decoder between a request's JSON and an object: fields that the Go types do not have
 * and values of the wrong type, in the words of the API server.
 *
 * Spec: Kubernetes API concepts, "Field validation" (Strict); messages of encoding/json.
 */
import type { FieldPath } from "../schema.ts";
import { GO_TYPES, type GoType, goTypeName } from "./go-types.ts";
import { quantityProblem } from "./quantity.ts";

/** What a decoder found: nothing, or its message and the path of the first thing it names. */
export interface DecodeProblem {
  readonly message: string;
  readonly path: FieldPath;
}

/** Decodes `value` as an object of `kind`; null if it is well-formed. Kinds without a type pass. */
export function decodeProblem(kind: string, value: unknown): DecodeProblem | null {
  const fields = GO_TYPES.get(kind);
  if (fields === undefined) return null;
  const decoder = new Decoder();
  const root = new Map(fields);
  root.set("apiVersion", { kind: "scalar", name: "string" });
  root.set("kind", { kind: "scalar", name: "string" });
  root.set("metadata", { kind: "struct", name: "ObjectMeta" });
  decoder.fields(kind, root, value as Record<string, unknown>, []);
  if (decoder.mismatch !== null) return decoder.mismatch;
  const [first] = decoder.unknown;
  if (first === undefined) return null;
  const names = decoder.unknown.map((path) => `unknown field "${dotted(path)}"`);
  return { message: `strict decoding error: ${names.join(", ")}`, path: first };
}

class Decoder {
  /** The first value of a wrong type. */
  mismatch: DecodeProblem | null = null;
  readonly unknown: FieldPath[] = [];

  fields(
    struct: string,
    types: ReadonlyMap<string, GoType>,
    value: Readonly<Record<string, unknown>>,
    path: FieldPath,
  ): void {
    for (const name of Object.keys(value).sort()) {
      const type = types.get(name);
      const at = [...path, name];
      if (type === undefined) this.unknown.push(at);
      else this.#value(type, value[name], at, struct);
    }
  }

  #value(type: GoType, value: unknown, path: FieldPath, struct: string): void {
    if (value === null || value === undefined) return;
    switch (type.kind) {
      case "list":
        if (!Array.isArray(value)) {
          this.#mismatched(type, value, path, struct);
          return;
        }
        for (const [index, item] of value.entries()) {
          this.#value(type.item, item, [...path, index], struct);
        }
        return;
      case "map":
        if (!isMap(value)) {
          this.#mismatched(type, value, path, struct);
          return;
        }
        for (const name of Object.keys(value).sort()) {
          this.#value(type.item, value[name], [...path, name], struct);
        }
        return;
      case "struct":
        if (!isMap(value)) {
          this.#mismatched(type, value, path, struct);
          return;
        }
        this.fields(type.name, GO_TYPES.get(type.name) ?? new Map(), value, path);
        return;
      case "scalar":
        if (type.name === "Quantity") {
          this.#quantity(value, path);
          return;
        }
        if (!fits(type.name, value)) this.#mismatched(type, value, path, struct);
    }
  }

  #mismatched(type: GoType, value: unknown, path: FieldPath, struct: string): void {
    if (this.mismatch !== null) return;
    const steps = fieldStack(path, type);
    const what = valueName(value, type);
    const message = `json: cannot unmarshal ${what} into Go struct field ${struct}.${steps} of type ${goTypeName(type)}`;
    this.mismatch = { message, path };
  }

  #quantity(value: unknown, path: FieldPath): void {
    const problem = quantityProblem(String(value));
    if (problem !== null && this.mismatch === null) this.mismatch = { message: problem, path };
  }
}

/** `spec.ports[0].targetport` */
function dotted(path: FieldPath): string {
  return path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`,
    )
    .join("");
}

/** Names of struct fields only: neither indices nor keys of maps. */
function fieldStack(path: FieldPath, type: GoType): string {
  const names = path.filter((step) => typeof step === "string");
  const inMap =
    type.kind === "scalar" &&
    ["labels", "annotations", "matchLabels", "selector", "nodeSelector", "data"].includes(
      names.at(-2) ?? "",
    );
  return (inMap ? names.slice(0, -1) : names).join(".");
}

function fits(name: string, value: unknown): boolean {
  switch (name) {
    case "string":
    case "Time":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "int32":
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
    case "int64":
      return Number.isInteger(value);
    case "IntOrString":
      return typeof value === "string" || Number.isInteger(value);
    default:
      return true;
  }
}

function valueName(value: unknown, type: GoType): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return "object";
  if (typeof value === "boolean") return "bool";
  const isInteger = type.kind === "scalar" && type.name.startsWith("int");
  return typeof value === "number" && isInteger ? `number ${value}` : typeof value;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

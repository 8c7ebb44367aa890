/**
 * The strict decoder between a request's JSON and an object: fields that the Go types do not have
 * and values of the wrong type, in the words of the API server.
 *
 * Spec: Kubernetes API concepts, "Field validation" (Strict); messages of encoding/json.
 */
import { type FieldPath, formatPath } from "../schema.ts";
import type { Fields } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType, goValueName } from "./go-types.ts";
import { quantityProblem } from "./quantity.ts";

/** What a decoder found: nothing, or its message and the path of the first thing it names. */
export interface DecodeProblem {
  readonly message: string;
  readonly path: FieldPath;
  /** The fields that nobody knows; none: a value cannot be read. */
  readonly unknown: readonly FieldPath[];
}

/** What every object has. */
export const ROOT: readonly [string, GoField][] = [
  ["apiVersion", { type: { kind: "scalar", name: "string" }, omitsEmpty: true }],
  ["kind", { type: { kind: "scalar", name: "string" }, omitsEmpty: true }],
  ["metadata", { type: { kind: "struct", name: "ObjectMeta" }, omitsEmpty: false }],
];

/** Types that read their JSON themselves. */
const READ_BY_THEMSELVES: ReadonlySet<string> = new Set(["IntOrString", "Time"]);

/** Fields of whole objects, by kind. */
const ROOTS = new Map<string, ReadonlyMap<string, GoField>>();

/** The fields of an object of `kind`; null if the kind has no type here. */
export function fieldsOf(kind: string): ReadonlyMap<string, GoField> | null {
  const known = ROOTS.get(kind);
  if (known !== undefined) return known;
  const fields = GO_TYPES.get(kind);
  if (fields === undefined) return null;
  const root = new Map([...fields, ...ROOT]);
  ROOTS.set(kind, root);
  return root;
}

/** Decodes `value` as an object of `kind`; null if it is well-formed. Kinds without a type pass. */
export function decodeProblem(kind: string, value: unknown): DecodeProblem | null {
  const fields = fieldsOf(kind);
  if (fields === null) return null;
  const decoder = new Decoder();
  decoder.fields(kind, fields, value as Record<string, unknown>, [], []);
  if (decoder.mismatch !== null) return decoder.mismatch;
  const [first] = decoder.unknown;
  if (first === undefined) return null;
  const names = decoder.unknown.map((path) => `unknown field "${formatPath(path)}"`);
  const message = `strict decoding error: ${names.join(", ")}`;
  return { message, path: first, unknown: decoder.unknown };
}

/** Decodes JSON into a type; keeps what it finds wrong. */
export class Decoder {
  /**
   * The first value of a wrong type; or one whose type reads JSON itself and cannot read it, which
   * ends the decoding.
   */
  mismatch: DecodeProblem | null = null;
  #hasEnded = false;
  readonly unknown: FieldPath[] = [];

  /** `names` are the fields on the way, without the indices and keys that `path` has. */
  fields(
    struct: string,
    types: ReadonlyMap<string, GoField>,
    value: Readonly<Record<string, unknown>>,
    path: FieldPath,
    names: readonly string[],
  ): void {
    for (const name of Object.keys(value).sort()) {
      const field = types.get(name);
      const at = [...path, name];
      if (field === undefined) this.unknown.push(at);
      else this.#value(field.type, value[name], at, struct, [...names, name]);
    }
  }

  /** One value that is read by itself. */
  value(type: GoType, value: unknown, path: FieldPath): void {
    this.#value(type, value, path, "", []);
  }

  #value(
    type: GoType,
    value: unknown,
    path: FieldPath,
    struct: string,
    names: readonly string[],
  ): void {
    if (value === null || value === undefined || this.#hasEnded) return;
    switch (type.kind) {
      case "list":
        if (!Array.isArray(value)) {
          this.#mismatched(type, value, path, struct, names);
          return;
        }
        for (const [index, item] of value.entries()) {
          this.#value(type.item, item, [...path, index], struct, names);
        }
        return;
      case "map":
        if (!isMap(value)) {
          this.#mismatched(type, value, path, struct, names);
          return;
        }
        for (const name of Object.keys(value).sort()) {
          this.#value(type.item, value[name], [...path, name], struct, names);
        }
        return;
      case "struct":
        if (!isMap(value)) {
          this.#mismatched(type, value, path, struct, names);
          return;
        }
        this.fields(type.name, GO_TYPES.get(type.name) ?? new Map(), value, path, names);
        return;
      case "scalar":
        if (type.name === "Quantity") this.#quantity(value, path);
        else if (!fits(type.name, value)) this.#mismatched(type, value, path, struct, names);
        else if (type.name === "bytes") this.#bytes(String(value), path);
    }
  }

  #mismatched(
    type: GoType,
    value: unknown,
    path: FieldPath,
    struct: string,
    names: readonly string[],
  ): void {
    const where = `${struct.slice(struct.indexOf(".") + 1)}.${names.join(".")}`;
    const message = `json: cannot unmarshal ${valueName(value, type)} into Go struct field ${where} of type ${goValueName(type)}`;
    if (type.kind === "scalar" && READ_BY_THEMSELVES.has(type.name)) this.#end(message, path);
    else this.mismatch ??= { message, path, unknown: [] };
  }

  #end(message: string, path: FieldPath): void {
    this.mismatch = { message, path, unknown: [] };
    this.#hasEnded = true;
  }

  #quantity(value: unknown, path: FieldPath): void {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const problem = quantityProblem(text.trim());
    if (problem !== null) this.#end(problem, path);
  }

  #bytes(text: string, path: FieldPath): void {
    const at = base64Problem(text);
    if (at === null) return;
    this.mismatch ??= { message: `illegal base64 data at input byte ${at}`, path, unknown: [] };
  }
}

/** The first byte that is none of base64's, or null. */
function base64Problem(text: string): number | null {
  const end = text.search(/[^A-Za-z0-9+/\r\n]/);
  const plain = text.replace(/[\r\n]/g, "");
  if (end === -1) return plain.length % 4 === 0 ? null : Math.floor(plain.length / 4) * 4;
  const padding = plain.replace(/^[A-Za-z0-9+/]*/, "");
  const isPadded = plain.length % 4 === 0 && (padding === "=" || padding === "==");
  return isPadded ? null : end;
}

/** Whether a JSON value can be read as a scalar of Go's. */
export function fits(name: string, value: unknown): boolean {
  switch (name) {
    case "string":
    case "bytes":
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
  const isNumber =
    type.kind === "scalar" && (type.name.startsWith("int") || type.name === "IntOrString");
  return typeof value === "number" && isNumber ? `number ${value}` : typeof value;
}

/** Whether a value is a JSON object. */
export function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

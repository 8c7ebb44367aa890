/**
 * The strict decoder between a request's JSON and an object: fields that the Go types do not have
 * and values of the wrong type, in the words of the API server; and the form in which an object
 * comes out again, without empty fields and with quantities in their canonical form.
 *
 * Spec: Kubernetes API concepts, "Field validation" (Strict); messages of encoding/json.
 */
import { type FieldPath, formatPath } from "../schema.ts";
import type { Fields } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType, goValueName } from "./go-types.ts";
import { canonicalQuantity, quantityProblem } from "./quantity.ts";

/** What a decoder found: nothing, or its message and the path of the first thing it names. */
export interface DecodeProblem {
  readonly message: string;
  readonly path: FieldPath;
}

const ROOT: readonly [string, GoField][] = [
  ["apiVersion", { type: { kind: "scalar", name: "string" }, omitsEmpty: true }],
  ["kind", { type: { kind: "scalar", name: "string" }, omitsEmpty: true }],
  ["metadata", { type: { kind: "struct", name: "ObjectMeta" }, omitsEmpty: false }],
];

/** Fields of whole objects, by kind. */
const ROOTS = new Map<string, ReadonlyMap<string, GoField>>();

function fieldsOf(kind: string): ReadonlyMap<string, GoField> | null {
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
  if (fields === null || hasFields(fields, value as Fields)) return null;
  const decoder = new Decoder();
  decoder.fields(kind, fields, value as Record<string, unknown>, [], []);
  if (decoder.mismatch !== null) return decoder.mismatch;
  const [first] = decoder.unknown;
  if (first === undefined) return null;
  const names = decoder.unknown.map((path) => `unknown field "${formatPath(path)}"`);
  return { message: `strict decoding error: ${names.join(", ")}`, path: first };
}

/**
 * The same for an object that a patch made, which the API server converts field by field: of two
 * wrong types the first of the type's own order counts, and fields are said as they stand.
 */
export function conversionProblem(kind: string, value: unknown): DecodeProblem | null {
  const fields = fieldsOf(kind);
  if (fields === null) return null;
  const converter = new Converter();
  converter.fields(inOrder(fields), value as Fields, []);
  if (converter.mismatch !== null) return converter.mismatch;
  const [first] = converter.unknown;
  if (first === undefined) return null;
  const names = converter.unknown.map((path) => `unknown field "${formatPath(path)}"`).sort();
  return { message: `strict decoding error: ${names.join(", ")}`, path: first };
}

/** Fields of a whole object as Go has them: type and metadata first. */
function inOrder(fields: ReadonlyMap<string, GoField>): ReadonlyMap<string, GoField> {
  return new Map([...ROOT, ...fields]);
}

/** Converts what a patch made; nothing is looked at after the first wrong type. */
class Converter {
  mismatch: DecodeProblem | null = null;
  readonly unknown: FieldPath[] = [];

  fields(types: ReadonlyMap<string, GoField>, value: Fields, path: FieldPath): void {
    for (const [name, { type }] of types) {
      if (this.mismatch !== null) return;
      const field = value[name];
      if (field !== undefined && field !== null) this.#value(type, field, [...path, name]);
    }
    for (const name of Object.keys(value)) {
      if (!types.has(name)) this.unknown.push([...path, name]);
    }
  }

  #value(type: GoType, value: unknown, path: FieldPath): void {
    if (this.mismatch !== null || value === null) return;
    switch (type.kind) {
      case "list":
        if (!Array.isArray(value)) this.#fail(`cannot restore slice from ${kindName(value)}`, path);
        else
          for (const [index, item] of value.entries())
            this.#value(type.item, item, [...path, index]);
        return;
      case "map":
        if (!isMap(value)) this.#fail(`cannot restore map from ${kindName(value)}`, path);
        else
          for (const name of Object.keys(value))
            this.#value(type.item, value[name], [...path, name]);
        return;
      case "struct":
        if (!isMap(value)) this.#fail(`cannot restore struct from: ${kindName(value)}`, path);
        else this.fields(GO_TYPES.get(type.name) ?? new Map(), value, path);
        return;
      case "scalar":
        this.#scalar(type, value, path);
    }
  }

  #scalar(type: GoType & { readonly kind: "scalar" }, value: unknown, path: FieldPath): void {
    if (["any", "Quantity", "IntOrString", "Time", "bytes"].includes(type.name)) {
      // These read JSON themselves, whoever converts.
      const decoder = new Decoder();
      decoder.value(type, value, path);
      this.mismatch = decoder.mismatch;
      return;
    }
    const isFraction = typeof value === "number" && !Number.isInteger(value);
    if (fits(type.name, value) || (type.name.startsWith("int") && Number.isInteger(value))) return;
    const from = isFraction ? "float64" : "int64";
    const converts =
      typeof value === "number" && (type.name === "string" ? !isFraction : isFraction);
    const isBool = type.name === "bool";
    this.#fail(
      converts && !isBool
        ? `cannot convert ${from} to ${type.name}`
        : `unrecognized type: ${type.name}`,
      path,
    );
  }

  #fail(message: string, path: FieldPath): void {
    this.mismatch ??= { message, path };
  }
}

/** Go's name for the kind of a JSON value. */
function kindName(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "map";
}

/** Whether all fields are known and of their types: most objects are, and nothing need be said. */
function hasFields(types: ReadonlyMap<string, GoField>, value: Fields): boolean {
  for (const name of Object.keys(value)) {
    const field = types.get(name);
    if (field === undefined || !isOf(field.type, value[name])) return false;
  }
  return true;
}

function isOf(type: GoType, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  switch (type.kind) {
    case "list":
      return Array.isArray(value) && value.every((item) => isOf(type.item, item));
    case "map":
      return isMap(value) && Object.keys(value).every((name) => isOf(type.item, value[name]));
    case "struct":
      return isMap(value) && hasFields(GO_TYPES.get(type.name) ?? NO_FIELDS, value);
    case "scalar":
      // What is more to these the decoder says.
      return type.name !== "Quantity" && type.name !== "bytes" && fits(type.name, value);
  }
}

const NO_FIELDS: ReadonlyMap<string, GoField> = new Map();

class Decoder {
  /** The first value of a wrong type. */
  mismatch: DecodeProblem | null = null;
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
    if (value === null || value === undefined) return;
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
    this.mismatch ??= { message, path };
  }

  #quantity(value: unknown, path: FieldPath): void {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const problem = quantityProblem(text.trim());
    if (problem !== null) this.mismatch ??= { message: problem, path };
  }

  #bytes(text: string, path: FieldPath): void {
    const at = base64Problem(text);
    if (at === null) return;
    this.mismatch ??= { message: `illegal base64 data at input byte ${at}`, path };
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

function fits(name: string, value: unknown): boolean {
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

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Brings an object of `kind` into the form in which the API writes it. Changes `object`. */
export function normalise(kind: string, object: Fields): void {
  const fields = fieldsOf(kind);
  if (fields !== null) normaliseFields(fields, object);
}

function normaliseFields(types: ReadonlyMap<string, GoField>, value: Fields): void {
  for (const name of Object.keys(value)) {
    const field = types.get(name);
    if (field === undefined) continue;
    const next = normalised(field.type, value[name]);
    if (field.omitsEmpty && isEmpty(next)) delete value[name];
    else value[name] = next;
  }
}

function normalised(type: GoType, value: unknown): unknown {
  switch (type.kind) {
    case "list":
      return Array.isArray(value) ? value.map((item) => normalised(type.item, item)) : value;
    case "map":
      if (!isMap(value) || !isQuantity(type.item)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, normalised(type.item, item)]),
      );
    case "struct":
      if (isMap(value)) normaliseFields(GO_TYPES.get(type.name) ?? new Map(), value);
      return value;
    case "scalar":
      return isQuantity(type) && value !== null ? canonicalQuantity(String(value)) : value;
  }
}

function isQuantity(type: GoType): boolean {
  return type.kind === "scalar" && type.name === "Quantity";
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object") return value === "" || value === 0 || value === false;
  if (value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

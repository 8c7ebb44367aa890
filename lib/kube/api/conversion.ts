/**
 * The conversion of what a patch made into an object, which finds the same mistakes as the decoder
 * and calls them by other names.
 *
 * Spec: apimachinery runtime/converter.go (FromUnstructuredWithValidation), v1.36.
 * Differs: Go's own names of string types are not said: `v1.Protocol` is `string`.
 */
import { type FieldPath, formatPath } from "../schema.ts";
import { type DecodeProblem, Decoder, fieldsOf, fits, isMap, ROOT } from "./decode.ts";
import type { Fields } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType } from "./go-types.ts";
import { wellFormedCopy } from "./well-formed.ts";

/**
 * What is wrong with an object that a patch made, which is converted field by field: of two
 * wrong types the first of the type's own order counts, and fields are said as they stand.
 */
export function conversionProblem(kind: string, value: unknown): DecodeProblem | null {
  const fields = fieldsOf(kind);
  if (fields === null || wellFormedCopy(kind, value as Fields) !== null) return null;
  const converter = new Converter();
  converter.fields(inOrder(fields), value as Fields, []);
  if (converter.mismatch !== null) return converter.mismatch;
  const [first] = converter.unknown;
  if (first === undefined) return null;
  const names = converter.unknown.map((path) => `unknown field "${formatPath(path)}"`).sort();
  const message = `strict decoding error: ${names.join(", ")}`;
  return { message, path: first, unknown: converter.unknown };
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
    this.mismatch ??= { message, path, unknown: [] };
  }
}

/** Go's name for the kind of a JSON value. */
function kindName(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "map";
}

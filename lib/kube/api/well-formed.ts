/**
 * Decoder, copier and normaliser in one walk, for objects that are right: most are, and each write
 * is decoded. What is wrong with the others the decoder says (decode.ts).
 *
 * Spec: Kubernetes API concepts, "Field validation" (Strict); encoding/json, "omitempty".
 */
import { fieldsOf, fits, isMap } from "./decode.ts";
import { copyFields, type Fields, KEPT_NULLS } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType } from "./go-types.ts";
import { isEmpty } from "./normalise.ts";
import { canonicalQuantity, quantityProblem } from "./quantity.ts";

/**
 * A copy of an object of `kind` in the API's form: `copyFields`, then `normalise`. Null if a field
 * is unknown or not of its type, and for kinds without a type.
 */
export function wellFormedCopy(kind: string, object: object): Fields | null {
  const fields = fieldsOf(kind);
  return fields === null ? null : copyOfFields(fields, object as Fields);
}

/** Null if a field is not right. */
function copyOfFields(types: ReadonlyMap<string, GoField>, value: Fields): Fields | null {
  const result: Fields = {};
  for (const name of Object.keys(value)) {
    const field = types.get(name);
    if (field === undefined) return null;
    const old = value[name];
    if (old === undefined) continue;
    if (old === null) {
      if (KEPT_NULLS.has(name)) result[name] = null;
      continue;
    }
    const next = copyOf(field.type, old);
    if (next === MALFORMED) return null;
    if (!field.omitsEmpty || !isEmpty(next)) result[name] = next;
  }
  return result;
}

/** What no value is: the field is not right. */
const MALFORMED = Symbol("malformed");

function copyOf(type: GoType, value: unknown): unknown {
  switch (type.kind) {
    case "struct": {
      const types = GO_TYPES.get(type.name);
      if (types === undefined || !isMap(value)) return MALFORMED;
      return copyOfFields(types, value) ?? MALFORMED;
    }
    case "list":
      return Array.isArray(value) ? copyOfItems(type.item, value) : MALFORMED;
    case "map":
      return isMap(value) ? copyOfMap(type.item, value) : MALFORMED;
    case "scalar":
      return copyOfScalar(type.name, value);
  }
}

function copyOfItems(type: GoType, items: readonly unknown[]): unknown {
  const result: unknown[] = [];
  for (const item of items) {
    const next = item === null || item === undefined ? item : copyOf(type, item);
    if (next === MALFORMED) return MALFORMED;
    result.push(next);
  }
  return result;
}

/** Maps of anything but scalars are rare: they go the long way. */
function copyOfMap(type: GoType, map: Fields): unknown {
  if (type.kind !== "scalar") return MALFORMED;
  const result: Fields = {};
  for (const name of Object.keys(map)) {
    const old = map[name];
    if (old === undefined || (old === null && !KEPT_NULLS.has(name))) continue;
    const next = old === null ? null : copyOfScalar(type.name, old);
    if (next === MALFORMED) return MALFORMED;
    result[name] = next;
  }
  return result;
}

function copyOfScalar(name: string, value: unknown): unknown {
  // There is more to bytes, which the decoder knows.
  if (name === "bytes") return MALFORMED;
  if (name === "Quantity") {
    const text = String(value);
    const isRight = typeof value !== "object" && quantityProblem(text.trim()) === null;
    return isRight ? canonicalQuantity(text) : MALFORMED;
  }
  if (!fits(name, value)) return MALFORMED;
  return typeof value === "object" ? copyFields(value) : value;
}

/**
 * Decoder, copier and normaliser in one walk, for objects that are right: most are, and each write
 * is decoded. What is wrong with the others the decoder says (decode.ts).
 *
 * Spec: Kubernetes API concepts, "Field validation" (Strict); encoding/json, "omitempty".
 */
import { fieldsOf, fits, isMap } from "./decode.ts";
import { copyFields, type Fields, firstFields, KEPT_NULLS, moveOf } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType } from "./go-types.ts";
import { knownSpec } from "./known-templates.ts";
import { isEmpty } from "./normalise.ts";
import { canonicalQuantity, quantityProblem } from "./quantity.ts";

/**
 * A copy of an object of `kind` in the API's form: `copyFields`, then `normalise`. What is as the
 * version `before` has it is the very value of that version, as in `copyChanges`; so are specs of
 * templates that are known. Null if a field is unknown or not of its type, and for kinds without a
 * type.
 */
export function wellFormedCopy(
  kind: string,
  object: object,
  before: Fields | null = null,
): Fields | null {
  const fields = fieldsOf(kind);
  return fields === null ? null : copyOfFields(fields, object as Fields, before);
}

/** `types` are those of a struct's fields, or the one of all that is in a map. Null if one is not right. */
function copyOfFields(
  types: ReadonlyMap<string, GoField> | GoField,
  value: Fields,
  before: unknown,
): Fields | null {
  const old = isMap(before) ? before : null;
  const names = old === null ? NO_NAMES : Object.keys(old);
  let result: Fields | null = old === null ? {} : null;
  let count = 0;
  // As in `copyChanges`.
  for (const name in value) {
    const field = types instanceof Map ? types.get(name) : types;
    if (field === undefined) return null;
    const given = value[name];
    if (given === undefined || (given === null && !KEPT_NULLS.has(name))) continue;
    const known = old?.[name];
    const next = given === null ? null : copyOf(field.type, given, known);
    if (next === MALFORMED) return null;
    if (field.omitsEmpty && isEmpty(next)) continue;
    if (result === null) {
      if (next === known && names[count] === name) {
        count += 1;
        continue;
      }
      result = firstFields(old ?? {}, names, count);
    }
    result[name] = next;
  }
  if (result !== null || old === null) return result;
  return count === names.length ? old : firstFields(old, names, count);
}

const NO_NAMES: readonly string[] = [];

/** What no value is: the field is not right. */
const MALFORMED = Symbol("malformed");

function copyOf(type: GoType, value: unknown, before: unknown): unknown {
  if (value === before) return value;
  switch (type.kind) {
    case "struct": {
      const types = GO_TYPES.get(type.name);
      if (types === undefined || !isMap(value)) return MALFORMED;
      const known = type.name === "PodSpec" ? knownSpec(value) : null;
      if (known !== null) return known;
      return copyOfFields(types, value, before) ?? MALFORMED;
    }
    case "list":
      return Array.isArray(value) ? copyOfItems(type.item, value, before) : MALFORMED;
    case "map":
      return copyOfMap(type.item, value, before) ?? MALFORMED;
    case "scalar":
      return copyOfScalar(type.name, value);
  }
}

function copyOfItems(type: GoType, items: readonly unknown[], before: unknown): unknown {
  const old: readonly unknown[] = Array.isArray(before) ? before : [];
  const result: unknown[] = [];
  let isSame = old === before && items.length === old.length;
  let moved = 0;
  for (const [index, item] of items.entries()) {
    let next = copyOfItem(type, item, old[index + moved]);
    if (next === MALFORMED) return MALFORMED;
    if (next !== old[index + moved]) {
      const step = moveOf(item, old, index + moved);
      if (step !== 0) {
        moved += step;
        next = copyOfItem(type, item, old[index + moved]);
      }
    }
    if (next !== old[index]) isSame = false;
    result.push(next);
  }
  return isSame ? before : result;
}

function copyOfItem(type: GoType, item: unknown, before: unknown): unknown {
  return item === null || item === undefined ? item : copyOf(type, item, before);
}

/** Maps of anything but scalars are rare: they go the long way. */
function copyOfMap(type: GoType, map: unknown, before: unknown): Fields | null {
  if (type.kind !== "scalar" || !isMap(map)) return null;
  return copyOfFields({ type, omitsEmpty: false }, map, before);
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

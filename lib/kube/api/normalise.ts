/**
 * The form in which an object comes out of the API: without empty fields, quantities in their
 * canonical form.
 *
 * Spec: encoding/json, "omitempty"; apimachinery api/resource, canonical form of quantities.
 */
import { fieldsOf, isMap } from "./decode.ts";
import type { Fields } from "./fields.ts";
import { GO_TYPES, type GoField, type GoType } from "./go-types.ts";
import { canonicalQuantity } from "./quantity.ts";

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

/** Whether a field is left out that is so if it is empty. */
export function isEmpty(value: unknown): boolean {
  if (typeof value !== "object") return value === "" || value === 0 || value === false;
  if (value === null) return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Fields of objects that have no type here, as kubectl and controllers read them. */
import type { ApiObject, JsonMap } from "./api/types.ts";

/** Fields by name. */
export type LooseFields = Readonly<Record<string, unknown>>;

/** An object's field, by its path; undefined if it, or one on the way to it, is not there. */
export function fieldAt(object: ApiObject | LooseFields | JsonMap, ...path: readonly string[]) {
  let value: unknown = object;
  for (const name of path) value = (value as LooseFields | null | undefined)?.[name];
  return value;
}

/** The same, for lists. */
export function listAt(object: ApiObject | LooseFields, ...path: readonly string[]): LooseFields[] {
  const value = fieldAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

/** The same, for maps of texts; numbers become their digits. */
export function textsAt(
  object: ApiObject | LooseFields,
  ...path: readonly string[]
): Readonly<Record<string, string>> {
  const entries = Object.entries((fieldAt(object, ...path) ?? {}) as LooseFields);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

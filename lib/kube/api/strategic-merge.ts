/**
 * Strategic merge patches as the API server carries them out: maps are merged, null removes, lists
 * of maps with a key are merged item by item, and directives say what goes and in which order.
 *
 * Spec: Kubernetes, "Strategic Merge Patch" (sig-api-machinery); apimachinery util/strategicpatch.
 */
import { deepEqual } from "../deep-equal.ts";
import { type PatchMeta, patchMetaOf } from "./patch-meta.ts";

export type Json = Readonly<Record<string, unknown>>;

export const DIRECTIVE = "$patch";
export const RETAIN_KEYS = "$retainKeys";
export const ELEMENT_ORDER = "$setElementOrder/";
export const DELETE_VALUES = "$deleteFromPrimitiveList/";

/** The object of `kind` that a patch makes of `original`. */
export function strategicMerge(kind: string, original: Json, patch: Json): Json {
  return mergeMaps(patchMetaOf(kind), original, patch);
}

/**
 * What is left of a patch once it has been carried out: the API server shows it so, without the
 * lists whose order it says.
 */
export function patchRest(kind: string, original: Json, patch: Json): Json {
  return restOf(patchMetaOf(kind), original, patch);
}

/** A value as Go prints maps and lists: `map[a:1 b:[c d]]`. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (value === null || value === undefined) return "<nil>";
  if (!isJson(value)) return String(value);
  const fields = Object.keys(value)
    .sort()
    .map((name) => `${name}:${goText(value[name])}`);
  return `map[${fields.join(" ")}]`;
}

/** Whether a value is a map. */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeMaps(meta: PatchMeta, original: Json, patch: Json): Json {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return without(patch, DIRECTIVE);
  if (directive === "delete") return {};
  const result: Record<string, unknown> = {};
  const retained = patch[RETAIN_KEYS];
  for (const [name, value] of Object.entries(original)) {
    if (!Array.isArray(retained) || retained.includes(name)) result[name] = value;
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) continue;
    if (value === null) delete result[name];
    else result[name] = mergeValues(meta, name, result[name], value);
  }
  for (const [name, value] of Object.entries(patch)) {
    if (!Array.isArray(value)) continue;
    if (name.startsWith(DELETE_VALUES)) removeValues(result, after(name, DELETE_VALUES), value);
    if (name.startsWith(ELEMENT_ORDER)) {
      const field = after(name, ELEMENT_ORDER);
      const list = result[field];
      if (Array.isArray(list)) result[field] = ordered(meta, field, list, original[field], value);
    }
  }
  return result;
}

function mergeValues(meta: PatchMeta, name: string, original: unknown, patch: unknown): unknown {
  if (isJson(patch)) return isJson(original) ? mergeMaps(meta, original, patch) : plain(patch);
  if (!Array.isArray(patch) || !Array.isArray(original)) return plain(patch);
  if (meta.mergesValues(name)) return [...new Set([...original, ...patch])];
  const key = meta.mergeKey(name);
  const keyed = key !== null && patch.every((item) => isJson(item) && item[key] !== undefined);
  if (!keyed) return plain(patch);
  return mergeLists(meta, key, original, patch as readonly Json[]);
}

function mergeLists(
  meta: PatchMeta,
  key: string,
  original: readonly unknown[],
  patch: readonly Json[],
): unknown[] {
  if (patch.some((item) => item[DIRECTIVE] === "replace")) {
    return patch.filter((item) => item[DIRECTIVE] === undefined);
  }
  const result = [...original];
  for (const item of patch) {
    const at = result.findIndex((each) => isJson(each) && each[key] === item[key]);
    if (item[DIRECTIVE] === "delete") {
      if (at !== -1) result.splice(at, 1);
    } else if (at === -1) result.push(plain(item));
    else result[at] = mergeMaps(meta, result[at] as Json, item);
  }
  return inOrder(
    result,
    patch.map((item) => item[key]),
    original,
    (item) => (isJson(item) ? item[key] : undefined),
  );
}

/** A list in the order that a directive says; what only the server has stays where it was. */
function ordered(
  meta: PatchMeta,
  field: string,
  list: readonly unknown[],
  original: unknown,
  order: readonly unknown[],
): unknown[] {
  const key = meta.mergeKey(field);
  const idOf = (item: unknown) => (key !== null && isJson(item) ? item[key] : item);
  return inOrder(list, order.map(idOf), Array.isArray(original) ? original : [], idOf);
}

function inOrder(
  list: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  idOf: (item: unknown) => unknown,
): unknown[] {
  const wanted = list
    .filter((item) => order.includes(idOf(item)))
    .sort((a, b) => order.indexOf(idOf(a)) - order.indexOf(idOf(b)));
  const others = list.filter((item) => !order.includes(idOf(item)));
  const before = original.map(idOf);
  const result: unknown[] = [];
  for (let other = others.shift(); other !== undefined; other = others.shift()) {
    const place = before.indexOf(idOf(other));
    while (wanted.length > 0) {
      const next = before.indexOf(idOf(wanted[0]));
      if (next !== -1 && place < next) break;
      result.push(wanted.shift());
    }
    result.push(other);
  }
  return [...result, ...wanted];
}

function removeValues(result: Record<string, unknown>, field: string, gone: readonly unknown[]) {
  const list = result[field];
  if (!Array.isArray(list)) return;
  const kept = list.filter((item) => !gone.some((each) => deepEqual(each, item)));
  if (kept.length === 0) delete result[field];
  else result[field] = kept;
}

/** A value without directives and nulls. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isJson(value)) return value;
  const fields = Object.entries(value).filter(
    ([name, item]) => !name.startsWith("$") && item !== null,
  );
  return Object.fromEntries(fields.map(([name, item]) => [name, plain(item)]));
}

function restOf(meta: PatchMeta, original: Json, patch: Json): Json {
  const consumed = new Set(
    Object.keys(patch)
      .filter((name) => name.startsWith(ELEMENT_ORDER))
      .map((name) => after(name, ELEMENT_ORDER)),
  );
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(patch)) {
    if (name === RETAIN_KEYS || name.startsWith(ELEMENT_ORDER) || consumed.has(name)) continue;
    const before = original[name];
    rest[name] = isJson(value) && isJson(before) ? restOf(meta, before, value) : value;
  }
  return rest;
}

function without(map: Json, name: string): Json {
  const { [name]: _gone, ...rest } = map;
  return rest;
}

function after(name: string, prefix: string): string {
  return name.slice(prefix.length);
}

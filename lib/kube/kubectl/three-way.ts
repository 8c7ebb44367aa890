/**
 * The patch that `kubectl apply` sends: from the manifest applied before, the manifest now and what
 * the server has. Fields that the earlier manifest had and the new one has not are removed; others
 * that the server has stay.
 *
 * Spec: Kubernetes, "Declarative Management of Kubernetes Objects Using Configuration Files";
 * apimachinery util/strategicpatch (CreateThreeWayMergePatch); RFC 7386 for kinds it does not know.
 */
import { type PatchMeta, patchMetaOf } from "../api/patch-meta.ts";
import { isBuiltIn } from "../api/resources.ts";
import {
  DELETE_VALUES,
  DIRECTIVE,
  ELEMENT_ORDER,
  isJson,
  type Json,
  RETAIN_KEYS,
} from "../api/strategic-merge.ts";
import { deepEqual } from "../deep-equal.ts";

/** Which side of a comparison counts. */
type Side = "changes" | "removals";
type Patch = Record<string, unknown>;

/** The patch between three objects; empty if there is nothing to do. */
export function threeWayPatch(kind: string, original: Json, modified: Json, current: Json): Json {
  const meta = patchMetaOf(kind);
  const differ = new Differ(meta, isBuiltIn(kind));
  const changes = differ.maps(current, modified, "changes", false);
  const removals = differ.maps(original, modified, "removals", false);
  return combined(meta, removals, changes);
}

/** Compares maps and lists. */
class Differ {
  readonly #meta: PatchMeta;
  /** Whether lists may be merged; they are not in kinds that are unknown. */
  readonly #merges: boolean;

  constructor(meta: PatchMeta, merges: boolean) {
    this.#meta = meta;
    this.#merges = merges;
  }

  maps(from: Json, to: Json, side: Side, retains: boolean): Patch {
    const patch: Patch = {};
    for (const [name, value] of Object.entries(to)) {
      const before = from[name];
      if (before === undefined || typeName(before) !== typeName(value)) {
        if (side === "changes") patch[name] = value;
      } else if (isJson(value)) this.#map(patch, name, before as Json, value, side);
      else if (Array.isArray(value)) this.#list(patch, name, before as unknown[], value, side);
      else if (side === "changes" && before !== value) patch[name] = value;
    }
    if (side === "removals") {
      for (const name of Object.keys(from)) if (!(name in to)) patch[name] = null;
    }
    if (!retains || Object.keys(to).length === 0) return patch;
    const isMore = Object.keys(from).some((name) => !(name in to));
    if (isMore || Object.keys(patch).length > 0) patch[RETAIN_KEYS] = Object.keys(to).sort();
    return patch;
  }

  #map(patch: Patch, name: string, before: Json, value: Json, side: Side): void {
    const retains = this.#merges && this.#meta.retainsKeys(name);
    const inner = this.maps(before, value, side, retains);
    if (Object.keys(inner).length > 0) patch[name] = inner;
  }

  #list(
    patch: Patch,
    name: string,
    before: readonly unknown[],
    value: readonly unknown[],
    side: Side,
  ): void {
    const key = this.#merges ? this.#meta.mergeKey(name) : null;
    const hasKey = (item: unknown) => key !== null && isJson(item) && item[key] !== undefined;
    if (key !== null && [...before, ...value].every(hasKey)) {
      this.#keyed(patch, name, key, before as readonly Json[], value as readonly Json[], side);
    } else if (this.#merges && this.#meta.mergesValues(name))
      values(patch, name, before, value, side);
    else if (side === "changes" && !deepEqual(before, value)) patch[name] = value;
  }

  #keyed(
    patch: Patch,
    name: string,
    key: string,
    before: readonly Json[],
    value: readonly Json[],
    side: Side,
  ): void {
    if (before.length === 0) {
      if (side === "changes" && value.length > 0) patch[name] = value;
      return;
    }
    const items: Json[] = [];
    for (const item of value) {
      const known = before.find((each) => each[key] === item[key]);
      if (known === undefined) {
        if (side === "changes") items.push(item);
        continue;
      }
      const inner = this.maps(known, item, side, this.#meta.retainsKeys(name));
      if (Object.keys(inner).length > 0) items.push({ ...inner, [key]: item[key] });
    }
    if (side === "removals") {
      for (const item of before) {
        if (value.some((each) => each[key] === item[key])) continue;
        items.push({ [DIRECTIVE]: "delete", [key]: item[key] });
      }
    }
    const keys = value.map((item) => item[key]);
    const isSameOrder = deepEqual(
      keys,
      before.map((item) => item[key]),
    );
    if (items.length > 0) patch[name] = items;
    if (items.length > 0 || (side === "changes" && !isSameOrder)) {
      patch[`${ELEMENT_ORDER}${name}`] = keys.map((each) => ({ [key]: each }));
    }
  }
}

function values(
  patch: Patch,
  name: string,
  before: readonly unknown[],
  value: readonly unknown[],
  side: Side,
): void {
  const missing = (from: readonly unknown[], list: readonly unknown[]) =>
    list.filter((item) => !from.includes(item));
  const changed = side === "changes" ? missing(before, value) : missing(value, before);
  if (changed.length > 0) patch[side === "changes" ? name : `${DELETE_VALUES}${name}`] = changed;
  const isOther = side === "changes" ? !deepEqual(before, value) : changed.length > 0;
  if (isOther && before.length > 0) patch[`${ELEMENT_ORDER}${name}`] = value;
}

/** Two patches as one. */
function combined(meta: PatchMeta, removals: Json, changes: Json): Json {
  const result: Patch = { ...removals };
  for (const [name, value] of Object.entries(changes)) {
    const other = result[name];
    const key = meta.mergeKey(name);
    if (isJson(other) && isJson(value)) result[name] = combined(meta, other, value);
    else if (key !== null && Array.isArray(other) && Array.isArray(value)) {
      result[name] = combinedLists(meta, key, other, value);
    } else result[name] = value;
  }
  return result;
}

/** Items of one key become one. */
function combinedLists(
  meta: PatchMeta,
  key: string,
  removals: readonly Json[],
  changes: readonly Json[],
): Json[] {
  const result = [...changes];
  for (const item of removals) {
    const at = result.findIndex((each) => each[key] === item[key]);
    const same = result[at];
    if (same === undefined) result.push(item);
    else result[at] = combined(meta, item, same);
  }
  return result;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

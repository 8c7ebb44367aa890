/**
 * Plain JSON as the API server's admission works on it: copies that may be changed, and reading of
 * fields whose types the decoder has checked.
 */
import { deepEqual } from "../deep-equal.ts";

/** An object of JSON that its holder may change. */
export type Fields = Record<string, unknown>;

/** The fields of an object of the API, which are only read. */
export function asFields(object: object): Readonly<Fields> {
  return object as Fields;
}

/** A deep copy without fields that are undefined or null. */
export function copyFields(value: unknown): Fields {
  return copy(value) as Fields;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => copy(item));
  if (typeof value !== "object" || value === null) return value;
  const result: Fields = {};
  const fields = value as Fields;
  for (const name in fields) {
    const field = fields[name];
    if (field !== undefined && (field !== null || KEPT_NULLS.has(name))) result[name] = copy(field);
  }
  return result;
}

/**
 * The same of the next version of an object: what is as the clean version before it has it, fields
 * in the same order, is the very value of that version. So equal parts are shared and compared fast.
 */
export function copyChanges(value: unknown, before: unknown): Fields {
  return changed(value, before) as Fields;
}

function changed(value: unknown, before: unknown): unknown {
  if (value === before || typeof value !== "object" || value === null) return value;
  if (typeof before !== "object" || before === null) return copy(value);
  if (Array.isArray(value)) return Array.isArray(before) ? changedList(value, before) : copy(value);
  return Array.isArray(before) ? copy(value) : changedFields(value as Fields, before as Fields);
}

function changedList(value: readonly unknown[], before: readonly unknown[]): readonly unknown[] {
  const result: unknown[] = [];
  let isSame = value.length === before.length;
  let moved = 0;
  for (const [index, item] of value.entries()) {
    let next = changed(item, before[index + moved]);
    if (next !== before[index + moved]) {
      const step = moveOf(item, before, index + moved);
      if (step !== 0) {
        moved += step;
        next = changed(item, before[index + moved]);
      }
    }
    if (next !== before[index]) isSame = false;
    result.push(next);
  }
  return isSame ? before : result;
}

/**
 * How far from `at` an item's version before stands, -1 or 1, if one has come or gone above it; 0 if
 * it has not moved, or is none of those.
 */
export function moveOf(item: unknown, before: readonly unknown[], at: number): number {
  if (typeof item !== "object") return 0;
  if (at > 0 && deepEqual(item, before[at - 1])) return -1;
  return at + 1 < before.length && deepEqual(item, before[at + 1]) ? 1 : 0;
}

function changedFields(value: Fields, before: Fields): Fields {
  const names = Object.keys(before);
  let result: Fields | null = null;
  let count = 0;
  // `for…in` makes no list of the names and finds a field as fast as a constant name does.
  for (const name in value) {
    const field = value[name];
    if (field === undefined || (field === null && !KEPT_NULLS.has(name))) continue;
    const old = before[name];
    const next = changed(field, old);
    if (result === null) {
      if (next === old && names[count] === name) {
        count += 1;
        continue;
      }
      result = firstFields(before, names, count);
    }
    result[name] = next;
  }
  if (result !== null) return result;
  return count === names.length ? before : firstFields(before, names, count);
}

/** A record of the first fields of another, which is made once one differs. */
export function firstFields(fields: Fields, names: readonly string[], count: number): Fields {
  const result: Fields = {};
  for (let index = 0; index < count; index += 1) {
    const name = names[index] ?? "";
    result[name] = fields[name];
  }
  return result;
}

/** Fields whose null the API shows. */
export const KEPT_NULLS: ReadonlySet<string> = new Set(["lastProbeTime", "endpoints", "ports"]);

/** The map in a field, or null. */
export function mapIn(parent: Fields | null | undefined, name: string): Fields | null {
  const value = parent?.[name];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

/** The maps in a list field; [] if it is not there. */
export function mapsIn(parent: Fields | null | undefined, name: string): Fields[] {
  const value = parent?.[name];
  return Array.isArray(value) ? (value as Fields[]) : [];
}

/** The text in a field, or "". */
export function textIn(parent: Fields | null | undefined, name: string): string {
  const value = parent?.[name];
  return typeof value === "string" ? value : "";
}

/** The strings in a list field; [] if it is not there. */
export function textsIn(parent: Fields | null | undefined, name: string): string[] {
  const value = parent?.[name];
  return Array.isArray(value) ? (value as string[]) : [];
}

/** The number in a field, or `otherwise`. */
export function numberIn(parent: Fields | null | undefined, name: string, otherwise = 0): number {
  const value = parent?.[name];
  return typeof value === "number" ? value : otherwise;
}

/** Gives a field a value if it has none. */
export function setDefault(parent: Fields, name: string, value: unknown): void {
  if (parent[name] === undefined || parent[name] === null || parent[name] === "") {
    parent[name] = value;
  }
}

/** The map in a field, made if it is not there. */
export function ensureMap(parent: Fields, name: string): Fields {
  const value = mapIn(parent, name);
  if (value !== null) return value;
  const made: Fields = {};
  parent[name] = made;
  return made;
}

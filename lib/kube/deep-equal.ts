/**
 * Equality of plain records, as Go's `reflect.DeepEqual` sees the objects they stand for. An absent
 * field and one that is `undefined` are the same.
 */

/** Whether two values made of records, arrays and primitives are equal. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && equalLists(a, b);
  }
  return equalRecords(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) {
    if (!deepEqual(a[index], b[index])) return false;
  }
  return true;
}

/** Own fields only; their order does not count. */
function equalRecords(a: Fields, b: Fields): boolean {
  let count = 0;
  for (const name of Object.keys(a)) {
    const field = a[name];
    if (field === undefined) continue;
    if (!Object.hasOwn(b, name) || !deepEqual(field, b[name])) return false;
    count += 1;
  }
  for (const name of Object.keys(b)) if (b[name] !== undefined) count -= 1;
  return count === 0;
}

/** How the columns of `kubectl get` are described. */
import { isDefaultClass } from "../api/default-classes.ts";
import type { ApiObject } from "../api/types.ts";

/** An object's age as a table shows it. */
export type AgeOf = (time: string | undefined) => string;

/** The columns of one kind. */
export interface Columns {
  readonly heads: readonly string[];
  readonly wide: readonly string[];
  /** The cells under the heads, then those under the wide heads. */
  readonly cells: (object: ApiObject, age: AgeOf) => string[];
}

/** What a table shows for nothing. */
export const NONE = "<none>";
/** A cell's text. */
export const text = (value: unknown) =>
  value === undefined || value === "" ? NONE : String(value);
/** How long ago the object was created. */
export const born = (object: ApiObject, age: AgeOf) => age(object.metadata.creationTimestamp);

/** An object's name, and whether it is the default of its kind. */
export const nameOfClass = (object: ApiObject) =>
  isDefaultClass(object) ? `${object.metadata.name} (default)` : object.metadata.name;

/** A table of a kind: heads and wide heads apart by `|`, and the cells under them. */
export function columns<T extends ApiObject>(
  heads: string,
  wide: string,
  cells: (object: T, age: AgeOf) => string[],
): Columns {
  const split = (line: string) => (line === "" ? [] : line.split("|"));
  return {
    heads: split(heads),
    wide: split(wide),
    cells: (object, age) => cells(object as T, age),
  };
}

/**
 * Checks for programmer errors. A failed one means that vethwork itself is wrong, so the run ends;
 * bad input is reported with `VethworkError` instead.
 */

/** Ends the run with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`vethwork invariant broken: ${message}`);
}

/** The value, which must be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) {
    throw new Error(`vethwork invariant broken: ${what} is missing`);
  }
  return value;
}

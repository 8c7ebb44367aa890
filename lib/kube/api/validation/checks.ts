/**
 * Checks that many kinds share, in the API server's words: numbers, ports, labels, selectors,
 * shares of a whole.
 *
 * Spec: apis/meta/v1/validation and apimachinery api/validation, v1.36.
 */
import { type FieldPath, keyStep } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import {
  labelKeyProblems,
  labelValueProblems,
  percentProblems,
  portNameProblems,
  type TextCheck,
} from "./text-rules.ts";

export const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];

/** Reports what `check` says of a text. */
export function checkText(
  errors: FieldErrors,
  path: FieldPath,
  text: string,
  check: TextCheck,
): void {
  errors.invalidFor(path, text, check(text));
}

/** Reports an empty text as missing; of others what `check` says. */
export function requireText(
  errors: FieldErrors,
  path: FieldPath,
  text: string,
  check: TextCheck | null = null,
): void {
  if (text === "") errors.required(path);
  else if (check !== null) checkText(errors, path, text, check);
}

/** One of a set of words; an empty one is missing. */
export function requireOneOf(
  errors: FieldErrors,
  path: FieldPath,
  text: string,
  allowed: readonly string[],
): void {
  if (text === "") errors.required(path);
  else if (!allowed.includes(text)) errors.notSupported(path, text, allowed);
}

/** Of fields that are there, one of a set of words. */
export function checkOneOf(
  errors: FieldErrors,
  path: FieldPath,
  value: unknown,
  allowed: readonly string[],
): void {
  if (value !== undefined && !allowed.includes(String(value))) {
    errors.notSupported(path, value, allowed);
  }
}

/** A whole number from 0, if there is one. */
export function checkNonNegative(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "number" && value < 0) {
    errors.invalid(path, value, "must be greater than or equal to 0");
  }
}

/** A number between two others, both included, if there is one. */
export function checkRange(
  errors: FieldErrors,
  path: FieldPath,
  value: unknown,
  least: number,
  most: number,
): void {
  if (typeof value === "number" && (value < least || value > most)) {
    errors.invalid(path, value, `must be between ${least} and ${most}, inclusive`);
  }
}

/** A port number. */
export function checkPort(errors: FieldErrors, path: FieldPath, value: unknown): void {
  checkRange(errors, path, value, 1, 65535);
}

/** A port number or the name of one. */
export function checkPortOrName(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "string") requireText(errors, path, value, portNameProblems);
  else checkPort(errors, path, value);
}

/** Keys and values of labels. */
export function checkLabels(errors: FieldErrors, path: FieldPath, labels: Fields | null): void {
  for (const key of Object.keys(labels ?? {}).sort()) {
    checkText(errors, path, key, labelKeyProblems);
    checkText(errors, path, String(labels?.[key]), labelValueProblems);
  }
}

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];

/** A label selector; says whether it can be used at all. */
export function checkSelector(
  errors: FieldErrors,
  path: FieldPath,
  selector: Fields | null,
): boolean {
  if (selector === null) return true;
  const before = errors.list.length;
  checkLabels(errors, [...path, "matchLabels"], mapIn(selector, "matchLabels"));
  for (const [index, expression] of mapsIn(selector, "matchExpressions").entries()) {
    checkRequirement(errors, [...path, "matchExpressions", index], expression);
  }
  return errors.list.length === before;
}

function checkRequirement(errors: FieldErrors, path: FieldPath, expression: Fields): void {
  const operator = textIn(expression, "operator");
  const values = textsIn(expression, "values");
  if (!OPERATORS.includes(operator)) {
    errors.invalid([...path, "operator"], operator, "not a valid selector operator");
  } else checkValueCount(errors, [...path, "values"], operator, values);
  checkText(errors, [...path, "key"], textIn(expression, "key"), labelKeyProblems);
  for (const [index, value] of values.entries()) {
    checkText(errors, [...path, "values", index], value, labelValueProblems);
  }
}

/** `In` and `NotIn` need values, `Exists` and `DoesNotExist` have none. */
export function checkValueCount(
  errors: FieldErrors,
  path: FieldPath,
  operator: string,
  values: readonly string[],
): void {
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.required(path, "must be specified when `operator` is 'In' or 'NotIn'");
    }
  } else if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    errors.forbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  }
}

/** A selector as errors show it: its fields in the order of the API's struct. */
export function shownSelector(selector: Fields | null): Fields {
  const labels = mapIn(selector, "matchLabels");
  const expressions = mapsIn(selector, "matchExpressions");
  return {
    ...(labels !== null && Object.keys(labels).length > 0 && { matchLabels: sorted(labels) }),
    ...(expressions.length > 0 && {
      matchExpressions: expressions.map(({ key, operator, values }) => ({
        key,
        operator,
        ...(values !== undefined && { values }),
      })),
    }),
  };
}

/** A map as errors show it; null if there is none. */
export function shownMap(map: Fields | null): Fields | null {
  return map === null ? null : sorted(map);
}

function sorted(map: Fields): Fields {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A number from 0, or a share. */
export function checkIntOrPercent(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "string") checkText(errors, path, value, percentProblems);
  else checkNonNegative(errors, path, value);
}

/** A share is at most all. */
export function checkAtMostAll(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value !== "string" || percentProblems(value).length > 0) return;
  if (Number.parseInt(value, 10) > 100) {
    errors.invalid(path, value, "must not be greater than 100%");
  }
}

/** Whether a number or share is nothing; one that cannot be read is. */
export function isZeroShare(value: unknown): boolean {
  return value === undefined || (Number.parseInt(String(value), 10) || 0) === 0;
}

/** `map[key]` under a path. */
export function entryPath(path: FieldPath, key: string): FieldPath {
  return [...path, keyStep(key)];
}

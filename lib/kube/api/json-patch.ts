/**
 * JSON merge patches and JSON patches.
 *
 * Spec: RFC 7386, RFC 6902, RFC 6901.
 */
import { deepEqual } from "../deep-equal.ts";
import { ApiError } from "./errors.ts";
import { isJson } from "./strategic-merge.ts";

/** A merge patch carried out: null removes, maps are merged, all else is replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJson(patch)) return patch;
  const result: Record<string, unknown> = isJson(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** One operation of a JSON patch. */
interface Operation {
  readonly op?: string;
  readonly path?: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** A JSON patch carried out. Throws `BadRequest` or `Invalid`, as the API server does. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    const what = isJson(operations) ? "object" : typeof operations;
    throw new ApiError(
      "BadRequest",
      `json: cannot unmarshal ${what} into Go value of type jsonpatch.Patch`,
    );
  }
  return (operations as readonly Operation[]).reduce(carryOut, structuredCopy(target));
}

function carryOut(target: unknown, operation: Operation): unknown {
  const { op = "", path = "", from = "", value } = operation;
  const steps = stepsOf(path);
  switch (op) {
    case "add":
      return put(target, steps, value, true);
    case "replace":
      read(target, steps, op, path);
      return put(target, steps, value, false);
    case "remove":
      read(target, steps, op, path);
      return take(target, steps);
    case "test":
      if (deepEqual(read(target, steps, op, path), value)) return target;
      throw refused(`testing value ${path} failed`);
    case "copy":
      return put(target, steps, read(target, stepsOf(from), op, from), true);
    case "move": {
      const moved = read(target, stepsOf(from), op, from);
      return put(take(target, stepsOf(from)), steps, moved, true);
    }
    default:
      throw refused(`Unexpected kind: ${op}`);
  }
}

function refused(text: string): ApiError {
  return new ApiError("Invalid", `the server rejected our request due to an error in our request`, [
    { path: [], text },
  ]);
}

function stepsOf(path: string): string[] {
  const [, ...steps] = path.split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(target: unknown, steps: readonly string[], op: string, path: string): unknown {
  let value = target;
  for (const step of steps) {
    const next = Array.isArray(value)
      ? value[Number(step)]
      : isJson(value)
        ? value[step]
        : undefined;
    if (next === undefined) {
      throw refused(`${op} operation does not apply: doc is missing path: ${path}: missing value`);
    }
    value = next;
  }
  return value;
}

function put(target: unknown, steps: readonly string[], value: unknown, inserts: boolean): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (Array.isArray(target)) {
    const at = step === "-" ? target.length : Number(step);
    const list = [...target];
    if (rest.length > 0) list[at] = put(list[at], rest, value, inserts);
    else list.splice(at, inserts ? 0 : 1, value);
    return list;
  }
  if (!isJson(target)) throw refused(`add operation does not apply: doc is missing path: ${step}`);
  return { ...target, [step]: put(target[step], rest, value, inserts) };
}

function take(target: unknown, steps: readonly string[]): unknown {
  const [step = "", ...rest] = steps;
  if (Array.isArray(target)) {
    const list = [...target];
    if (rest.length === 0) list.splice(Number(step), 1);
    else list[Number(step)] = take(list[Number(step)], rest);
    return list;
  }
  if (!isJson(target)) return target;
  if (rest.length > 0) return { ...target, [step]: take(target[step], rest) };
  const { [step]: _gone, ...others } = target;
  return others;
}

function structuredCopy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/**
 * What a patch has made of an object, before it is taken for the next one: mistakes in it are told
 * as those of the patch, fields that nobody knows may be left out, and the name must stay.
 *
 * Spec: apiserver pkg/endpoints/handlers/patch.go, v1.36.
 * Differs: managedFields, which this API server has not, are not in the JSON that is shown.
 */

import type { FieldPath } from "../schema.ts";
import { formatPath } from "../schema.ts";
import { type DecodeProblem, isMap } from "./decode.ts";
import { ApiError, invalidPatch } from "./errors.ts";
import type { Json } from "./strategic-merge.ts";
import type { ApiObject } from "./types.ts";

/** Is told of fields that are left out: fieldValidation Warn. Without it they are errors: Strict. */
export type WarnOfFields = ((text: string) => void) | null;

/** The patched object if it may be one of `kind`; `shown` is the patch as an error quotes it. */
export function accepted(
  patched: Json,
  problem: DecodeProblem | null,
  shown: () => string,
  warn: WarnOfFields,
): Json {
  if (problem === null) return patched;
  if (problem.unknown.length === 0 || warn === null) {
    throw invalidPatch(shown(), problem.message, problem.path);
  }
  for (const path of problem.unknown) warn(`unknown field "${formatPath(path)}"`);
  return problem.unknown.reduce<unknown>(without, patched) as Json;
}

/** Throws `BadRequest` if a patch gives an object another name or namespace. */
export function requireSameName(patched: ApiObject, current: ApiObject): void {
  const { name, namespace } = current.metadata;
  if (patched.metadata.name !== name) {
    throw new ApiError(
      "BadRequest",
      `the name of the object (${patched.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (patched.metadata.namespace !== namespace) {
    throw new ApiError(
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
}

/** A copy without the field at a path. */
function without(value: unknown, path: FieldPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === step ? without(item, rest) : item));
  }
  if (!isMap(value)) return value;
  const copy = { ...value };
  if (rest.length === 0) delete copy[step];
  else copy[step] = without(copy[step], rest);
  return copy;
}

/**
 * What the API server checks of ConfigMaps, Secrets, Nodes, LimitRanges and ResourceQuotas, in its
 * words and order.
 *
 * Spec: Kubernetes API validation v1.36, core.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import { canonicalQuantity, parseQuantity } from "../quantity.ts";
import { checkOneOf, checkText, entryPath } from "./checks.ts";
import { checkAmount, checkResourceName } from "./resources.ts";
import { TAINT_EFFECTS } from "./scheduling.ts";
import { configKeyProblems, labelKeyProblems, labelValueProblems } from "./text-rules.ts";

const MAX_BYTES = 1024 * 1024;
const IMMUTABLE = "field is immutable when `immutable` is set";

/** A ConfigMap. */
export function checkConfigMap(errors: FieldErrors, map: Fields, old: Fields | null): void {
  checkImmutable(errors, map, old, ["data", "binaryData"]);
  const [data, binary] = [mapIn(map, "data") ?? {}, mapIn(map, "binaryData") ?? {}];
  let bytes = 0;
  for (const key of Object.keys(data).sort()) {
    const path = entryPath(["data"], key);
    checkText(errors, path, key, configKeyProblems);
    if (binary[key] !== undefined) {
      errors.invalid(path, key, "duplicate of key present in binaryData");
    }
    bytes += String(data[key]).length;
  }
  for (const key of Object.keys(binary).sort()) {
    checkText(errors, entryPath(["binaryData"], key), key, configKeyProblems);
    bytes += String(binary[key]).length;
  }
  if (bytes > MAX_BYTES) errors.tooLong([""], MAX_BYTES);
}

function checkImmutable(
  errors: FieldErrors,
  object: Fields,
  old: Fields | null,
  fields: readonly string[],
): void {
  if (old?.["immutable"] !== true) return;
  if (object["immutable"] !== true) errors.forbidden(["immutable"], IMMUTABLE);
  for (const name of fields) {
    if (!deepEqual(object[name], old[name])) errors.forbidden([name], IMMUTABLE);
  }
}

/** Keys that a Secret of each type must have. */
const SECRET_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

/** A Secret. */
export function checkSecret(errors: FieldErrors, secret: Fields, old: Fields | null): void {
  const type = textIn(secret, "type");
  if (old !== null && old["type"] !== secret["type"]) {
    errors.invalid(["type"], type, "field is immutable");
  }
  checkImmutable(errors, secret, old, ["data"]);
  const data = mapIn(secret, "data") ?? {};
  for (const key of Object.keys(data).sort()) {
    checkText(errors, entryPath(["data"], key), key, configKeyProblems);
  }
  if (type === "kubernetes.io/service-account-token") {
    const key = "kubernetes.io/service-account.name";
    const annotations = mapIn(mapIn(secret, "metadata"), "annotations");
    if (textIn(annotations, key) === "") {
      errors.required(entryPath(["metadata", "annotations"], key));
    }
  }
  if (type === "kubernetes.io/basic-auth") {
    const keys = ["username", "password"];
    if (keys.every((key) => data[key] === undefined)) {
      for (const key of keys) errors.required(entryPath(["data"], key));
    }
  }
  for (const key of SECRET_KEYS.get(type) ?? []) {
    if (data[key] === undefined) errors.required(entryPath(["data"], key));
  }
}

/** A Node: its taints, and what may not change. */
export function checkNode(errors: FieldErrors, node: Fields, old: Fields | null): void {
  const spec = mapIn(node, "spec");
  const before = mapIn(old, "spec");
  if (textsIn(before, "podCIDRs").length > 0) {
    if (!deepEqual(textsIn(before, "podCIDRs"), textsIn(spec, "podCIDRs"))) {
      errors.forbidden(
        ["spec", "podCIDRs"],
        'node updates may not change podCIDR except from "" to valid',
      );
    }
  }
  const provider = textIn(before, "providerID");
  if (provider !== "" && provider !== textIn(spec, "providerID")) {
    errors.forbidden(
      ["spec", "providerID"],
      'node updates may not change providerID except from "" to valid',
    );
  }
  checkTaints(errors, ["metadata", "taints"], mapsIn(spec, "taints"));
}

function checkTaints(errors: FieldErrors, path: FieldPath, taints: readonly Fields[]): void {
  const seen = new Set<string>();
  for (const [index, taint] of taints.entries()) {
    const at = [...path, index];
    const [key, value] = [textIn(taint, "key"), textIn(taint, "value")];
    const effect = textIn(taint, "effect");
    checkText(errors, [...at, "key"], key, labelKeyProblems);
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.invalid([...at, "value"], value, problems.join(";"));
    if (effect === "") errors.required([...at, "effect"]);
    else checkOneOf(errors, [...at, "effect"], effect, TAINT_EFFECTS);
    if (seen.has(`${key}:${effect}`)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: null };
      errors.duplicate(at, shown, "taints must be unique by key and effect pair");
    }
    seen.add(`${key}:${effect}`);
  }
}

/** A ResourceQuota. */
export function checkResourceQuota(errors: FieldErrors, quota: Fields): void {
  const hard = mapIn(mapIn(quota, "spec"), "hard") ?? {};
  for (const name of Object.keys(hard).sort()) {
    const path = entryPath(["spec", "hard"], name);
    if (!name.startsWith("count/")) checkResourceName(errors, path, name);
    checkAmount(errors, path, name, String(hard[name]));
  }
}

const LIMIT_TYPES = ["Container", "PersistentVolumeClaim", "Pod"];

/** A LimitRange. */
export function checkLimitRange(errors: FieldErrors, range: Fields): void {
  const seen = new Set<string>();
  for (const [index, limit] of mapsIn(mapIn(range, "spec"), "limits").entries()) {
    const at: FieldPath = ["spec", "limits", index];
    const type = textIn(limit, "type");
    checkText(errors, [...at, "type"], type, labelKeyProblems);
    if (type !== "" && !type.includes("/") && !LIMIT_TYPES.includes(type)) {
      const why = "must be a standard limit type or fully qualified";
      errors.invalid([...at, "type"], type, why);
    }
    if (seen.has(type)) errors.duplicate([...at, "type"], type);
    seen.add(type);
    if (type === "Pod") {
      for (const name of ["default", "defaultRequest"]) {
        if (mapIn(limit, name) === null) continue;
        errors.forbidden([...at, name], "may not be specified when `type` is 'Pod'");
      }
    }
    checkLimitOrder(errors, at, limit);
  }
}

/** min ≤ defaultRequest ≤ default ≤ max, of each resource. */
function checkLimitOrder(errors: FieldErrors, path: FieldPath, limit: Fields): void {
  const [min, max] = [mapIn(limit, "min") ?? {}, mapIn(limit, "max") ?? {}];
  const [request, limits] = [mapIn(limit, "defaultRequest") ?? {}, mapIn(limit, "default") ?? {}];
  const names = new Set([min, max, request, limits].flatMap((each) => Object.keys(each)));
  for (const name of [...names].sort()) {
    const exceeds = (low: Fields, high: Fields): [string, string] | null => {
      const [a, b] = [low[name], high[name]];
      if (a === undefined || b === undefined) return null;
      if (parseQuantity(String(a)) <= parseQuantity(String(b))) return null;
      return [canonicalQuantity(String(a)), canonicalQuantity(String(b))];
    };
    const report = (
      field: string,
      shown: 0 | 1,
      pair: [string, string] | null,
      low: string,
      high: string,
    ) => {
      if (pair === null) return;
      const why = `${low} value ${pair[0]} is greater than ${high} value ${pair[1]}`;
      errors.invalid(entryPath([...path, field], name), pair[shown], why);
    };
    report("min", 0, exceeds(min, max), "min", "max");
    report("defaultRequest", 1, exceeds(min, request), "min", "default request");
    report("defaultRequest", 0, exceeds(request, max), "default request", "max");
    report("defaultRequest", 0, exceeds(request, limits), "default request", "default limit");
    report("default", 0, exceeds(min, limits), "min", "default");
    report("default", 1, exceeds(limits, max), "default", "max");
  }
}

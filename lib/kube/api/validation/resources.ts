/**
 * Requests and limits: names of resources, amounts, and a request within its limit.
 *
 * Spec: Kubernetes API validation v1.36, core ResourceRequirements.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn } from "../fields.ts";
import { canonicalQuantity, parseQuantity } from "../quantity.ts";
import { checkText, entryPath } from "./checks.ts";
import { labelKeyProblems } from "./text-rules.ts";

const CONTAINER_RESOURCES = ["cpu", "memory", "ephemeral-storage"];
const POD_RESOURCES = ["cpu", "hugepages-", "memory"];
/** Names without a prefix that Kubernetes knows somewhere. */
const STANDARD_RESOURCES = [
  ...CONTAINER_RESOURCES,
  "storage",
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
  ...["requests", "limits"].flatMap((list) =>
    [...CONTAINER_RESOURCES, "storage"].map((name) => `${list}.${name}`),
  ),
];
/** Counted in whole numbers. */
const INTEGER_RESOURCES = ["pods", "services", "replicationcontrollers", "secrets", "configmaps"];

/** The resources of a container. */
export function checkResources(
  errors: FieldErrors,
  path: FieldPath,
  resources: Fields | null,
  claims: ReadonlySet<string>,
): void {
  checkAmounts(errors, path, resources, checkContainerResourceName);
  checkClaimNames(errors, [...path, "claims"], mapsIn(resources, "claims"), claims);
}

/** The resources of a Pod as a whole. */
export function checkPodResources(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  const resources = mapIn(spec, "resources");
  if (resources === null) return;
  if (mapsIn(resources, "claims").length > 0) {
    errors.forbidden([...path, "claims"], "claims cannot be set for Resources at pod-level");
  }
  checkAmounts(errors, path, resources, checkPodResourceName);
}

type NameCheck = (errors: FieldErrors, path: FieldPath, name: string) => void;

function checkAmounts(
  errors: FieldErrors,
  path: FieldPath,
  resources: Fields | null,
  checkName: NameCheck,
): void {
  const limits = mapIn(resources, "limits") ?? {};
  const requests = mapIn(resources, "requests") ?? {};
  for (const name of Object.keys(limits).sort()) {
    const at = entryPath([...path, "limits"], name);
    checkName(errors, at, name);
    checkAmount(errors, at, name, String(limits[name]));
  }
  for (const name of Object.keys(requests).sort()) {
    const at = entryPath([...path, "requests"], name);
    checkName(errors, at, name);
    checkAmount(errors, at, name, String(requests[name]));
    checkWithinLimit(errors, path, name, requests[name], limits[name]);
  }
}

function checkWithinLimit(
  errors: FieldErrors,
  path: FieldPath,
  name: string,
  request: unknown,
  limit: unknown,
): void {
  const isElastic = mayOvercommit(name);
  if (limit === undefined) {
    if (!isElastic) {
      errors.required([...path, "limits"], "Limit must be set for non overcommitable resources");
    }
    return;
  }
  const [wanted, most] = [parseQuantity(String(request)), parseQuantity(String(limit))];
  const at = [...path, "requests"];
  const shown = canonicalQuantity(String(request));
  const of = `${name} limit of ${canonicalQuantity(String(limit))}`;
  if (wanted !== most && !isElastic) errors.invalid(at, shown, `must be equal to ${of}`);
  else if (wanted > most) errors.invalid(at, shown, `must be less than or equal to ${of}`);
}

function mayOvercommit(name: string): boolean {
  return isNative(name) && !name.startsWith("hugepages-");
}

function isNative(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** An amount of a resource. */
export function checkAmount(
  errors: FieldErrors,
  path: FieldPath,
  name: string,
  quantity: string,
): void {
  const amount = parseQuantity(quantity);
  const shown = canonicalQuantity(quantity);
  if (amount < 0) errors.invalid(path, shown, "must be greater than or equal to 0");
  const isCounted = INTEGER_RESOURCES.includes(name) || !isNative(name);
  if (isCounted && !Number.isInteger(amount)) errors.invalid(path, shown, "must be an integer");
}

/** The name of a resource of whatever there is. */
export function checkResourceName(errors: FieldErrors, path: FieldPath, name: string): boolean {
  const before = errors.list.length;
  checkText(errors, path, name, labelKeyProblems);
  if (errors.list.length > before) return false;
  if (name.includes("/") || STANDARD_RESOURCES.includes(name)) return true;
  if (name.startsWith("hugepages-") || name.startsWith("requests.hugepages-")) return true;
  errors.invalid(path, name, "must be a standard resource type or fully qualified");
  return false;
}

function checkContainerResourceName(errors: FieldErrors, path: FieldPath, name: string): void {
  checkResourceName(errors, path, name);
  if (!name.includes("/")) {
    if (CONTAINER_RESOURCES.includes(name) || name.startsWith("hugepages-")) return;
    errors.invalid(path, name, "must be a standard resource for containers");
  } else if (!isNative(name) && name.startsWith("requests.")) {
    errors.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

function checkPodResourceName(errors: FieldErrors, path: FieldPath, name: string): void {
  if (!checkResourceName(errors, path, name)) return;
  if (POD_RESOURCES.includes(name) || name.startsWith("hugepages-")) return;
  errors.notSupported(path, name, POD_RESOURCES);
}

function checkClaimNames(
  errors: FieldErrors,
  path: FieldPath,
  uses: readonly Fields[],
  claims: ReadonlySet<string>,
): void {
  const names = new Set<string>();
  for (const [index, use] of uses.entries()) {
    const name = textIn(use, "name");
    if (name === "") {
      errors.required([...path, index]);
      continue;
    }
    if (names.has(name)) errors.duplicate([...path, index], name);
    names.add(name);
    if (claims.has(name)) continue;
    const known = claims.size === 0 ? " which is empty" : `: ${[...claims].sort().join(", ")}`;
    const detail = `must be one of the names in pod.spec.resourceClaims${known}`;
    errors.notFound([...path, index], name, detail);
  }
}

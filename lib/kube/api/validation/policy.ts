/**
 * What the API server checks of PodDisruptionBudgets, HorizontalPodAutoscalers, PriorityClasses and
 * of RBAC's roles and bindings, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, policy, autoscaling, scheduling, rbac.
 * Not modelled: the metrics of HorizontalPodAutoscalers beyond their type.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import {
  checkAtMostAll,
  checkIntOrPercent,
  checkOneOf,
  checkSelector,
  checkText,
  requireText,
  shownSelector,
} from "./checks.ts";
import { pathSegmentProblems, subdomainProblems } from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];
const RBAC = "rbac.authorization.k8s.io";

/** A PodDisruptionBudget. */
export function checkDisruptionBudget(errors: FieldErrors, budget: Fields): void {
  const spec = mapIn(budget, "spec") ?? {};
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const selector = mapIn(spec, "selector");
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector === null ? null : shownSelector(selector),
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: spec["unhealthyPodEvictionPolicy"] ?? null,
    };
    errors.invalid(SPEC, shown, "minAvailable and maxUnavailable cannot be both set");
  }
  for (const name of ["minAvailable", "maxUnavailable"]) {
    if (spec[name] === undefined) continue;
    checkIntOrPercent(errors, [...SPEC, name], spec[name]);
    checkAtMostAll(errors, [...SPEC, name], spec[name]);
  }
  checkSelector(errors, [...SPEC, "selector"], mapIn(spec, "selector"));
  const policies = ["AlwaysAllow", "IfHealthyBudget"];
  const policy = spec["unhealthyPodEvictionPolicy"];
  checkOneOf(errors, [...SPEC, "unhealthyPodEvictionPolicy"], policy, policies);
}

const METRIC_TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/** A HorizontalPodAutoscaler. */
export function checkAutoscaler(errors: FieldErrors, autoscaler: Fields): void {
  const spec = mapIn(autoscaler, "spec") ?? {};
  const least = numberIn(spec, "minReplicas", 1);
  const most = numberIn(spec, "maxReplicas");
  if (least < 1) {
    const why = "must be greater than or equal to 1";
    errors.invalid([...SPEC, "minReplicas"], least, why);
  }
  if (most < 1) errors.invalid([...SPEC, "maxReplicas"], most, "must be greater than 0");
  if (most < least) {
    const why = "must be greater than or equal to `minReplicas`";
    errors.invalid([...SPEC, "maxReplicas"], most, why);
  }
  const target = mapIn(spec, "scaleTargetRef");
  for (const name of ["kind", "name"]) {
    const path = [...SPEC, "scaleTargetRef", name];
    requireText(errors, path, textIn(target, name), pathSegmentProblems);
  }
  for (const [index, metric] of mapsIn(spec, "metrics").entries()) {
    const path = [...SPEC, "metrics", index, "type"];
    const type = textIn(metric, "type");
    if (type === "") errors.required(path, "must specify a metric source type");
    checkOneOf(errors, path, type, METRIC_TYPES);
  }
}

/** A PriorityClass. */
export function checkPriorityClass(
  errors: FieldErrors,
  priorityClass: Fields,
  old: Fields | null,
): void {
  const name = textIn(mapIn(priorityClass, "metadata"), "name");
  const value = numberIn(priorityClass, "value");
  if (name.startsWith("system-") && old === null && value < 2_000_000_000) {
    errors.forbidden(
      ["metadata", "name"],
      "priority class names with 'system-' prefix are reserved for system use only. error: only the following names are allowed as a system priority class: system-cluster-critical, system-node-critical",
    );
  } else if (value > 1_000_000_000 && !name.startsWith("system-")) {
    errors.forbidden(["value"], "maximum allowed value of a user defined priority is 1000000000");
  }
  if (old !== null && numberIn(old, "value") !== value) {
    errors.invalid(["value"], value, "field is immutable");
  }
  const policies = ["PreemptLowerPriority", "Never"];
  checkOneOf(errors, ["preemptionPolicy"], priorityClass["preemptionPolicy"], policies);
}

/** A Role or ClusterRole. */
export function checkRole(errors: FieldErrors, role: Fields): void {
  const isNamespaced = textIn(role, "kind") === "Role";
  for (const [index, rule] of mapsIn(role, "rules").entries()) {
    checkRule(errors, ["rules", index], rule, isNamespaced);
  }
}

function checkRule(
  errors: FieldErrors,
  path: FieldPath,
  rule: Fields,
  isNamespaced: boolean,
): void {
  const has = (name: string) => textsIn(rule, name).length > 0;
  if (!has("verbs")) {
    errors.required([...path, "verbs"], "verbs must contain at least one value");
  }
  const urls = textsIn(rule, "nonResourceURLs");
  const at = [...path, "nonResourceURLs"];
  if (urls.length > 0) {
    if (isNamespaced) {
      errors.invalid(at, urls, "namespaced rules cannot apply to non-resource URLs");
    }
    if (has("apiGroups") || has("resources") || has("resourceNames")) {
      const why = "rules cannot apply to both regular resources and non-resource URLs";
      errors.invalid(at, urls, why);
    }
    return;
  }
  if (!has("apiGroups")) {
    errors.required([...path, "apiGroups"], "resource rules must supply at least one api group");
  }
  if (!has("resources")) {
    errors.required([...path, "resources"], "resource rules must supply at least one resource");
  }
}

/** A RoleBinding or ClusterRoleBinding. */
export function checkRoleBinding(errors: FieldErrors, binding: Fields, old: Fields | null): void {
  const isNamespaced = textIn(binding, "kind") === "RoleBinding";
  const role = mapIn(binding, "roleRef");
  checkOneOf(errors, ["roleRef", "apiGroup"], textIn(role, "apiGroup"), [RBAC]);
  const kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  checkOneOf(errors, ["roleRef", "kind"], textIn(role, "kind"), kinds);
  requireText(errors, ["roleRef", "name"], textIn(role, "name"), pathSegmentProblems);
  for (const [index, subject] of mapsIn(binding, "subjects").entries()) {
    checkSubject(errors, ["subjects", index], subject, isNamespaced);
  }
  if (old !== null && !deepEqual(role, mapIn(old, "roleRef"))) {
    const { apiGroup, kind, name } = role ?? {};
    const shown = { APIGroup: apiGroup, Kind: kind, Name: name };
    errors.invalid(["roleRef"], shown, "cannot change roleRef");
  }
}

function checkSubject(
  errors: FieldErrors,
  path: FieldPath,
  subject: Fields,
  isNamespaced: boolean,
): void {
  const [kind, name] = [textIn(subject, "kind"), textIn(subject, "name")];
  const group = textIn(subject, "apiGroup");
  if (name === "") errors.required([...path, "name"]);
  if (kind === "ServiceAccount") {
    if (name !== "") checkText(errors, [...path, "name"], name, subdomainProblems);
    checkOneOf(errors, [...path, "apiGroup"], group, [""]);
    if (!isNamespaced && textIn(subject, "namespace") === "") {
      errors.required([...path, "namespace"]);
    }
  } else if (kind === "User" || kind === "Group") {
    if (name === "") {
      errors.invalid([...path, "name"], name, `${kind.toLowerCase()} name cannot be empty`);
    }
    checkOneOf(errors, [...path, "apiGroup"], group, [RBAC]);
  } else errors.notSupported([...path, "kind"], kind, ["ServiceAccount", "User", "Group"]);
}

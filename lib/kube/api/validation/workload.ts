/**
 * What the API server checks of Deployments, ReplicaSets, DaemonSets and ReplicationControllers, in
 * its words and order.
 *
 * Spec: Kubernetes API validation v1.36, apps.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn } from "../fields.ts";
import { matchesLabels, matchesSelector } from "../labels.ts";
import type { LabelSelector, StringMap } from "../types.ts";
import {
  checkAtMostAll,
  checkIntOrPercent,
  checkNonNegative,
  checkSelector,
  isZeroShare,
  shownMap,
  shownSelector,
} from "./checks.ts";
import { checkTemplate } from "./pod-spec.ts";

const SPEC: FieldPath = ["spec"];
const TEMPLATE: FieldPath = [...SPEC, "template"];
const SELECTOR: FieldPath = [...SPEC, "selector"];

/** A Deployment. */
export function checkDeployment(errors: FieldErrors, deployment: Fields, old: Fields | null): void {
  const spec = mapIn(deployment, "spec") ?? {};
  checkNonNegative(errors, [...SPEC, "replicas"], spec["replicas"]);
  const isUsable = checkOwnSelector(errors, spec, "deployment", "invalid label selector");
  if (isUsable) checkReplicatedTemplate(errors, spec, "ReplicaSet");
  checkStrategy(errors, spec);
  checkNonNegative(errors, [...SPEC, "minReadySeconds"], spec["minReadySeconds"]);
  checkNonNegative(errors, [...SPEC, "revisionHistoryLimit"], spec["revisionHistoryLimit"]);
  const deadline = spec["progressDeadlineSeconds"];
  const path = [...SPEC, "progressDeadlineSeconds"];
  checkNonNegative(errors, path, deadline);
  if (typeof deadline === "number" && deadline <= numberIn(spec, "minReadySeconds")) {
    errors.invalid(path, deadline, "must be greater than minReadySeconds");
  }
  checkFixedSelector(errors, spec, old);
}

/** A ReplicaSet. */
export function checkReplicaSet(errors: FieldErrors, replicaSet: Fields, old: Fields | null): void {
  const spec = mapIn(replicaSet, "spec") ?? {};
  checkNonNegative(errors, [...SPEC, "replicas"], spec["replicas"]);
  checkNonNegative(errors, [...SPEC, "minReadySeconds"], spec["minReadySeconds"]);
  const isUsable = checkOwnSelector(errors, spec, "deployment", "invalid label selector");
  if (isUsable) checkReplicatedTemplate(errors, spec, "ReplicaSet");
  checkFixedSelector(errors, spec, old);
}

/** A ReplicationController, whose selector is a map of labels. */
export function checkReplicationController(errors: FieldErrors, controller: Fields): void {
  const spec = mapIn(controller, "spec") ?? {};
  checkNonNegative(errors, [...SPEC, "minReadySeconds"], spec["minReadySeconds"]);
  const selector = mapIn(spec, "selector");
  const isEmpty = Object.keys(selector ?? {}).length === 0;
  if (isEmpty) errors.required(SELECTOR);
  checkNonNegative(errors, [...SPEC, "replicas"], spec["replicas"]);
  const template = mapIn(spec, "template");
  if (template === null) {
    errors.required(TEMPLATE);
    return;
  }
  const labels = mapIn(mapIn(template, "metadata"), "labels");
  if (!isEmpty && !matchesLabels(selector as StringMap, (labels ?? {}) as StringMap)) {
    reportMismatch(errors, labels);
  }
  checkTemplate(errors, TEMPLATE, template);
  checkRunsForever(errors, template, "ReplicationController");
}

/** A DaemonSet. */
export function checkDaemonSet(errors: FieldErrors, daemonSet: Fields, old: Fields | null): void {
  const spec = mapIn(daemonSet, "spec") ?? {};
  const selector = mapIn(spec, "selector");
  const isUsable = checkSelector(errors, SELECTOR, selector);
  const template = mapIn(spec, "template");
  const labels = mapIn(mapIn(template, "metadata"), "labels");
  if (isUsable && !selects(selector, labels)) reportMismatch(errors, labels);
  if (selector !== null && isEmptySelector(selector)) {
    errors.invalid(SELECTOR, shownSelector(selector), "empty selector is invalid for daemonset");
  }
  checkTemplate(errors, TEMPLATE, template);
  checkRunsForever(errors, template, "DaemonSet");
  checkNonNegative(errors, [...SPEC, "minReadySeconds"], spec["minReadySeconds"]);
  checkDaemonStrategy(errors, spec);
  checkNonNegative(errors, [...SPEC, "revisionHistoryLimit"], spec["revisionHistoryLimit"]);
  checkFixedSelector(errors, spec, old);
}

/**
 * The selector of a workload; says whether a template can be held against it. `unusable` is what
 * is said of one that cannot be read.
 */
export function checkOwnSelector(
  errors: FieldErrors,
  spec: Fields,
  kind: string,
  unusable: string,
): boolean {
  const selector = mapIn(spec, "selector");
  if (selector === null) {
    errors.required(SELECTOR);
    return true;
  }
  const isUsable = checkSelector(errors, SELECTOR, selector);
  if (isEmptySelector(selector)) {
    const why = `empty selector is invalid for ${kind}`;
    errors.invalid(SELECTOR, shownSelector(selector), why);
  }
  if (!isUsable) errors.invalid(SELECTOR, shownSelector(selector), unusable);
  return isUsable;
}

function isEmptySelector(selector: Fields): boolean {
  return (
    Object.keys(mapIn(selector, "matchLabels") ?? {}).length === 0 &&
    mapsIn(selector, "matchExpressions").length === 0
  );
}

function selects(selector: Fields | null, labels: Fields | null): boolean {
  return (
    selector !== null && matchesSelector(selector as LabelSelector, (labels ?? {}) as StringMap)
  );
}

/** Labels of the template that the selector does not fit; an absent selector fits none. */
export function checkSelected(errors: FieldErrors, spec: Fields): void {
  const selector = mapIn(spec, "selector");
  if (selector !== null && isEmptySelector(selector)) return;
  const labels = mapIn(mapIn(mapIn(spec, "template"), "metadata"), "labels");
  if (!selects(selector, labels)) reportMismatch(errors, labels);
}

function reportMismatch(errors: FieldErrors, labels: Fields | null): void {
  errors.invalid(
    [...TEMPLATE, "metadata", "labels"],
    shownMap(labels),
    "`selector` does not match template `labels`",
  );
}

function checkReplicatedTemplate(errors: FieldErrors, spec: Fields, kind: string): void {
  checkSelected(errors, spec);
  const template = mapIn(spec, "template");
  checkTemplate(errors, TEMPLATE, template);
  checkRunsForever(errors, template, kind);
}

/** Pods of a workload that does not end always restart. */
export function checkRunsForever(errors: FieldErrors, template: Fields | null, kind: string): void {
  const spec = mapIn(template, "spec");
  const policy = textIn(spec, "restartPolicy");
  if (policy !== "" && policy !== "Always") {
    errors.notSupported([...TEMPLATE, "spec", "restartPolicy"], policy, ["Always"]);
  }
  if (spec?.["activeDeadlineSeconds"] !== undefined) {
    errors.forbidden(
      [...TEMPLATE, "spec", "activeDeadlineSeconds"],
      `activeDeadlineSeconds in ${kind} is not Supported`,
    );
  }
}

function checkFixedSelector(errors: FieldErrors, spec: Fields, old: Fields | null): void {
  if (old === null) return;
  const [after, before] = [mapIn(spec, "selector"), mapIn(mapIn(old, "spec"), "selector")];
  if (deepEqual(after, before)) return;
  const shown = after === null ? undefined : shownSelector(after);
  errors.invalid(SELECTOR, shown, "field is immutable");
}

function checkStrategy(errors: FieldErrors, spec: Fields): void {
  const path: FieldPath = [...SPEC, "strategy"];
  const strategy = mapIn(spec, "strategy") ?? {};
  const rolling = mapIn(strategy, "rollingUpdate");
  const type = textIn(strategy, "type");
  if (type === "Recreate") {
    if (rolling === null) return;
    const why = "may not be specified when strategy `type` is 'Recreate'";
    errors.forbidden([...path, "rollingUpdate"], why);
  } else if (type !== "RollingUpdate") {
    // Of a strategy that nobody knows, what is not said is 0.
    const said = rolling === null ? null : { maxUnavailable: 0, maxSurge: 0, ...rolling };
    errors.notSupported(path, internalStrategy(type, said), ["Recreate", "RollingUpdate"]);
  } else {
    const at = [...path, "rollingUpdate"];
    const [unavailable, surge] = [rolling?.["maxUnavailable"], rolling?.["maxSurge"]];
    checkIntOrPercent(errors, [...at, "maxUnavailable"], unavailable);
    checkIntOrPercent(errors, [...at, "maxSurge"], surge);
    if (isZeroShare(unavailable) && isZeroShare(surge)) {
      const why = "may not be 0 when `maxSurge` is 0";
      errors.invalid([...at, "maxUnavailable"], unavailable, why);
    }
    checkAtMostAll(errors, [...at, "maxUnavailable"], unavailable);
  }
}

function checkDaemonStrategy(errors: FieldErrors, spec: Fields): void {
  const path: FieldPath = [...SPEC, "updateStrategy"];
  const strategy = mapIn(spec, "updateStrategy") ?? {};
  const rolling = mapIn(strategy, "rollingUpdate");
  const type = textIn(strategy, "type");
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") {
    const said = rolling === null ? null : { maxUnavailable: 0, maxSurge: 0, ...rolling };
    errors.notSupported(path, internalStrategy(type, said), ["RollingUpdate", "OnDelete"]);
    return;
  }
  const at = [...path, "rollingUpdate"];
  const fields = ["maxUnavailable", "maxSurge"] as const;
  for (const name of fields) checkIntOrPercent(errors, [...at, name], rolling?.[name]);
  for (const name of fields) checkAtMostAll(errors, [...at, name], rolling?.[name]);
  const surge = rolling?.["maxSurge"];
  const [hasUnavailable, hasSurge] = fields.map((name) => !isZeroShare(rolling?.[name]));
  if (hasUnavailable === true && hasSurge === true) {
    const why = "may not be set when maxUnavailable is non-zero";
    errors.invalid([...at, "maxSurge"], surge, why);
  } else if (hasUnavailable === false && hasSurge === false) {
    errors.required([...at, "maxUnavailable"], "cannot be 0 when maxSurge is 0");
  }
}

/** The API's internal record of a strategy, by the names of its fields in Go. */
export function internalStrategy(type: string, rolling: Fields | null): Fields {
  const named = Object.entries(rolling ?? {}).map(([name, value]) => [
    `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    value,
  ]);
  return { Type: type, RollingUpdate: rolling === null ? null : Object.fromEntries(named) };
}

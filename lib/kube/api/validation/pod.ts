/**
 * What the API server checks of Pods, and which of their fields may change.
 *
 * Spec: Kubernetes API validation v1.36, core Pod.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import { type FieldErrors, goEscaped } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn } from "../fields.ts";
import { internalPodSpec } from "../internal-records.ts";
import { staysRight } from "../known-templates.ts";
import { unifiedDiff } from "../unified-diff.ts";
import { checkPodAnnotations, checkPodSpec } from "./pod-spec.ts";

const SPEC: FieldPath = ["spec"];
const UNPADDED = "must not have leading or trailing whitespace";
const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
];

/**
 * A Pod; of an update only what may change may differ. `template` is the known spec that a new one
 * is made of.
 */
export function checkPod(
  errors: FieldErrors,
  pod: Fields,
  old: Fields | null,
  template: Fields | null = null,
): void {
  const spec = mapIn(pod, "spec") ?? {};
  const annotations = mapIn(mapIn(pod, "metadata"), "annotations");
  checkPodAnnotations(errors, ["metadata", "annotations"], annotations);
  if (template === null || !staysRight(template)) {
    checkPodSpec(errors, SPEC, spec, { isPod: true, addedVolumes: [] });
  }
  for (const list of ["containers", "initContainers"]) {
    for (const [index, container] of mapsIn(spec, list).entries()) {
      const image = textIn(container, "image");
      if (image === image.trim()) continue;
      errors.invalid([...SPEC, list, index, "image"], image, UNPADDED);
    }
  }
  if (old !== null) checkUpdate(errors, spec, mapIn(old, "spec") ?? {});
  else checkNew(errors, spec);
}

function checkNew(errors: FieldErrors, spec: Fields): void {
  if (mapsIn(spec, "ephemeralContainers").length > 0) {
    errors.forbidden([...SPEC, "ephemeralContainers"], "cannot be set on create");
  }
  if (textIn(spec, "nodeName") !== "" && mapsIn(spec, "schedulingGates").length > 0) {
    const why = "cannot be set until all schedulingGates have been cleared";
    errors.forbidden([...SPEC, "nodeName"], why);
  }
}

function checkUpdate(errors: FieldErrors, spec: Fields, old: Fields): void {
  for (const list of ["containers", "initContainers"]) {
    if (mapsIn(spec, list).length === mapsIn(old, list).length) continue;
    errors.forbidden([...SPEC, list], "pod updates may not add or remove containers");
    return;
  }
  if (!checkDeadline(errors, spec["activeDeadlineSeconds"], old["activeDeadlineSeconds"])) return;
  checkOnlyAdded(errors, mapsIn(spec, "tolerations"), mapsIn(old, "tolerations"));
  checkGatesOnlyGo(errors, mapsIn(spec, "schedulingGates"), mapsIn(old, "schedulingGates"));
  if (!deepEqual(fixedFields(spec), fixedFields(old))) {
    errors.forbidden(
      SPEC,
      `pod updates may not change fields other than ${CHANGEABLE.join(",")}\n${fieldDiff(old, spec)}`,
    );
  }
}

function checkDeadline(errors: FieldErrors, deadline: unknown, old: unknown): boolean {
  const path = [...SPEC, "activeDeadlineSeconds"];
  if (typeof deadline === "number" && typeof old === "number" && old < deadline) {
    errors.invalid(path, deadline, "must be less than or equal to previous value");
    return false;
  }
  if (deadline === undefined && old !== undefined) {
    errors.invalid(path, undefined, "must not update from a positive integer to nil value");
  }
  return true;
}

function checkOnlyAdded(
  errors: FieldErrors,
  tolerations: readonly Fields[],
  old: readonly Fields[],
): void {
  const withoutSeconds = ({ tolerationSeconds, ...rest }: Fields) => rest;
  const isKept = old.every((each) =>
    tolerations.some((next) => deepEqual(withoutSeconds(each), withoutSeconds(next))),
  );
  if (isKept) return;
  errors.forbidden(
    [...SPEC, "tolerations"],
    "existing toleration can not be modified except its tolerationSeconds",
  );
}

function checkGatesOnlyGo(
  errors: FieldErrors,
  gates: readonly Fields[],
  old: readonly Fields[],
): void {
  for (const [index, gate] of gates.entries()) {
    const name = textIn(gate, "name");
    if (old.some((each) => textIn(each, "name") === name)) continue;
    errors.forbidden(
      [...SPEC, "schedulingGates", index, "name"],
      `only deletion is allowed, but found new scheduling gate '${name}'`,
    );
  }
}

function fixedFields(spec: Fields): Fields {
  const fixed: Fields = { ...spec };
  for (const name of ["activeDeadlineSeconds", "tolerations", "nodeName", "schedulingGates"]) {
    delete fixed[name];
  }
  for (const list of ["containers", "initContainers"]) {
    fixed[list] = mapsIn(spec, list).map((container) => ({ ...container, image: "" }));
  }
  return fixed;
}

/** What differs between two specs, as records of the API server. */
function fieldDiff(old: Fields, spec: Fields): string {
  const changed: Fields = { ...spec };
  for (const name of ["activeDeadlineSeconds", "tolerations", "schedulingGates"]) {
    changed[name] = old[name];
  }
  for (const list of ["containers", "initContainers"]) {
    if (spec[list] === undefined) continue;
    changed[list] = mapsIn(spec, list).map((container, index) => ({
      ...container,
      image: mapsIn(old, list)[index]?.["image"],
    }));
  }
  return unifiedDiff(recordText(old), recordText(changed));
}

function recordText(spec: Fields): string {
  return goEscaped(JSON.stringify(internalPodSpec(spec), null, 1));
}

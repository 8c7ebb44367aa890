/**
 * What the API server checks of claims for volumes, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, core PersistentVolumeClaim.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, textIn, textsIn } from "../fields.ts";
import { canonicalQuantity, parseQuantity } from "../quantity.ts";
import { checkOneOf, checkSelector, checkText, entryPath } from "./checks.ts";
import { subdomainProblems } from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];
export const ACCESS_MODES: readonly string[] = [
  "ReadOnlyMany",
  "ReadWriteMany",
  "ReadWriteOnce",
  "ReadWriteOncePod",
];
export const VOLUME_MODES: readonly string[] = ["Block", "Filesystem"];

/** A claim. */
export function checkClaim(errors: FieldErrors, claim: Fields, old: Fields | null): void {
  const spec = mapIn(claim, "spec") ?? {};
  checkClaimSpec(errors, SPEC, spec);
  if (old === null) return;
  const before = mapIn(old, "spec") ?? {};
  const fixed = (fields: Fields): Fields => {
    const { volumeName, storageClassName, resources, ...rest } = fields;
    return {
      ...rest,
      // What nobody said is filled in once: by the class that is the default, and by the binder.
      ...(before["volumeName"] !== undefined && { volumeName }),
      ...(before["storageClassName"] !== undefined && { storageClassName }),
    };
  };
  if (!deepEqual(fixed(spec), fixed(before))) {
    errors.forbidden(
      SPEC,
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    );
  }
}

/** The spec of a claim, also of one that is made from a template. */
export function checkClaimSpec(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  checkAccessModes(errors, path, spec);
  checkSelector(errors, [...path, "selector"], mapIn(spec, "selector"));
  const wanted = mapIn(mapIn(spec, "resources"), "requests")?.["storage"];
  const at = entryPath([...path, "resources"], "storage");
  if (wanted === undefined) errors.required(at);
  else if (parseQuantity(String(wanted)) <= 0) {
    errors.invalid(at, canonicalQuantity(String(wanted)), "must be greater than zero");
  }
  const storageClass = textIn(spec, "storageClassName");
  if (storageClass !== "") {
    checkText(errors, [...path, "storageClassName"], storageClass, subdomainProblems);
  }
  checkOneOf(errors, [...path, "volumeMode"], spec["volumeMode"], VOLUME_MODES);
}

function checkAccessModes(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  const modes = textsIn(spec, "accessModes");
  const at = [...path, "accessModes"];
  if (modes.length === 0) errors.required(at, "at least 1 access mode is required");
  for (const mode of modes) checkOneOf(errors, at, mode, ACCESS_MODES);
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod")) {
    errors.forbidden(at, "may not use ReadWriteOncePod with other access modes");
  }
}

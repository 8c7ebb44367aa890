/**
 * metadata of any object: its name by the rule of its kind, labels, annotations, owners, finalizers.
 *
 * Spec: apimachinery api/validation ObjectMeta, v1.36.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "../fields.ts";
import { isBuiltIn } from "../resources.ts";
import { checkLabels, checkText } from "./checks.ts";
import {
  labelKeyProblems,
  labelProblems,
  pathSegmentProblems,
  subdomainProblems,
  type TextCheck,
} from "./text-rules.ts";

const METADATA: FieldPath = ["metadata"];
const NAME: FieldPath = [...METADATA, "name"];
const GENERATE_NAME: FieldPath = [...METADATA, "generateName"];
const LABELS: FieldPath = [...METADATA, "labels"];
const ANNOTATIONS: FieldPath = [...METADATA, "annotations"];
const OWNERS: FieldPath = [...METADATA, "ownerReferences"];
const FINALIZERS: FieldPath = [...METADATA, "finalizers"];
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Kinds whose names are not subdomains. A Service's name is a label since 1.36. */
const NAME_CHECKS: ReadonlyMap<string, TextCheck> = new Map([
  ["Service", labelProblems],
  ["Namespace", labelProblems],
  ["StatefulSet", labelProblems],
  ["CronJob", cronJobNameProblems],
  ["Role", pathSegmentProblems],
  ["RoleBinding", pathSegmentProblems],
  ["ClusterRole", pathSegmentProblems],
  ["ClusterRoleBinding", pathSegmentProblems],
  ["PodDisruptionBudget", pathSegmentProblems],
  ["Event", pathSegmentProblems],
]);

/** A CronJob's name leaves room for what its Jobs add. */
function cronJobNameProblems(text: string): string[] {
  const problems = subdomainProblems(text);
  if (text.length > 52) problems.push("must be no more than 52 characters");
  return problems;
}

/** metadata of a new object, or of one that has been changed. */
export function checkMetadata(errors: FieldErrors, object: Fields, old: Fields | null): void {
  const metadata = mapIn(object, "metadata");
  if (old === null) checkNames(errors, textIn(object, "kind"), metadata);
  else checkNoNewFinalizers(errors, metadata, mapIn(old, "metadata"));
  checkLabels(errors, LABELS, mapIn(metadata, "labels"));
  checkAnnotations(errors, ANNOTATIONS, mapIn(metadata, "annotations"));
  checkOwners(errors, OWNERS, mapsIn(metadata, "ownerReferences"));
  const isOwn = isBuiltIn(textIn(object, "kind"));
  checkFinalizers(errors, FINALIZERS, textsIn(metadata, "finalizers"), isOwn);
}

function checkNames(errors: FieldErrors, kind: string, metadata: Fields | null): void {
  const check = NAME_CHECKS.get(kind) ?? subdomainProblems;
  const prefix = textIn(metadata, "generateName");
  if (prefix !== "") {
    const masked = prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix;
    errors.invalidFor(GENERATE_NAME, prefix, check(masked));
  }
  const name = textIn(metadata, "name");
  if (name === "") errors.required(NAME, "name or generateName is required");
  else checkText(errors, NAME, name, check);
}

/** Annotations: keys as those of labels, in any case; all together at most 256 KiB. */
export function checkAnnotations(
  errors: FieldErrors,
  path: FieldPath,
  annotations: Fields | null,
): void {
  if (annotations === null) return;
  let bytes = 0;
  for (const key of Object.keys(annotations).sort()) {
    errors.invalidFor(path, key, labelKeyProblems(key.toLowerCase()));
    bytes += key.length + String(annotations[key]).length;
  }
  if (bytes > MAX_ANNOTATION_BYTES) errors.tooLong(path, MAX_ANNOTATION_BYTES);
}

function checkOwners(errors: FieldErrors, path: FieldPath, owners: readonly Fields[]): void {
  let controller = "";
  for (const owner of owners) {
    if (textIn(owner, "apiVersion") === "") {
      errors.invalid([...path, "apiVersion"], "", "version must not be empty");
    }
    for (const field of ["kind", "name", "uid"]) {
      if (textIn(owner, field) === "") errors.invalid([...path, field], "", "must not be empty");
    }
    if (owner["controller"] !== true) continue;
    const present = `${textIn(owner, "kind")}/${textIn(owner, "name")}`;
    if (controller !== "") {
      errors.invalid(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${present}`,
      );
    } else controller = present;
  }
}

const STANDARD_FINALIZERS = ["kubernetes", "orphan", "foregroundDeletion"];

function checkFinalizers(
  errors: FieldErrors,
  path: FieldPath,
  finalizers: readonly string[],
  isKubernetesOwn: boolean,
): void {
  if (finalizers.length === 0) return;
  for (const finalizer of finalizers) checkText(errors, path, finalizer, labelKeyProblems);
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  }
  // Custom resources may have names of any form.
  if (!isKubernetesOwn) return;
  for (const [index, finalizer] of finalizers.entries()) {
    if (finalizer.includes("/") || STANDARD_FINALIZERS.includes(finalizer)) continue;
    errors.invalid(
      [...path, index],
      finalizer,
      "name is neither a standard finalizer name nor is it fully qualified",
    );
  }
}

function checkNoNewFinalizers(
  errors: FieldErrors,
  metadata: Fields | null,
  old: Fields | null,
): void {
  if (textIn(old, "deletionTimestamp") === "") return;
  const before = textsIn(old, "finalizers");
  const added = textsIn(metadata, "finalizers")
    .filter((each) => !before.includes(each))
    .sort();
  if (added.length === 0) return;
  const list = added.map((each) => `"${each}"`).join(", ");
  errors.forbidden(
    FINALIZERS,
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
  );
}

/**
 * What the API server checks of PersistentVolumes and StorageClasses, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, core PersistentVolume, storage StorageClass.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, textIn, textsIn } from "../fields.ts";
import { canonicalQuantity, parseQuantity } from "../quantity.ts";
import { checkOneOf, checkText, entryPath, requireOneOf, requireText } from "./checks.ts";
import { ACCESS_MODES, VOLUME_MODES } from "./claim.ts";
import { checkNodeSelector } from "./scheduling.ts";
import { labelKeyProblems, subdomainProblems } from "./text-rules.ts";
import { checkHostPath, checkNfs } from "./volume.ts";

const SPEC: FieldPath = ["spec"];
const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];
const VOLUME_SOURCES = [
  "hostPath",
  "nfs",
  "iscsi",
  "fc",
  "local",
  "csi",
  "azureFile",
  "flexVolume",
];

/** A volume. */
export function checkVolume(errors: FieldErrors, volume: Fields): void {
  const spec = mapIn(volume, "spec") ?? {};
  const modes = textsIn(spec, "accessModes");
  const modesPath = [...SPEC, "accessModes"];
  if (modes.length === 0) errors.required(modesPath);
  for (const mode of modes) checkOneOf(errors, modesPath, mode, ACCESS_MODES);
  checkCapacity(errors, mapIn(spec, "capacity") ?? {});
  const policy = spec["persistentVolumeReclaimPolicy"];
  checkOneOf(errors, [...SPEC, "persistentVolumeReclaimPolicy"], policy, RECLAIM_POLICIES);
  const affinity = mapIn(spec, "nodeAffinity");
  const required = mapIn(affinity, "required");
  const affinityPath = [...SPEC, "nodeAffinity"];
  if (affinity !== null && required === null) {
    errors.required([...affinityPath, "required"], "must specify required node constraints");
  } else if (required !== null) {
    checkNodeSelector(errors, [...affinityPath, "required"], required);
  }
  checkVolumeSource(errors, spec, affinity !== null);
  const storageClass = textIn(spec, "storageClassName");
  if (storageClass !== "") {
    checkText(errors, [...SPEC, "storageClassName"], storageClass, subdomainProblems);
  }
  checkOneOf(errors, [...SPEC, "volumeMode"], spec["volumeMode"], VOLUME_MODES);
}

function checkCapacity(errors: FieldErrors, capacity: Fields): void {
  const path = [...SPEC, "capacity"];
  const names = Object.keys(capacity);
  if (names.length === 0) errors.required(path);
  if (capacity["storage"] === undefined || names.length > 1) {
    errors.notSupported(path, capacity, ["storage"]);
  }
  for (const name of names.sort()) {
    const amount = String(capacity[name]);
    if (parseQuantity(amount) > 0) continue;
    errors.invalid(entryPath(path, name), canonicalQuantity(amount), "must be greater than zero");
  }
}

function checkVolumeSource(errors: FieldErrors, spec: Fields, hasAffinity: boolean): void {
  const present = VOLUME_SOURCES.filter((name) => mapIn(spec, name) !== null);
  for (const [index, name] of present.entries()) {
    const at = [...SPEC, name];
    const source = mapIn(spec, name) ?? {};
    if (index > 0) errors.forbidden(at, "may not specify more than 1 volume type");
    else if (name === "hostPath") checkHostPath(errors, at, source);
    else if (name === "nfs") checkNfs(errors, at, source);
    else if (name === "local") {
      requireText(errors, [...at, "path"], textIn(source, "path"));
      if (!hasAffinity) {
        errors.required([...SPEC, "nodeAffinity"], "Local volume requires node affinity");
      }
    } else if (name === "csi") {
      requireText(errors, [...at, "driver"], textIn(source, "driver"));
      requireText(errors, [...at, "volumeHandle"], textIn(source, "volumeHandle"));
    }
  }
  if (present.length === 0) errors.required(SPEC, "must specify a volume type");
}

/** A StorageClass. */
export function checkStorageClass(
  errors: FieldErrors,
  storageClass: Fields,
  old: Fields | null,
): void {
  const provisioner = textIn(storageClass, "provisioner");
  requireText(errors, ["provisioner"], provisioner, (text) => labelKeyProblems(text.toLowerCase()));
  checkOneOf(errors, ["reclaimPolicy"], storageClass["reclaimPolicy"], RECLAIM_POLICIES);
  const modes = ["Immediate", "WaitForFirstConsumer"];
  requireOneOf(errors, ["volumeBindingMode"], textIn(storageClass, "volumeBindingMode"), modes);
  if (old === null) return;
  if (!deepEqual(storageClass["parameters"], old["parameters"])) {
    errors.forbidden(["parameters"], "updates to parameters are forbidden.");
  }
  if (provisioner !== old["provisioner"]) {
    errors.forbidden(["provisioner"], "updates to provisioner are forbidden.");
  }
  if (storageClass["reclaimPolicy"] !== old["reclaimPolicy"]) {
    errors.forbidden(["reclaimPolicy"], "updates to reclaimPolicy are forbidden.");
  }
}

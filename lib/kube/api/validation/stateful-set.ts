/**
 * What the API server checks of StatefulSets, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, apps StatefulSet.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, textIn } from "../fields.ts";
import { checkNonNegative, checkOneOf, checkText } from "./checks.ts";
import { checkClaimSpec } from "./claim.ts";
import { checkTemplate } from "./pod-spec.ts";
import { labelProblems } from "./text-rules.ts";
import { checkOwnSelector, checkRunsForever, checkSelected, internalStrategy } from "./workload.ts";

const SPEC: FieldPath = ["spec"];
const MUTABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

/** A StatefulSet. */
export function checkStatefulSet(
  errors: FieldErrors,
  statefulSet: Fields,
  old: Fields | null,
): void {
  const spec = mapIn(statefulSet, "spec") ?? {};
  const management = textIn(spec, "podManagementPolicy");
  if (management !== "OrderedReady" && management !== "Parallel") {
    const why = "must be 'OrderedReady' or 'Parallel'";
    errors.invalid([...SPEC, "podManagementPolicy"], management, why);
  }
  checkStrategy(errors, [...SPEC, "updateStrategy"], mapIn(spec, "updateStrategy") ?? {});
  const retention = mapIn(spec, "persistentVolumeClaimRetentionPolicy");
  for (const name of ["whenDeleted", "whenScaled"]) {
    const path = [...SPEC, "persistentVolumeClaimRetentionPolicy", name];
    checkOneOf(errors, path, retention?.[name], ["Retain", "Delete"]);
  }
  checkNonNegative(errors, [...SPEC, "replicas"], spec["replicas"]);
  checkNonNegative(errors, [...SPEC, "minReadySeconds"], spec["minReadySeconds"]);
  const start = mapIn(spec, "ordinals")?.["start"];
  checkNonNegative(errors, [...SPEC, "ordinals.start"], start);
  const service = textIn(spec, "serviceName");
  if (service !== "" && old === null) {
    checkText(errors, [...SPEC, "serviceName"], service, labelProblems);
  }
  const claims = mapsIn(spec, "volumeClaimTemplates");
  const template = mapIn(spec, "template");
  if (checkOwnSelector(errors, spec, "statefulset", "")) {
    checkSelected(errors, spec);
    const names = claims.map((claim) => textIn(mapIn(claim, "metadata"), "name"));
    checkTemplate(errors, [...SPEC, "template"], template, names);
  }
  checkRunsForever(errors, template, "StatefulSet");
  for (const [index, claim] of old === null ? claims.entries() : []) {
    const path = [...SPEC, "volumeClaimTemplates", index, "spec"];
    checkClaimSpec(errors, path, mapIn(claim, "spec") ?? {});
  }
  if (old !== null) checkFixed(errors, spec, mapIn(old, "spec") ?? {});
}

function checkStrategy(errors: FieldErrors, path: FieldPath, strategy: Fields): void {
  const type = textIn(strategy, "type");
  const rolling = mapIn(strategy, "rollingUpdate");
  const at = [...path, "rollingUpdate"];
  if (type === "OnDelete") {
    if (rolling === null) return;
    const { RollingUpdate: shown } = internalStrategy(type, rolling);
    errors.invalid(at, shown, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type !== "RollingUpdate") {
    const shown = internalStrategy(type, rolling);
    errors.invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'");
  } else if (rolling !== null) {
    checkNonNegative(errors, [...at, "partition"], rolling["partition"]);
  }
}

function checkFixed(errors: FieldErrors, spec: Fields, old: Fields): void {
  const fixed = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !MUTABLE.includes(name)));
  if (deepEqual(fixed(spec), fixed(old))) return;
  const names = MUTABLE.map((name) => `'${name}'`);
  errors.forbidden(
    SPEC,
    `updates to statefulset spec for fields other than ${names.slice(0, -1).join(", ")} and ${names.at(-1)} are forbidden`,
  );
}

/**
 * Descriptions of PersistentVolumeClaims and StorageClasses.
 *
 * Spec: kubectl pkg/describe (printPersistentVolumeClaim, describeStorageClass), v1.36.
 */
import type { ApiServer } from "../../api/server.ts";
import type { ApiObject } from "../../api/types.ts";
import { fieldAt, listAt, textsAt } from "../../field-at.ts";
import { accessModes } from "../batch-columns.ts";
import { agesOf } from "../view.ts";
import { annotationRows, mapRows, type Row } from "./rows.ts";

/** A PersistentVolumeClaim, and the Pods that use it. */
export function claimRows(server: ApiServer, claim: ApiObject): Row[] {
  const {
    name,
    namespace,
    labels,
    annotations,
    finalizers = [],
    deletionTimestamp,
  } = claim.metadata;
  const spec = (field: string) => fieldAt(claim, "spec", field);
  const status = (field: string) => fieldAt(claim, "status", field);
  const isBound = spec("volumeName") !== undefined && spec("volumeName") !== "";
  const mode = spec("volumeMode");
  const users = server.store
    .list("Pod")
    .filter((pod) => pod.metadata.namespace === namespace && uses(pod, name))
    .map((pod) => pod.metadata.name);
  return [
    ["Name:", name],
    ["Namespace:", namespace ?? ""],
    ["StorageClass:", String(spec("storageClassName") ?? "")],
    [
      "Status:",
      deletionTimestamp === undefined
        ? String(status("phase") ?? "")
        : `Terminating (lasts ${agesOf(server)(deletionTimestamp)})`,
    ],
    ["Volume:", String(spec("volumeName") ?? "")],
    ...mapRows("Labels:", labels, "="),
    ...annotationRows("Annotations:", annotations),
    ["Finalizers:", `[${finalizers.join(" ")}]`],
    ["Capacity:", isBound ? (textsAt(claim, "status", "capacity")["storage"] ?? "0") : ""],
    ["Access Modes:", isBound ? accessModes(status("accessModes")) : ""],
    ...(mode === undefined ? [] : ([["VolumeMode:", String(mode)]] as Row[])),
    ...listRows("Used By:", users),
  ];
}

function uses(pod: ApiObject, claim: string): boolean {
  return listAt(pod, "spec", "volumes").some(
    (volume) => fieldAt(volume, "persistentVolumeClaim", "claimName") === claim,
  );
}

function listRows(title: string, names: readonly string[]): Row[] {
  if (names.length === 0) return [[title, "<none>"]];
  return names.map((name, index): Row => [index === 0 ? title : "", name]);
}

/** A StorageClass. */
export function storageClassRows(object: ApiObject): Row[] {
  const field = (name: string) => fieldAt(object, name);
  const { annotations = {} } = object.metadata;
  const isDefault = annotations["storageclass.kubernetes.io/is-default-class"] === "true";
  const expands = field("allowVolumeExpansion");
  const options = (field("mountOptions") ?? []) as readonly string[];
  const optional = (title: string, value: unknown): Row[] =>
    value === undefined ? [] : [[title, String(value)]];
  return [
    ["Name:", object.metadata.name],
    ["IsDefaultClass:", isDefault ? "Yes" : "No"],
    ["Annotations:", inLine(annotations)],
    ["Provisioner:", String(field("provisioner"))],
    ["Parameters:", inLine(textsAt(object, "parameters"))],
    [
      "AllowVolumeExpansion:",
      expands === undefined ? "<unset>" : expands === true ? "True" : "False",
    ],
    ...(options.length === 0
      ? [["MountOptions:", "<none>"]]
      : ["MountOptions:", ...options.map((option) => `  ${option}`)]),
    ...optional("ReclaimPolicy:", field("reclaimPolicy")),
    ...optional("VolumeBindingMode:", field("volumeBindingMode")),
  ];
}

/** `a=b,c=d`. */
function inLine(map: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return "<none>";
  return pairs.map(([name, value]) => `${name}=${value}`).join(",");
}

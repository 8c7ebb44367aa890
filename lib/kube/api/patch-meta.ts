/**
 * Which lists a strategic merge patch merges, and by which key; of which maps a patch says all
 * fields that stay.
 *
 * Spec: patchMergeKey and patchStrategy of the API types, v1.36.
 */

/** How patches change fields of one kind of object. */
export interface PatchMeta {
  /** The key that tells the items of a list of maps apart; null: the list is replaced. */
  mergeKey(field: string): string | null;
  /** Whether a list of plain values is merged. */
  mergesValues(field: string): boolean;
  /** Whether a changed map, or item of a list, loses the fields that the patch does not name. */
  retainsKeys(field: string): boolean;
}

const COMMON: readonly (readonly [field: string, key: string])[] = [
  ["conditions", "type"],
  ["ownerReferences", "uid"],
];
const POD: readonly (readonly [field: string, key: string])[] = [
  ...COMMON,
  ["containers", "name"],
  ["env", "name"],
  ["ephemeralContainers", "name"],
  ["hostAliases", "ip"],
  ["imagePullSecrets", "name"],
  ["initContainers", "name"],
  ["podIPs", "ip"],
  ["ports", "containerPort"],
  ["resourceClaims", "name"],
  ["schedulingGates", "name"],
  ["topologySpreadConstraints", "topologyKey"],
  ["volumeDevices", "devicePath"],
  ["volumeMounts", "mountPath"],
  ["volumes", "name"],
];
const WEBHOOKS = new Map([...COMMON, ["webhooks", "name"]]);
const PLAIN: ReadonlyMap<string, string> = new Map(COMMON);
const KEYS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ...[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
  ].map((kind): [string, ReadonlyMap<string, string>] => [kind, new Map(POD)]),
  ["Service", new Map([...COMMON, ["ports", "port"]])],
  ["ServiceAccount", new Map([...COMMON, ["secrets", "name"], ["imagePullSecrets", "name"]])],
  ["Node", new Map([...COMMON, ["addresses", "type"]])],
  ["MutatingWebhookConfiguration", WEBHOOKS],
  ["ValidatingWebhookConfiguration", WEBHOOKS],
]);

/** How patches change objects of a kind. */
export function patchMetaOf(kind: string): PatchMeta {
  const keys = KEYS.get(kind) ?? PLAIN;
  return {
    mergeKey: (field) => keys.get(field) ?? null,
    mergesValues: (field) => field === "finalizers",
    retainsKeys: (field) =>
      field === "volumes" ? keys.has(field) : field === "strategy" && kind === "Deployment",
  };
}

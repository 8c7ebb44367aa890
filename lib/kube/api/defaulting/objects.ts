/**
 * What objects of other kinds have when nothing else is said.
 *
 * Spec: Kubernetes API v1.36, core, storage, autoscaling, policy, rbac, scheduling.
 */
import { ensureMap, type Fields, mapIn, mapsIn, setDefault, textIn, textsIn } from "../fields.ts";

/** Fills in a Namespace. */
export function defaultNamespace(namespace: Fields): void {
  const metadata = ensureMap(namespace, "metadata");
  const labels = ensureMap(metadata, "labels");
  setDefault(labels, "kubernetes.io/metadata.name", textIn(metadata, "name"));
  if (textsIn(mapIn(namespace, "spec"), "finalizers").length === 0) {
    ensureMap(namespace, "spec")["finalizers"] = ["kubernetes"];
  }
  setDefault(ensureMap(namespace, "status"), "phase", "Active");
}

/** Fills in a Secret; texts become bytes. */
export function defaultSecret(secret: Fields): void {
  setDefault(secret, "type", "Opaque");
  const texts = mapIn(secret, "stringData");
  if (texts === null) return;
  const data = ensureMap(secret, "data");
  for (const [key, text] of Object.entries(texts)) {
    data[key] = Buffer.from(String(text)).toString("base64");
  }
  secret["data"] = sorted(data);
  delete secret["stringData"];
}

function sorted(map: Fields): Fields {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Fills in the spec of a claim. */
export function defaultClaimSpec(spec: Fields): void {
  setDefault(spec, "volumeMode", "Filesystem");
}

/** Fills in a claim. */
export function defaultClaim(claim: Fields): void {
  defaultClaimSpec(ensureMap(claim, "spec"));
  setDefault(ensureMap(claim, "status"), "phase", "Pending");
}

/** Fills in a volume. */
export function defaultVolume(volume: Fields): void {
  const spec = ensureMap(volume, "spec");
  setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  setDefault(spec, "volumeMode", "Filesystem");
  const hostPath = mapIn(spec, "hostPath");
  if (hostPath !== null && hostPath["type"] === undefined) hostPath["type"] = "";
  setDefault(ensureMap(volume, "status"), "phase", "Pending");
}

/** Fills in a StorageClass. */
export function defaultStorageClass(storageClass: Fields): void {
  setDefault(storageClass, "reclaimPolicy", "Delete");
  setDefault(storageClass, "volumeBindingMode", "Immediate");
}

/** Fills in a HorizontalPodAutoscaler: without metrics it looks at CPU. */
export function defaultAutoscaler(autoscaler: Fields): void {
  const spec = ensureMap(autoscaler, "spec");
  if (spec["minReplicas"] === undefined) spec["minReplicas"] = 1;
  const percent = spec["targetCPUUtilizationPercentage"];
  if (percent !== undefined || mapsIn(spec, "metrics").length === 0) {
    const target = { averageUtilization: percent ?? 80, type: "Utilization" };
    spec["metrics"] = [{ resource: { name: "cpu", target }, type: "Resource" }];
    delete spec["targetCPUUtilizationPercentage"];
  }
  autoscaler["apiVersion"] = "autoscaling/v2";
  const status = ensureMap(autoscaler, "status");
  if (status["currentMetrics"] === undefined) status["currentMetrics"] = null;
  if (status["desiredReplicas"] === undefined) status["desiredReplicas"] = 0;
}

/** Fills in a RoleBinding or ClusterRoleBinding. */
export function defaultRoleBinding(binding: Fields): void {
  const group = "rbac.authorization.k8s.io";
  const role = mapIn(binding, "roleRef");
  if (role !== null) setDefault(role, "apiGroup", group);
  for (const subject of mapsIn(binding, "subjects")) {
    if (subject["kind"] === "User" || subject["kind"] === "Group") {
      setDefault(subject, "apiGroup", group);
    }
  }
}

/** Fills in a PriorityClass. */
export function defaultPriorityClass(priorityClass: Fields): void {
  setDefault(priorityClass, "preemptionPolicy", "PreemptLowerPriority");
}

/** Fills in a LimitRange: what a container's limit is, its request is too. */
export function defaultLimitRange(range: Fields): void {
  for (const limit of mapsIn(mapIn(range, "spec"), "limits")) {
    if (limit["type"] !== "Container") continue;
    const limits = { ...mapIn(limit, "max"), ...mapIn(limit, "default") };
    const requests = { ...mapIn(limit, "min"), ...limits, ...mapIn(limit, "defaultRequest") };
    if (Object.keys(limits).length > 0) limit["default"] = limits;
    if (Object.keys(requests).length > 0) limit["defaultRequest"] = requests;
  }
}

/** Kinds whose status is there from the start, empty. */
export function defaultStatus(object: Fields): void {
  ensureMap(object, "status");
}

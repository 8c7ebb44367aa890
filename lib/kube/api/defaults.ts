/**
 * The values that the API server fills in when an object comes without them, per kind. Works on a
 * copy that the server owns.
 *
 * Spec: Kubernetes API v1.36, "default" of each field; service-account and toleration admission.
 */
import {
  ensureMap,
  type Fields,
  mapIn,
  mapsIn,
  numberIn,
  setDefault,
  textIn,
  textsIn,
} from "./fields.ts";

/** Fills in what `object` of its kind does not say. */
export function setDefaults(object: Fields): void {
  DEFAULTERS.get(textIn(object, "kind"))?.(object);
}

const DEFAULTERS: ReadonlyMap<string, (object: Fields) => void> = new Map([
  ["Service", defaultService],
  ["Pod", (object: Fields) => defaultPodSpec(ensureMap(object, "spec"), true)],
  ["Deployment", defaultDeployment],
  ["ReplicaSet", defaultReplicaSet],
  ["StatefulSet", defaultStatefulSet],
  ["DaemonSet", defaultDaemonSet],
  ["Job", defaultJob],
  ["EndpointSlice", defaultEndpointSlice],
  ["Endpoints", defaultEndpoints],
  ["Namespace", defaultNamespace],
  ["Ingress", defaultIngress],
]);

function defaultService(service: Fields): void {
  const spec = ensureMap(service, "spec");
  setDefault(spec, "type", "ClusterIP");
  setDefault(spec, "sessionAffinity", "None");
  if (spec["sessionAffinity"] === "ClientIP") {
    setDefault(
      ensureMap(ensureMap(spec, "sessionAffinityConfig"), "clientIP"),
      "timeoutSeconds",
      10800,
    );
  } else delete spec["sessionAffinityConfig"];
  const type = textIn(spec, "type");
  for (const port of mapsIn(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    if (port["targetPort"] === undefined || port["targetPort"] === 0 || port["targetPort"] === "") {
      port["targetPort"] = port["port"];
    }
  }
  if (type !== "ExternalName") setDefault(spec, "internalTrafficPolicy", "Cluster");
  if (isReachableFromOutside(type)) setDefault(spec, "externalTrafficPolicy", "Cluster");
  if (type === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] === undefined) {
    spec["allocateLoadBalancerNodePorts"] = true;
  }
  for (const ingress of mapsIn(mapIn(mapIn(service, "status"), "loadBalancer"), "ingress")) {
    if (ingress["ip"] !== undefined) setDefault(ingress, "ipMode", "VIP");
  }
  ensureMap(ensureMap(service, "status"), "loadBalancer");
}

/** Whether a Service of this type has node ports. */
export function isReachableFromOutside(type: string): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function defaultWorkload(object: Fields): Fields {
  const spec = ensureMap(object, "spec");
  const template = ensureMap(spec, "template");
  ensureMap(template, "metadata");
  const podSpec = mapIn(template, "spec");
  if (podSpec !== null) defaultPodSpec(podSpec, false);
  return spec;
}

function defaultDeployment(deployment: Fields): void {
  const spec = defaultWorkload(deployment);
  setDefault(spec, "replicas", 1);
  setDefault(spec, "revisionHistoryLimit", 10);
  setDefault(spec, "progressDeadlineSeconds", 600);
  const strategy = ensureMap(spec, "strategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = ensureMap(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", "25%");
    setDefault(rollingUpdate, "maxSurge", "25%");
  }
}

function defaultReplicaSet(replicaSet: Fields): void {
  setDefault(defaultWorkload(replicaSet), "replicas", 1);
}

function defaultStatefulSet(statefulSet: Fields): void {
  const spec = defaultWorkload(statefulSet);
  setDefault(spec, "replicas", 1);
  setDefault(spec, "podManagementPolicy", "OrderedReady");
  setDefault(spec, "revisionHistoryLimit", 10);
  const strategy = ensureMap(spec, "updateStrategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    setDefault(ensureMap(strategy, "rollingUpdate"), "partition", 0);
  }
  const retention = ensureMap(spec, "persistentVolumeClaimRetentionPolicy");
  setDefault(retention, "whenDeleted", "Retain");
  setDefault(retention, "whenScaled", "Retain");
}

function defaultDaemonSet(daemonSet: Fields): void {
  const spec = defaultWorkload(daemonSet);
  setDefault(spec, "revisionHistoryLimit", 10);
  const strategy = ensureMap(spec, "updateStrategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] === "RollingUpdate") {
    const rollingUpdate = ensureMap(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", 1);
    setDefault(rollingUpdate, "maxSurge", 0);
  }
}

function defaultJob(job: Fields): void {
  const spec = defaultWorkload(job);
  // With neither number given it is one Pod that has to succeed.
  if (spec["parallelism"] === undefined) setDefault(spec, "completions", 1);
  setDefault(spec, "parallelism", 1);
  setDefault(spec, "backoffLimit", 6);
  setDefault(spec, "completionMode", "NonIndexed");
  setDefault(spec, "podReplacementPolicy", "TerminatingOrFailed");
  if (spec["suspend"] === undefined) spec["suspend"] = false;
  const own = mapIn(job, "metadata");
  const labels = ensureMap(ensureMap(ensureMap(spec, "template"), "metadata"), "labels");
  for (const prefix of ["", "batch.kubernetes.io/"]) {
    setDefault(labels, `${prefix}job-name`, textIn(own, "name"));
    if (own?.["uid"] !== undefined) setDefault(labels, `${prefix}controller-uid`, own["uid"]);
  }
  if (spec["selector"] === undefined && own?.["uid"] !== undefined) {
    spec["selector"] = { matchLabels: { "batch.kubernetes.io/controller-uid": own["uid"] } };
  }
  ensureMap(job, "status");
}

/** A Pod's own spec has more defaults than that of a template. */
function defaultPodSpec(spec: Fields, isPod: boolean): void {
  if (isPod) setDefault(spec, "enableServiceLinks", true);
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "schedulerName", "default-scheduler");
  ensureMap(spec, "securityContext");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  if (spec["serviceAccountName"] !== undefined)
    setDefault(spec, "serviceAccount", spec["serviceAccountName"]);
  for (const list of ["initContainers", "containers"]) {
    for (const container of mapsIn(spec, list))
      defaultContainer(container, spec["hostNetwork"] === true);
  }
  for (const volume of mapsIn(spec, "volumes")) defaultVolume(volume);
}

function defaultContainer(container: Fields, hostNetwork: boolean): void {
  if (container["imagePullPolicy"] === undefined) {
    container["imagePullPolicy"] = hasLatestTag(textIn(container, "image"))
      ? "Always"
      : "IfNotPresent";
  }
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  const resources = ensureMap(container, "resources");
  const limits = mapIn(resources, "limits");
  if (limits !== null) {
    const requests = ensureMap(resources, "requests");
    for (const [name, limit] of Object.entries(limits)) setDefault(requests, name, limit);
  }
  for (const port of mapsIn(container, "ports")) {
    setDefault(port, "protocol", "TCP");
    if (hostNetwork) setDefault(port, "hostPort", port["containerPort"]);
  }
  for (const env of mapsIn(container, "env")) {
    const source = mapIn(mapIn(env, "valueFrom"), "fieldRef");
    if (source !== null) setDefault(source, "apiVersion", "v1");
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = mapIn(container, name);
    if (probe !== null) defaultProbe(probe);
  }
  for (const name of ["postStart", "preStop"]) {
    const action = mapIn(mapIn(mapIn(container, "lifecycle"), name), "httpGet");
    if (action !== null) defaultHttpGet(action);
  }
}

function hasLatestTag(image: string): boolean {
  if (image.includes("@")) return false;
  const last = image.slice(image.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon === -1 || last.slice(colon + 1) === "latest";
}

function defaultProbe(probe: Fields): void {
  const http = mapIn(probe, "httpGet");
  if (http !== null) defaultHttpGet(http);
  const grpc = mapIn(probe, "grpc");
  if (grpc !== null && grpc["service"] === undefined) grpc["service"] = "";
  setDefault(probe, "timeoutSeconds", 1);
  setDefault(probe, "periodSeconds", 10);
  setDefault(probe, "successThreshold", 1);
  setDefault(probe, "failureThreshold", 3);
}

function defaultHttpGet(action: Fields): void {
  setDefault(action, "path", "/");
  setDefault(action, "scheme", "HTTP");
}

function defaultVolume(volume: Fields): void {
  for (const source of ["configMap", "secret", "projected", "downwardAPI"]) {
    const fields = mapIn(volume, source);
    if (fields !== null && fields["defaultMode"] === undefined) fields["defaultMode"] = 0o644;
  }
  const hostPath = mapIn(volume, "hostPath");
  if (hostPath !== null && hostPath["type"] === undefined) hostPath["type"] = "";
  const hasSource = Object.keys(volume).some((name) => name !== "name");
  if (!hasSource) volume["emptyDir"] = {};
}

function defaultEndpointSlice(slice: Fields): void {
  if (slice["endpoints"] === undefined) slice["endpoints"] = null;
  if (slice["ports"] === undefined) slice["ports"] = null;
  for (const port of mapsIn(slice, "ports")) {
    if (port["name"] === undefined) port["name"] = "";
    setDefault(port, "protocol", "TCP");
  }
  for (const endpoint of mapsIn(slice, "endpoints")) ensureMap(endpoint, "conditions");
}

function defaultEndpoints(endpoints: Fields): void {
  for (const subset of mapsIn(endpoints, "subsets")) {
    for (const port of mapsIn(subset, "ports")) setDefault(port, "protocol", "TCP");
  }
}

function defaultNamespace(namespace: Fields): void {
  const labels = ensureMap(ensureMap(namespace, "metadata"), "labels");
  setDefault(labels, "kubernetes.io/metadata.name", textIn(mapIn(namespace, "metadata"), "name"));
  if (textsIn(mapIn(namespace, "spec"), "finalizers").length === 0) {
    ensureMap(namespace, "spec")["finalizers"] = ["kubernetes"];
  }
  setDefault(ensureMap(namespace, "status"), "phase", "Active");
}

function defaultIngress(ingress: Fields): void {
  ensureMap(ensureMap(ingress, "status"), "loadBalancer");
}

/** What admission adds to a new Pod: account, token volume, priority, tolerations, status. */
export function admitPod(pod: Fields, tokenSuffix: string): void {
  const spec = ensureMap(pod, "spec");
  setDefault(spec, "serviceAccountName", "default");
  setDefault(spec, "serviceAccount", spec["serviceAccountName"]);
  setDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
  if (spec["priority"] === undefined)
    spec["priority"] = priorityOf(textIn(spec, "priorityClassName"));
  if (spec["automountServiceAccountToken"] !== false)
    mountToken(spec, `kube-api-access-${tokenSuffix}`);
  const tolerations = mapsIn(spec, "tolerations");
  for (const condition of ["not-ready", "unreachable"]) {
    const key = `node.kubernetes.io/${condition}`;
    if (tolerations.some((toleration) => toleratesKey(toleration, key))) continue;
    tolerations.push({ effect: "NoExecute", key, operator: "Exists", tolerationSeconds: 300 });
  }
  spec["tolerations"] = tolerations;
  pod["status"] = { phase: "Pending", qosClass: qosClass(spec) };
}

function toleratesKey(toleration: Fields, key: string): boolean {
  const own = textIn(toleration, "key");
  const effect = textIn(toleration, "effect");
  return (own === key || own === "") && (effect === "NoExecute" || effect === "");
}

function priorityOf(priorityClass: string): number {
  if (priorityClass === "system-node-critical") return 2_000_001_000;
  return priorityClass === "system-cluster-critical" ? 2_000_000_000 : 0;
}

function mountToken(spec: Fields, name: string): void {
  const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
  let mounted = false;
  for (const list of ["initContainers", "containers"]) {
    for (const container of mapsIn(spec, list)) {
      const mounts = mapsIn(container, "volumeMounts");
      if (mounts.some((mount) => mount["mountPath"] === mountPath)) continue;
      container["volumeMounts"] = [...mounts, { mountPath, name, readOnly: true }];
      mounted = true;
    }
  }
  if (!mounted) return;
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt" } },
    {
      downwardAPI: {
        items: [
          { fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" },
        ],
      },
    },
  ];
  spec["volumes"] = [
    ...mapsIn(spec, "volumes"),
    { name, projected: { defaultMode: 420, sources } },
  ];
}

/** The Pod's class of service, from what its containers ask for in CPU and memory. */
function qosClass(spec: Fields): string {
  const containers = [...mapsIn(spec, "containers"), ...mapsIn(spec, "initContainers")];
  let anything = false;
  let guaranteed = true;
  for (const container of containers) {
    const resources = mapIn(container, "resources");
    for (const name of ["cpu", "memory"]) {
      const request = mapIn(resources, "requests")?.[name];
      const limit = mapIn(resources, "limits")?.[name];
      if (request !== undefined || limit !== undefined) anything = true;
      if (limit === undefined || request !== limit) guaranteed = false;
    }
  }
  if (!anything) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

/** A DaemonSet counts versions of its template in an annotation. */
export function setTemplateGeneration(daemonSet: Fields, generation: number): void {
  const annotations = ensureMap(ensureMap(daemonSet, "metadata"), "annotations");
  annotations["deprecated.daemonset.template.generation"] = String(generation);
}

/** The number in that annotation. */
export function templateGeneration(daemonSet: Fields): number {
  const annotations = mapIn(mapIn(daemonSet, "metadata"), "annotations");
  return (
    Number(textIn(annotations, "deprecated.daemonset.template.generation")) ||
    numberIn(mapIn(daemonSet, "metadata"), "generation", 1)
  );
}

/**
 * What workloads have when nothing else is said.
 *
 * Spec: Kubernetes API v1.36, apps and batch.
 */
import { ensureMap, type Fields, mapIn, mapsIn, setDefault, textIn } from "../fields.ts";
import { defaultClaimSpec } from "./objects.ts";
import { defaultTemplate } from "./pod.ts";

function specWithTemplate(object: Fields): Fields {
  const spec = ensureMap(object, "spec");
  defaultTemplate(spec);
  return spec;
}

/** A number that may be said to be 0. */
function setNumber(parent: Fields, name: string, value: unknown): void {
  if (parent[name] === undefined || parent[name] === null) parent[name] = value;
}

/** The update strategy of a workload, with what a rolling one has. */
function defaultStrategy(spec: Fields, name: string, rolling: Fields): void {
  const strategy = ensureMap(spec, name);
  setDefault(strategy, "type", "RollingUpdate");
  if (strategy["type"] !== "RollingUpdate") return;
  const present = ensureMap(strategy, "rollingUpdate");
  for (const [field, value] of Object.entries(rolling)) setNumber(present, field, value);
}

/** Fills in a Deployment. */
export function defaultDeployment(deployment: Fields): void {
  const spec = specWithTemplate(deployment);
  setNumber(spec, "replicas", 1);
  defaultStrategy(spec, "strategy", { maxUnavailable: "25%", maxSurge: "25%" });
  setNumber(spec, "revisionHistoryLimit", 10);
  setNumber(spec, "progressDeadlineSeconds", 600);
}

/** Fills in a ReplicaSet. */
export function defaultReplicaSet(replicaSet: Fields): void {
  setNumber(specWithTemplate(replicaSet), "replicas", 1);
}

/** Fills in a ReplicationController, which takes its selector and labels from its template. */
export function defaultReplicationController(controller: Fields): void {
  const spec = specWithTemplate(controller);
  const labels = mapIn(mapIn(mapIn(spec, "template"), "metadata"), "labels");
  if (labels !== null) {
    if (mapIn(spec, "selector") === null) spec["selector"] = { ...labels };
    const metadata = ensureMap(controller, "metadata");
    if (mapIn(metadata, "labels") === null) metadata["labels"] = { ...labels };
  }
  setNumber(spec, "replicas", 1);
}

/** Fills in a StatefulSet; what needs a feature gate that is off by default goes. */
export function defaultStatefulSet(statefulSet: Fields): void {
  const spec = specWithTemplate(statefulSet);
  setDefault(spec, "podManagementPolicy", "OrderedReady");
  defaultStrategy(spec, "updateStrategy", { partition: 0 });
  // MaxUnavailableStatefulSet.
  const rolling = mapIn(mapIn(spec, "updateStrategy"), "rollingUpdate");
  if (rolling !== null) delete rolling["maxUnavailable"];
  const retention = ensureMap(spec, "persistentVolumeClaimRetentionPolicy");
  setDefault(retention, "whenDeleted", "Retain");
  setDefault(retention, "whenScaled", "Retain");
  setNumber(spec, "replicas", 1);
  setNumber(spec, "revisionHistoryLimit", 10);
  for (const claim of mapsIn(spec, "volumeClaimTemplates")) {
    claim["apiVersion"] = "v1";
    claim["kind"] = "PersistentVolumeClaim";
    defaultClaimSpec(ensureMap(claim, "spec"));
    setDefault(ensureMap(claim, "status"), "phase", "Pending");
  }
}

/** Fills in a DaemonSet. */
export function defaultDaemonSet(daemonSet: Fields): void {
  const spec = specWithTemplate(daemonSet);
  defaultStrategy(spec, "updateStrategy", { maxUnavailable: 1, maxSurge: 0 });
  setNumber(spec, "revisionHistoryLimit", 10);
}

/** Fills in a Job. */
export function defaultJob(job: Fields): void {
  const spec = ensureMap(job, "spec");
  defaultJobSpec(spec);
  const metadata = mapIn(job, "metadata");
  generateSelector(spec, textIn(metadata, "name"), metadata?.["uid"]);
  ensureMap(job, "status");
}

function defaultJobSpec(spec: Fields): void {
  defaultTemplate(spec);
  // With neither number given it is one Pod that has to succeed.
  if (spec["completions"] === undefined && spec["parallelism"] === undefined) {
    spec["completions"] = 1;
  }
  setNumber(spec, "parallelism", 1);
  setNumber(spec, "backoffLimit", spec["backoffLimitPerIndex"] === undefined ? 6 : 2 ** 31 - 1);
  setDefault(spec, "completionMode", "NonIndexed");
  const hasFailurePolicy = mapIn(spec, "podFailurePolicy") !== null;
  setDefault(spec, "podReplacementPolicy", hasFailurePolicy ? "Failed" : "TerminatingOrFailed");
  if (spec["suspend"] === undefined) spec["suspend"] = false;
}

/** A Job's selector is its uid, unless it is said to choose its own. */
function generateSelector(spec: Fields, name: string, uid: unknown): void {
  if (spec["manualSelector"] === true || uid === undefined) return;
  const labels = ensureMap(ensureMap(ensureMap(spec, "template"), "metadata"), "labels");
  for (const prefix of ["", "batch.kubernetes.io/"]) {
    setDefault(labels, `${prefix}controller-uid`, uid);
    setDefault(labels, `${prefix}job-name`, name);
  }
  spec["selector"] ??= { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
}

/** Fills in a CronJob. */
export function defaultCronJob(cronJob: Fields): void {
  const spec = ensureMap(cronJob, "spec");
  setDefault(spec, "concurrencyPolicy", "Allow");
  if (spec["suspend"] === undefined) spec["suspend"] = false;
  setNumber(spec, "successfulJobsHistoryLimit", 3);
  setNumber(spec, "failedJobsHistoryLimit", 1);
  const template = ensureMap(spec, "jobTemplate");
  ensureMap(template, "metadata");
  const job = ensureMap(template, "spec");
  // What is filled in of a Job when it is made is not filled in here.
  defaultTemplate(job);
  ensureMap(cronJob, "status");
}

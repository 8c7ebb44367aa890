/**
 * `kubectl describe`: an object with what belongs to it, and the Events about it.
 *
 * Spec: kubectl pkg/describe, v1.36.
 * Not modelled: descriptions of their own for volumes, network policies, autoscalers and roles;
 * their fields are shown as those of custom resources are.
 */
import type { ApiServer } from "../api/server.ts";
import type {
  ApiObject,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Node,
  Pod,
  ReplicaSet,
  Service,
  StatefulSet,
} from "../api/types.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { cronJobRows, jobRows } from "./describe/batch.ts";
import { configMapRows, secretRows, serviceAccountRows } from "./describe/config.ts";
import { deploymentRows } from "./describe/deployment.ts";
import { eventRows } from "./describe/events.ts";
import { ingressClassRows, ingressRows } from "./describe/ingress.ts";
import { limitRangeRows, namespaceRows, quotaRows } from "./describe/namespace.ts";
import { nodeRows } from "./describe/node.ts";
import { podRows } from "./describe/pod.ts";
import { budgetRows, priorityClassRows } from "./describe/policy.ts";
import { layOut, type Row } from "./describe/rows.ts";
import { endpointsRows, serviceRows, sliceRows } from "./describe/service.ts";
import { claimRows, storageClassRows } from "./describe/storage.ts";
import { unstructuredRows } from "./describe/unstructured.ts";
import {
  daemonSetRows,
  replicaSetRows,
  replicationControllerRows,
  statefulSetRows,
} from "./describe/workloads.ts";
import { Failures } from "./failures.ts";
import type { Output } from "./output.ts";
import { findIn, objectsOf, type Selection, selections } from "./select.ts";

/** Writes the descriptions of what the arguments name. */
export function describe(server: ApiServer, args: Arguments, output: Output): void {
  if (args.words.length === 0) {
    throw new UsageError(
      'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  }
  const failures = new Failures();
  const chosen = selections(server, args.words);
  let objects = chosen.flatMap((selection) => findIn(server, selection, args, failures));
  if (!failures.isEmpty && args.words.length === 2) {
    objects = beginningWith(server, chosen, args);
    if (objects.length > 0) failures.clear();
  }
  if (objects.length === 0 && failures.isEmpty) {
    output.warn(`No resources found in ${args.namespace} namespace.`);
    return;
  }
  output.write(objects.map((object) => describeOne(server, object)).join("\n\n"));
  failures.print(output);
}

/** `TYPE NAME-PREFIX`: the objects whose names begin so, where none has the name. */
function beginningWith(
  server: ApiServer,
  chosen: readonly Selection[],
  args: Arguments,
): ApiObject[] {
  const prefix = args.words[1] ?? "";
  return chosen.flatMap(({ resource }) =>
    objectsOf(server, { resource, names: [] }, args).filter(({ metadata }) =>
      metadata.name.startsWith(prefix),
    ),
  );
}

/** How the kinds are described; Events follow, but for those in `WITHOUT_EVENTS`. */
const DESCRIBERS: ReadonlyMap<string, (server: ApiServer, object: ApiObject) => Row[]> = new Map([
  ["ConfigMap", (_server, object) => configMapRows(object)],
  ["CronJob", (_server, object) => cronJobRows(object)],
  ["DaemonSet", (server, object) => daemonSetRows(server, object as DaemonSet)],
  ["Deployment", (server, object) => deploymentRows(server, object as Deployment)],
  ["EndpointSlice", (_server, object) => sliceRows(object as EndpointSlice)],
  ["Endpoints", (_server, object) => endpointsRows(object as Endpoints)],
  ["Ingress", ingressRows],
  ["IngressClass", (_server, object) => ingressClassRows(object)],
  ["Job", (_server, object) => jobRows(object)],
  ["LimitRange", (_server, object) => limitRangeRows(object)],
  ["Namespace", namespaceRows],
  ["Node", (server, object) => nodeRows(server, object as Node)],
  ["PersistentVolumeClaim", claimRows],
  ["Pod", (server, object) => podRows(server, object as Pod)],
  ["PodDisruptionBudget", (_server, object) => budgetRows(object)],
  ["PriorityClass", (_server, object) => priorityClassRows(object)],
  ["ReplicationController", replicationControllerRows],
  ["ReplicaSet", (server, object) => replicaSetRows(server, object as ReplicaSet)],
  ["ResourceQuota", (_server, object) => quotaRows(object)],
  ["Secret", (_server, object) => secretRows(object)],
  ["Service", (server, object) => serviceRows(server, object as Service)],
  ["ServiceAccount", (_server, object) => serviceAccountRows(object)],
  ["StatefulSet", (server, object) => statefulSetRows(server, object as StatefulSet)],
  ["StorageClass", (_server, object) => storageClassRows(object)],
]);

const WITHOUT_EVENTS = new Set(["LimitRange", "Namespace", "ResourceQuota", "Secret"]);

function describeOne(server: ApiServer, object: ApiObject): string {
  const rows = DESCRIBERS.get(object.kind)?.(server, object) ?? unstructuredRows(object);
  return layOut(WITHOUT_EVENTS.has(object.kind) ? rows : [...rows, ...eventRows(server, object)]);
}

/**
 * Descriptions of ReplicaSets, ReplicationControllers, StatefulSets and DaemonSets.
 *
 * Spec: kubectl pkg/describe (describeReplicaSet, describeStatefulSet, describeDaemonSet), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import type { ApiServer } from "../../api/server.ts";
import type {
  ApiObject,
  DaemonSet,
  JsonMap,
  ReplicaSet,
  StatefulSet,
  StringMap,
} from "../../api/types.ts";
import { controllerOf } from "../../informer.ts";
import { conditionLines, head, longTime, mapRows, type Row } from "./rows.ts";
import { templateLines } from "./template.ts";

/** A ReplicationController, which selects by labels alone. */
export function replicationControllerRows(server: ApiServer, controller: ApiObject): Row[] {
  const { selector, ...spec } = controller.spec as { readonly selector?: StringMap };
  const set = { ...controller, spec: { ...spec, selector: { matchLabels: selector } } };
  return replicaSetRows(server, set as unknown as ReplicaSet);
}

/** A ReplicaSet. */
export function replicaSetRows(server: ApiServer, set: ReplicaSet): Row[] {
  const { spec, status } = set;
  const owner = controllerOf(set);
  const [names, maps] = headParts(set);
  return [
    ...names,
    ["Selector:", formatSelector(spec.selector)],
    ...maps,
    ...(owner === null ? [] : ([["Controlled By:", `${owner.kind}/${owner.name}`]] as Row[])),
    ["Replicas:", `${status.replicas} current / ${spec.replicas} desired`],
    ["Pods Status:", podCounts(server, set)],
    "Pod Template:",
    ...templateLines(spec.template),
    ...conditionLines(status.conditions ?? [], true),
  ];
}

/** A StatefulSet. */
export function statefulSetRows(server: ApiServer, set: StatefulSet): Row[] {
  const { spec, status, metadata } = set;
  const [names, maps] = headParts(set);
  const partition = spec.updateStrategy.rollingUpdate?.partition;
  return [
    ...names,
    ["CreationTimestamp:", longTime(metadata.creationTimestamp)],
    ["Selector:", formatSelector(spec.selector)],
    ...maps,
    ["Replicas:", `${spec.replicas} desired | ${status.replicas} total`],
    ["Update Strategy:", spec.updateStrategy.type],
    ...(partition === undefined ? [] : ([["  Partition:", String(partition)]] as Row[])),
    ["Pods Status:", podCounts(server, set)],
    "Pod Template:",
    ...templateLines(spec.template),
    ...claimRows(set),
  ];
}

/** A DaemonSet. */
export function daemonSetRows(server: ApiServer, set: DaemonSet): Row[] {
  const { spec, status } = set;
  const [names, maps] = headParts(set);
  return [
    ...names,
    ["Selector:", formatSelector(spec.selector)],
    ["Node-Selector:", formatSelector({ matchLabels: spec.template.spec.nodeSelector })],
    ...maps,
    `Desired Number of Nodes Scheduled: ${status.desiredNumberScheduled}`,
    `Current Number of Nodes Scheduled: ${status.currentNumberScheduled}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${status.updatedNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Available Pods: ${status.numberAvailable ?? 0}`,
    `Number of Nodes Misscheduled: ${status.numberMisscheduled}`,
    ["Pods Status:", podCounts(server, set)],
    "Pod Template:",
    ...templateLines(spec.template),
  ];
}

/** Name and namespace, then labels and annotations. */
function headParts(object: ApiObject): [Row[], Row[]] {
  const rows = head(object);
  const names = object.metadata.namespace === undefined ? 1 : 2;
  return [rows.slice(0, names), rows.slice(names)];
}

function podCounts(server: ApiServer, owner: ApiObject): string {
  const phases = server.store
    .list("Pod")
    .filter((pod) => controllerOf(pod)?.uid === owner.metadata.uid)
    .map(({ status }) => status.phase);
  const count = (phase: string) => phases.filter((each) => each === phase).length;
  return `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`;
}

function claimRows({ spec }: StatefulSet): Row[] {
  const claims = (spec.volumeClaimTemplates ?? []) as readonly ApiObject[];
  if (claims.length === 0) return [["Volume Claims:", "<none>"]];
  return ["Volume Claims:", ...claims.flatMap(claimLines)];
}

function claimLines({ metadata, spec }: ApiObject): Row[] {
  const fields = spec as JsonMap;
  const requests = (fields["resources"] as JsonMap | undefined)?.["requests"] as
    | JsonMap
    | undefined;
  const modes = (fields["accessModes"] ?? []) as readonly string[];
  return [
    ["  Name:", metadata.name],
    ["  StorageClass:", String(fields["storageClassName"] ?? "")],
    ...mapRows("  Labels:", metadata.labels, "="),
    ...mapRows("  Annotations:", metadata.annotations, ": "),
    ["  Capacity:", String(requests?.["storage"] ?? "<default>")],
    ["  Access Modes:", `[${modes.join(" ")}]`],
  ];
}

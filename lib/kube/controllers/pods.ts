/**
 * What controllers ask of Pods, and how they make them from a template.
 *
 * Spec: kubernetes pkg/api/v1/pod and pkg/controller/controller_utils.go, v1.36.
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { parseTime } from "../api/time.ts";
import type {
  ApiObject,
  Condition,
  IntOrPercent,
  NewObject,
  Node,
  OwnerReference,
  Pod,
  PodTemplate,
} from "../api/types.ts";

/** The condition of a ReplicaSet, and of its Deployment, whose Pods cannot be made. */
export const REPLICA_FAILURE = "ReplicaFailure";

/** The condition of a type, or null. */
export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | null {
  return conditions?.find((condition) => condition.type === type) ?? null;
}

/** Whether the Pod says it is ready. */
export function isReady(pod: Pod): boolean {
  return conditionOf(pod.status.conditions, "Ready")?.status === "True";
}

/** Whether the node's kubelet says it is ready. */
export function isNodeReady(node: Node): boolean {
  return conditionOf(node.status.conditions, "Ready")?.status === "True";
}

/**
 * How many ns until the Pod has been ready for `minReadySeconds`: 0 or less if it has; null if it
 * is not ready. `nowNs` is the wall clock in ns since 1970.
 */
export function availableIn(
  pod: Pod,
  minReadySeconds: number,
  epochSeconds: number,
  now: Ns,
): Ns | null {
  const ready = conditionOf(pod.status.conditions, "Ready");
  if (ready === null || ready.status !== "True") return null;
  if (minReadySeconds === 0) return 0;
  const since = parseTime(ready.lastTransitionTime ?? "") - epochSeconds;
  return (since + minReadySeconds) * NS_PER_S - now;
}

/** Whether all containers have ended for good. */
export function isTerminal(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}

/** Whether a controller counts the Pod among those it has. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Whether the Pod is on its way out but not at its end. */
export function isTerminating(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/** The reference by which `owner` controls what it makes. */
export function controllerReference(owner: ApiObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** A new Pod of a template. */
export function podFromTemplate(owner: ApiObject, template: PodTemplate): NewObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels: template.metadata?.labels,
      annotations: template.metadata?.annotations,
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  };
}

/** A number of replicas from a number or a share of `total`. */
export function resolveIntOrPercent(
  value: IntOrPercent | undefined,
  total: number,
  roundUp: boolean,
): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const share = (Number.parseInt(value, 10) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}

/** Oldest first; of one second by name. */
export function byAge(a: ApiObject, b: ApiObject): number {
  const [first, second] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (first !== second) return first < second ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

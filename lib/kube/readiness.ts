/**
 * Which workloads are not yet as their specs want them, and why: what `kubectl rollout status` and
 * `kubectl wait` would wait for.
 *
 * Spec: Kubernetes, "Deployments", "Pod Lifecycle" (conditions), kubectl cmd/rollout.
 */
import type {
  DaemonSet,
  Deployment,
  Pod,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "./api/types.ts";
import { isReady } from "./controllers/pods.ts";
import { controllerOf } from "./informer.ts";
import { keyOf, type Store } from "./store.ts";

/** A workload that is not ready. */
export interface Unready {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `1 of 3 Pods are ready`, `ImagePullBackOff`. */
  readonly why: string;
}

/**
 * Whether all workloads are ready, or can never be, asked again and again: mostly the one is not
 * that was not.
 */
export class Readiness {
  readonly #store: Store;
  /** As it was when it was not ready; it is not as long as nobody has written it. */
  #late: Workload | Pod | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether all workloads are ready now. O(workloads) at worst. */
  isComplete(): boolean {
    const late = this.#late;
    if (late !== null && this.#store.get(late.kind, keyOf(late)) === late) return false;
    this.#late = firstUnready(this.#store);
    return this.#late === null;
  }
}

function firstUnready(store: Store): Workload | Pod | null {
  for (const one of store.values("Deployment")) if (deploymentLacks(one) !== null) return one;
  for (const one of store.values("StatefulSet")) if (statefulSetLacks(one) !== null) return one;
  for (const one of store.values("DaemonSet")) if (daemonSetLacks(one) !== null) return one;
  for (const one of store.values("ReplicaSet")) {
    if (controllerOf(one) === null && replicaSetLacks(one) !== null) return one;
  }
  for (const one of store.values("ReplicationController")) {
    if (replicaSetLacks(one) !== null) return one;
  }
  for (const pod of store.values("Pod")) {
    // One that has failed for good is not waited for.
    if (controllerOf(pod) === null && !podIsDone(pod) && !hasFailed(pod)) return pod;
  }
  return null;
}

/** Pods of nobody that have failed and are not started again. */
export function failedPods(store: Store): Pod[] {
  return store.list("Pod").filter((pod) => controllerOf(pod) === null && hasFailed(pod));
}

function hasFailed({ status }: Pod): boolean {
  return status.phase === "Failed";
}

/** All workloads that are not ready, by kind and name. */
export function unreadyWorkloads(store: Store): Unready[] {
  return [
    ...store.list("Deployment").flatMap((one) => of(store, one, deploymentLacks(one))),
    ...store.list("StatefulSet").flatMap((one) => of(store, one, statefulSetLacks(one))),
    ...store.list("DaemonSet").flatMap((one) => of(store, one, daemonSetLacks(one))),
    ...store
      .list("ReplicaSet")
      .filter((one) => controllerOf(one) === null)
      .flatMap((one) => of(store, one, replicaSetLacks(one))),
    ...store.list("ReplicationController").flatMap((one) => of(store, one, replicaSetLacks(one))),
    ...store
      .list("Pod")
      .filter((one) => controllerOf(one) === null)
      .flatMap((pod) => (podIsDone(pod) ? [] : [unready(pod, podLacks(pod))])),
  ];
}

/** Ready, or at its good end. */
function podIsDone(pod: Pod): boolean {
  return isReady(pod) || pod.status.phase === "Succeeded";
}

type Workload = Deployment | StatefulSet | DaemonSet | ReplicaSet | ReplicationController;

function of(store: Store, workload: Workload, lacks: string | null): Unready[] {
  if (lacks === null) return [];
  const reasons = store
    .list("Pod")
    .filter((pod) => isOwnedBy(store, pod, workload.metadata.uid) && !podIsDone(pod))
    .map(podLacks);
  const [reason] = reasons;
  return [unready(workload, reason === undefined ? lacks : `${lacks}: ${reason}`)];
}

function isOwnedBy(store: Store, pod: Pod, uid: string): boolean {
  const owner = controllerOf(pod);
  if (owner === null || owner.uid === uid) return owner !== null;
  if (owner.kind !== "ReplicaSet") return false;
  const set = store.get("ReplicaSet", `${pod.metadata.namespace}/${owner.name}`);
  return set !== null && controllerOf(set)?.uid === uid;
}

function unready({ kind, metadata }: Pod | Workload, why: string): Unready {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name, why };
}

function deploymentLacks({ metadata, spec, status }: Deployment): string | null {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "not yet observed";
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  if (updatedReplicas < spec.replicas) return count(updatedReplicas, spec.replicas, "up to date");
  if (replicas > updatedReplicas) return `${replicas - updatedReplicas} old Pods are left`;
  return availableReplicas < spec.replicas
    ? count(availableReplicas, spec.replicas, "available")
    : null;
}

function statefulSetLacks({ metadata, spec, status }: StatefulSet): string | null {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "not yet observed";
  const { readyReplicas = 0 } = status;
  return readyReplicas < spec.replicas ? count(readyReplicas, spec.replicas, "ready") : null;
}

function daemonSetLacks({ metadata, status }: DaemonSet): string | null {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "not yet observed";
  const { numberAvailable = 0, desiredNumberScheduled } = status;
  return numberAvailable < desiredNumberScheduled
    ? count(numberAvailable, desiredNumberScheduled, "available")
    : null;
}

function replicaSetLacks({
  metadata,
  spec,
  status,
}: ReplicaSet | ReplicationController): string | null {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return "not yet observed";
  const { readyReplicas = 0 } = status;
  return readyReplicas < spec.replicas ? count(readyReplicas, spec.replicas, "ready") : null;
}

function podLacks({ spec, status, metadata }: Pod): string {
  const waiting = status.containerStatuses?.find(({ state }) => state.waiting !== undefined);
  const reason = waiting?.state.waiting?.reason;
  if (reason !== undefined) return `Pod ${metadata.name} is waiting: ${reason}`;
  if (spec.nodeName !== undefined) return `Pod ${metadata.name} is not ready`;
  const unscheduled = status.conditions?.find(({ type }) => type === "PodScheduled");
  return `Pod ${metadata.name} is not scheduled: ${unscheduled?.message ?? "pending"}`;
}

function count(are: number, wanted: number, what: string): string {
  return `${are} of ${wanted} Pods are ${what}`;
}

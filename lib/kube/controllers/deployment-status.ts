/**
 * A Deployment's status and conditions, from those of its ReplicaSets.
 *
 * Spec: kubernetes pkg/controller/deployment/{sync,progress}.go, v1.36.
 */
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from "../api/types.ts";
import { conditionOf, REPLICA_FAILURE, resolveIntOrPercent } from "./pods.ts";

/** The ReplicaSets of a Deployment, told apart. */
export interface OwnedSets {
  /** The one with the present template. */
  readonly current: ReplicaSet | null;
  readonly old: readonly ReplicaSet[];
}

/** All of them, the current one last. */
export function allSets({ current, old }: OwnedSets): ReplicaSet[] {
  return current === null ? [...old] : [...old, current];
}

/** Pods asked for, over several ReplicaSets. */
export function askedFor(sets: readonly ReplicaSet[]): number {
  return sum(sets, ({ spec }) => spec.replicas);
}

/** Pods available, over several ReplicaSets. */
export function availableIn(sets: readonly ReplicaSet[]): number {
  return sum(sets, ({ status }) => status.availableReplicas ?? 0);
}

/** Pods above the number asked for that a rolling update may have. */
export function maxSurge({ spec }: Deployment): number {
  if (spec.strategy.type !== "RollingUpdate") return 0;
  return resolveIntOrPercent(spec.strategy.rollingUpdate?.maxSurge, spec.replicas, true);
}

/** Pods below the number asked for that a rolling update may be without. */
export function maxUnavailable(deployment: Deployment): number {
  const { strategy, replicas } = deployment.spec;
  if (strategy.type !== "RollingUpdate" || replicas === 0) return 0;
  const most = resolveIntOrPercent(strategy.rollingUpdate?.maxUnavailable, replicas, false);
  const least = most === 0 && maxSurge(deployment) === 0 ? 1 : most;
  return Math.min(least, replicas);
}

/** The status, its Progressing condition as it was. */
export function calculateStatus(
  deployment: Deployment,
  owned: OwnedSets,
  time: string,
): DeploymentStatus {
  const sets = allSets(owned);
  const available = availableIn(sets);
  const status: DeploymentStatus = {
    ...deployment.status,
    observedGeneration: deployment.metadata.generation,
    replicas: sum(sets, (set) => set.status.replicas) || undefined,
    updatedReplicas: owned.current?.status.replicas || undefined,
    readyReplicas: sum(sets, (set) => set.status.readyReplicas ?? 0) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, askedFor(sets) - available) || undefined,
    terminatingReplicas: sum(sets, (set) => set.status.terminatingReplicas ?? 0),
  };
  const enough = available >= deployment.spec.replicas - maxUnavailable(deployment);
  return withCondition(status, {
    type: "Available",
    status: enough ? "True" : "False",
    reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: `Deployment ${enough ? "has" : "does not have"} minimum availability.`,
    lastTransitionTime: time,
    lastUpdateTime: time,
  });
}

/** The status with a condition put last, unless it says the same with the same reason already. */
export function withCondition(status: DeploymentStatus, condition: Condition): DeploymentStatus {
  const current = conditionOf(status.conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return status;
  const since =
    current?.status === condition.status
      ? current.lastTransitionTime
      : condition.lastTransitionTime;
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...status, conditions: [...others, { ...condition, lastTransitionTime: since }] };
}

/** The status with what keeps a ReplicaSet, the present one first, from making its Pods. */
export function withFailureOf(owned: OwnedSets, status: DeploymentStatus): DeploymentStatus {
  const found = [...(owned.current === null ? [] : [owned.current]), ...owned.old]
    .map((set) => conditionOf(set.status.conditions, REPLICA_FAILURE))
    .find((condition) => condition !== null);
  if (found !== undefined && found !== null)
    return withCondition(status, { ...found, lastUpdateTime: found.lastTransitionTime });
  if (conditionOf(status.conditions, REPLICA_FAILURE) === null) return status;
  const others = (status.conditions ?? []).filter(({ type }) => type !== REPLICA_FAILURE);
  return { ...status, conditions: others };
}

/** Whether the rollout is over: all Pods are of the present template, and available. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  return (
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.replicas ?? 0) === spec.replicas &&
    (status.availableReplicas ?? 0) === spec.replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

/** The status with what it says of the rollout's progress. */
export function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  owned: OwnedSets,
  time: string,
): DeploymentStatus {
  const present = conditionOf(deployment.status.conditions, "Progressing");
  const over =
    status.replicas === status.updatedReplicas && present?.reason === "NewReplicaSetAvailable";
  if (over || deployment.spec.progressDeadlineSeconds === undefined) return status;
  const subject =
    owned.current === null
      ? `Deployment "${deployment.metadata.name}"`
      : `ReplicaSet "${owned.current.metadata.name}"`;
  const condition = {
    type: "Progressing",
    status: "True",
    lastTransitionTime: time,
    lastUpdateTime: time,
  };
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(status, { ...condition, reason: "NewReplicaSetAvailable", message });
  }
  if (!hasProgressed(deployment.status, status)) return status;
  const since = present?.status === "True" ? present.lastTransitionTime : time;
  const others = (status.conditions ?? []).filter(({ type }) => type !== "Progressing");
  const message = `${subject} is progressing.`;
  const next = { ...condition, reason: "ReplicaSetUpdated", message, lastTransitionTime: since };
  return { ...status, conditions: [...others, next] };
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  let total = 0;
  for (const set of sets) total += count(set);
  return total;
}

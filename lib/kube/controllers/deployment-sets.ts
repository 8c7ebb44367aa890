/**
 * What a Deployment's ReplicaSets say about it: which is the new one, what their revisions are, how
 * many Pods each may have.
 *
 * Spec: kubernetes pkg/controller/deployment/util/deployment_util.go, sync.go (scale), v1.36.
 */
import type { Deployment, DeploymentStatus, ReplicaSet, StringMap } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { allSets, askedFor, maxSurge, type OwnedSets } from "./deployment-status.ts";
import { byAge } from "./pods.ts";

/** Tells the Pods of one template from those of another. */
export const HASH_LABEL = "pod-template-hash";
/** The annotation with the number of a template. */
export const REVISION = "deployment.kubernetes.io/revision";
/** On a ReplicaSet: the replicas of its Deployment when it was last scaled. */
const DESIRED = "deployment.kubernetes.io/desired-replicas";
/** On a ReplicaSet: the same, with maxSurge. */
const MAX = "deployment.kubernetes.io/max-replicas";
/** The annotation with the numbers that a template had before. */
const HISTORY = "deployment.kubernetes.io/revision-history";
/** A Deployment's annotations that its ReplicaSets do not take over. */
export const OWN_ANNOTATIONS = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
  "deprecated.deployment.rollback.to",
]);

/** The new ReplicaSet and the old ones. */
export function tellApart(deployment: Deployment, sets: readonly ReplicaSet[]): OwnedSets {
  const current = sets.find((set) => sameTemplate(set, deployment)) ?? null;
  return { current, old: sets.filter((set) => set !== current) };
}

/** Whether the Deployment's replicas changed since its ReplicaSets were told. */
export function isScaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some(({ spec, metadata }) => {
    const desired = metadata.annotations?.[DESIRED];
    return (
      spec.replicas > 0 && desired !== undefined && Number(desired) !== deployment.spec.replicas
    );
  });
}

/** What the Deployment tells its ReplicaSets about its size. */
export function replicasAnnotations(deployment: Deployment): StringMap {
  return {
    [DESIRED]: String(deployment.spec.replicas),
    [MAX]: String(deployment.spec.replicas + maxSurge(deployment)),
  };
}

/** How many Pods the new ReplicaSet may have now. */
export function targetOfNew(deployment: Deployment, owned: OwnedSets): number {
  const { replicas, strategy } = deployment.spec;
  const own = owned.current?.spec.replicas ?? 0;
  if (strategy.type !== "RollingUpdate" || own >= replicas) return replicas;
  const room = replicas + maxSurge(deployment) - askedFor(allSets(owned));
  return room <= 0 ? own : own + Math.min(room, replicas - own);
}

/** Whether the ReplicaSet is all that its Deployment asks for. */
export function isSaturated({ spec }: Deployment, set: ReplicaSet): boolean {
  return (
    set.spec.replicas === spec.replicas &&
    Number(set.metadata.annotations?.[DESIRED]) === spec.replicas &&
    (set.status.availableReplicas ?? 0) === spec.replicas
  );
}

/** The new size of each ReplicaSet when a Deployment is scaled during a rollout. */
export function proportions(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): [ReplicaSet, number][] {
  const all = askedFor(active);
  const allowed =
    deployment.spec.replicas > 0 ? deployment.spec.replicas + maxSurge(deployment) : 0;
  const toAdd = allowed - all;
  const bySize = [...active].sort(
    (a, b) => b.spec.replicas - a.spec.replicas || (toAdd > 0 ? byAge(b, a) : byAge(a, b)),
  );
  let added = 0;
  const sizes = bySize.map((set): [ReplicaSet, number] => {
    const annotated = Number(set.metadata.annotations?.[MAX] ?? deployment.spec.replicas);
    const share = Math.round((set.spec.replicas * allowed) / (annotated || 1)) - set.spec.replicas;
    const left = toAdd - added;
    const part = toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    added += toAdd === 0 ? 0 : part;
    return [set, set.spec.replicas + (toAdd === 0 ? 0 : part)];
  });
  const [largest] = sizes;
  if (largest !== undefined) largest[1] = Math.max(0, largest[1] + toAdd - added);
  return sizes;
}

/** Its number, 0 if it has none. */
export function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0);
}

/** The annotations that ReplicaSets take over. */
export function inherited(deployment: Deployment): StringMap {
  return Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(
      ([name]) => !OWN_ANNOTATIONS.has(name),
    ),
  );
}

/** What the new ReplicaSet's annotations should be; its number only ever grows. */
export function annotationsOfNew(
  deployment: Deployment,
  set: ReplicaSet,
  revision: number,
): StringMap {
  const present = set.metadata.annotations ?? {};
  const annotations = { ...present, ...inherited(deployment) };
  const own = present[REVISION];
  if (revisionOf(set) >= revision) return annotations;
  if (own === undefined) return { ...annotations, [REVISION]: String(revision) };
  const history = present[HISTORY];
  return {
    ...annotations,
    [REVISION]: String(revision),
    [HISTORY]: history === undefined ? own : `${history},${own}`,
  };
}

/** The Deployment with the number of its template. */
export function withRevision(
  deployment: Deployment,
  revision: string,
  status: DeploymentStatus,
): Deployment {
  const annotations = { ...deployment.metadata.annotations, [REVISION]: revision };
  return { ...deployment, metadata: { ...deployment.metadata, annotations }, status };
}

/** Whether a ReplicaSet has the Deployment's template, but for the hash. */
export function sameTemplate(set: ReplicaSet, deployment: Deployment): boolean {
  const { [HASH_LABEL]: _hash, ...labels } = set.spec.template.metadata?.labels ?? {};
  const { template } = deployment.spec;
  return (
    deepEqual(
      { ...template.metadata, labels: { ...template.metadata?.labels } },
      { ...set.spec.template.metadata, labels },
    ) && deepEqual(template.spec, set.spec.template.spec)
  );
}

/**
 * Descriptions of Deployments.
 *
 * Spec: kubectl pkg/describe (describeDeployment), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import { templateHash } from "../../api/names.ts";
import type { ApiServer } from "../../api/server.ts";
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import { allSets } from "../../controllers/deployment-status.ts";
import { controllerOf } from "../../informer.ts";
import { conditionLines, head, longTime, type Row } from "./rows.ts";
import { templateLines } from "./template.ts";

/** The lines of `kubectl describe deployment`. */
export function deploymentRows(server: ApiServer, deployment: Deployment): Row[] {
  const { spec, status, metadata } = deployment;
  const rolling = spec.strategy.rollingUpdate;
  const counts = [
    `${spec.replicas} desired`,
    `${status.updatedReplicas ?? 0} updated`,
    `${status.replicas ?? 0} total`,
    `${status.availableReplicas ?? 0} available`,
    `${status.unavailableReplicas ?? 0} unavailable`,
  ];
  const [name, namespace, ...rest] = head(deployment);
  const sets = ownedSets(server, deployment);
  return [
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [namespace]),
    ["CreationTimestamp:", longTime(metadata.creationTimestamp)],
    ...rest,
    ["Selector:", formatSelector(spec.selector)],
    ["Replicas:", counts.join(" | ")],
    ["StrategyType:", spec.strategy.type],
    ["MinReadySeconds:", String(spec.minReadySeconds ?? 0)],
    ...(rolling === undefined
      ? []
      : ([
          [
            "RollingUpdateStrategy:",
            `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`,
          ],
        ] as Row[])),
    "Pod Template:",
    ...templateLines(deployment.spec.template),
    ...conditionLines(status.conditions ?? [], true),
    ["OldReplicaSets:", setList(sets.old)],
    ["NewReplicaSet:", setList(sets.current === null ? [] : [sets.current])],
  ];
}

function ownedSets(server: ApiServer, deployment: Deployment) {
  const hash = templateHash(deployment.spec.template, deployment.status.collisionCount);
  const sets = server.store
    .list("ReplicaSet")
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
  const current =
    sets.find(({ metadata }) => metadata.labels?.["pod-template-hash"] === hash) ?? null;
  const owned = { current, old: sets.filter((set) => set !== current) };
  return { ...owned, all: allSets(owned) };
}

function setList(sets: readonly ReplicaSet[]): string {
  if (sets.length === 0) return "<none>";
  return sets
    .map(
      ({ metadata, spec, status }) =>
        `${metadata.name} (${status.replicas}/${spec.replicas} replicas created)`,
    )
    .join(", ");
}

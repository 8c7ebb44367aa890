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
import { containerLines, tolerationList, volumeNames } from "./pod.ts";
import { conditionLines, head, longTime, mapRows, type Row } from "./rows.ts";

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
    ...templateLines(deployment),
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

function templateLines(deployment: Deployment): Row[] {
  const { metadata, spec } = deployment.spec.template;
  const maps: Row[] = [...mapRows("  Labels:", metadata?.labels, "=")];
  if (Object.keys(metadata?.annotations ?? {}).length > 0) {
    maps.push(...mapRows("  Annotations:", metadata?.annotations, ": "));
  }
  const tolerations = tolerationList(spec);
  return [
    ...maps,
    "  Containers:",
    ...spec.containers.flatMap((container) => containerLines(container, "   ")),
    ["  Volumes:", volumeNames(spec)],
    ["  Node-Selectors:", formatSelector({ matchLabels: spec.nodeSelector })],
    ...(tolerations.length === 0 ? ["<none>"] : tolerations).map(
      (text, index): Row => [index === 0 ? "  Tolerations:" : "", text],
    ),
  ];
}

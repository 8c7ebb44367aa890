/**
 * The history of a workload's template as ControllerRevisions, which DaemonSets and StatefulSets
 * keep: the newest one is that of the present template.
 *
 * Spec: kubernetes pkg/controller/history, v1.36.
 */
import { copyFields } from "../api/fields.ts";
import { matchesSelector } from "../api/labels.ts";
import { templateHash } from "../api/names.ts";
import type { ControllerRevision, DaemonSet, JsonMap, StatefulSet } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { claim } from "./adoption.ts";
import type { ApiClient, Sync } from "./client.ts";
import { controllerReference } from "./pods.ts";

/** The revisions of a workload, oldest first: its own, and those that it takes over. */
export function revisionsOf(
  informers: Informers,
  owner: DaemonSet | StatefulSet,
): ControllerRevision[] {
  return [
    ...informers.owned("ControllerRevision", owner.metadata.uid),
    ...orphansFor(informers, owner),
  ].sort((a, b) => a.revision - b.revision);
}

/** Takes over the revisions that an earlier workload of the same labels left behind. */
export function* adoptRevisions(
  client: ApiClient,
  informers: Informers,
  owner: DaemonSet | StatefulSet,
): Sync {
  const orphans = orphansFor(informers, owner);
  if (orphans.length > 0) yield* claim(client, owner, owner.spec.selector, [], orphans);
}

function orphansFor(
  informers: Informers,
  { metadata, spec }: DaemonSet | StatefulSet,
): ControllerRevision[] {
  return informers
    .index("ControllerRevision", namespaceOfOrphan)
    .list(metadata.namespace ?? "")
    .filter((revision) => matchesSelector(spec.selector, revision.metadata.labels));
}

function namespaceOfOrphan(revision: ControllerRevision): string[] {
  return controllerOf(revision) === null ? [revision.metadata.namespace ?? ""] : [];
}

/** The revision of the present template: found, renumbered as the newest, or made. */
export function* currentRevision(
  client: ApiClient,
  informers: Informers,
  owner: DaemonSet | StatefulSet,
  hashLabel: string,
): Sync<ControllerRevision> {
  const revisions = revisionsOf(informers, owner);
  const newest = revisions.at(-1);
  const data = templateData(owner);
  const same = revisions.find((revision) => deepEqual(revision.data, data));
  const next = (newest?.revision ?? 0) + 1;
  if (same !== undefined) {
    if (same === newest) return same;
    return yield* client.update<ControllerRevision>({ ...same, revision: next });
  }
  const hash = templateHash(data, undefined);
  return yield* client.create<ControllerRevision>({
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      annotations: owner.kind === "DaemonSet" ? historyAnnotations(owner) : undefined,
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision: next,
  });
}

/** Deletes the oldest revisions that neither live Pods nor the limit keep. */
export function* trimRevisions(
  client: ApiClient,
  informers: Informers,
  owner: DaemonSet | StatefulSet,
  isLive: (revision: ControllerRevision) => boolean,
): Sync {
  const dead = revisionsOf(informers, owner).filter((revision) => !isLive(revision));
  const surplus = dead.length - (owner.spec.revisionHistoryLimit ?? 10);
  for (const revision of dead.slice(0, Math.max(0, surplus))) {
    yield* client.delete("ControllerRevision", keyOf(revision));
  }
}

/** What a revision keeps: the template, marked as a patch that replaces it. */
function templateData(owner: DaemonSet | StatefulSet): ControllerRevision["data"] {
  const template = copyFields(owner.spec.template) as JsonMap;
  return { spec: { template: { ...template, $patch: "replace" } } };
}

function historyAnnotations(owner: DaemonSet): Record<string, string> {
  const annotations = { ...owner.metadata.annotations };
  delete annotations["kubectl.kubernetes.io/last-applied-configuration"];
  return annotations;
}

/**
 * A Deployment's new ReplicaSet: made from its template, numbered, and told of in its conditions.
 *
 * Spec: kubernetes pkg/controller/deployment/sync.go (getNewReplicaSet), v1.36.
 */
import { ApiError } from "../api/errors.ts";
import { templateHash } from "../api/names.ts";
import type { Deployment, DeploymentStatus, ReplicaSet } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf } from "../informer.ts";
import { objectKey } from "../store.ts";
import type { ApiClient, Sync } from "./client.ts";
import {
  annotationsOfNew,
  HASH_LABEL,
  inherited,
  REVISION,
  replicasAnnotations,
  revisionOf,
  sameTemplate,
  targetOfNew,
  tellApart,
  withRevision,
} from "./deployment-sets.ts";
import { type OwnedSets, withCondition } from "./deployment-status.ts";
import type { EventRecorder } from "./events.ts";
import { conditionOf, controllerReference } from "./pods.ts";

/** Finds and makes the new ReplicaSets of Deployments. */
export class NewReplicaSets {
  readonly #client: ApiClient;
  readonly #events: EventRecorder;

  constructor(client: ApiClient, events: EventRecorder) {
    this.#client = client;
    this.#events = events;
  }

  /** The ReplicaSets, the new one numbered or, if `create`, made. */
  *of(deployment: Deployment, sets: readonly ReplicaSet[], create: boolean): Sync<OwnedSets> {
    const owned = tellApart(deployment, sets);
    const revision = Math.max(0, ...owned.old.map(revisionOf)) + 1;
    if (owned.current !== null) {
      return {
        current: yield* this.#numbered(deployment, owned.current, revision),
        old: owned.old,
      };
    }
    if (!create) return owned;
    return { current: yield* this.#createSet(deployment, owned.old, revision), old: owned.old };
  }

  *#numbered(deployment: Deployment, set: ReplicaSet, revision: number): Sync<ReplicaSet> {
    const annotations = annotationsOfNew(deployment, set, revision);
    const { minReadySeconds } = deployment.spec;
    const isReadyLikewise = (set.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0);
    if (!deepEqual(annotations, set.metadata.annotations ?? {}) || !isReadyLikewise) {
      return yield* this.#client.update<ReplicaSet>({
        ...set,
        metadata: { ...set.metadata, annotations },
        spec: { ...set.spec, minReadySeconds },
      });
    }
    const text = set.metadata.annotations?.[REVISION] ?? "";
    const numbered = deployment.metadata.annotations?.[REVISION] === text;
    const progressing = conditionOf(deployment.status.conditions, "Progressing") !== null;
    if (!numbered || !progressing) {
      const message = `Found new replica set "${set.metadata.name}"`;
      const status = progressing
        ? deployment.status
        : this.#progress(deployment, "FoundNewReplicaSet", message);
      yield* this.#client.updateStatus<Deployment>(withRevision(deployment, text, status));
    }
    return set;
  }

  *#createSet(
    deployment: Deployment,
    old: readonly ReplicaSet[],
    revision: number,
  ): Sync<ReplicaSet> {
    const hash = templateHash(deployment.spec.template, deployment.status.collisionCount);
    const { template, selector, minReadySeconds } = deployment.spec;
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const replicas = targetOfNew(deployment, { current: null, old });
    const name = `${deployment.metadata.name}-${hash}`;
    let created: ReplicaSet;
    try {
      created = yield* this.#client.create<ReplicaSet>({
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          name,
          namespace: deployment.metadata.namespace,
          labels,
          annotations: {
            ...inherited(deployment),
            [REVISION]: String(revision),
            ...replicasAnnotations(deployment),
          },
          ownerReferences: [controllerReference(deployment)],
        },
        spec: {
          replicas,
          minReadySeconds,
          selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
          template: { ...template, metadata: { ...template.metadata, labels } },
        },
      });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
      yield* this.#noteCollision(deployment, name);
      throw error;
    }
    if (replicas > 0) {
      this.#events.event(
        deployment,
        "Normal",
        "ScalingReplicaSet",
        `Scaled up replica set ${name} from 0 to ${replicas}`,
      );
    }
    const status = this.#progress(
      deployment,
      "NewReplicaSetCreated",
      `Created new replica set "${name}"`,
    );
    yield* this.#client.updateStatus<Deployment>(
      withRevision(deployment, String(revision), status),
    );
    return created;
  }

  /** Another template has the same hash: the next try counts it in. */
  *#noteCollision(deployment: Deployment, name: string): Sync {
    const key = objectKey(deployment.metadata.namespace, name);
    const present = yield* this.#client.read("ReplicaSet", key);
    const isOurs = present !== null && controllerOf(present)?.uid === deployment.metadata.uid;
    if (isOurs && sameTemplate(present, deployment)) return;
    const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
    yield* this.#client.updateStatus<Deployment>({
      ...deployment,
      status: { ...deployment.status, collisionCount },
    });
  }

  #progress(deployment: Deployment, reason: string, message: string): DeploymentStatus {
    if (deployment.spec.progressDeadlineSeconds === undefined) return deployment.status;
    const time = this.#client.time;
    return withCondition(deployment.status, {
      type: "Progressing",
      status: "True",
      reason,
      message,
      lastTransitionTime: time,
      lastUpdateTime: time,
    });
  }
}

/**
 * The Deployment controller: a ReplicaSet per template, rolled from the old ones to the new within
 * maxSurge and maxUnavailable, and scaled with the Deployment.
 *
 * Spec: kubernetes pkg/controller/deployment, v1.36. As there, a sync goes on with the object it
 * read after its own first write, so that its second write of a status is refused and tried again.
 * Not modelled: rollback by annotation.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { matchesSelector } from "../api/labels.ts";
import { parseTime } from "../api/time.ts";
import type { Deployment, DeploymentStatus, Pod, ReplicaSet } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerKey, controllerOf, type Informers } from "../informer.ts";
import type { ObjectIndex } from "../object-index.ts";
import { keyOf } from "../store.ts";
import { canAdopt, claim } from "./adoption.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { NewReplicaSets } from "./deployment-new-set.ts";
import {
  isSaturated,
  isScaled,
  proportions,
  replicasAnnotations,
  revisionOf,
  targetOfNew,
  tellApart,
} from "./deployment-sets.ts";
import {
  allSets,
  askedFor,
  availableIn,
  calculateStatus,
  isComplete,
  maxUnavailable,
  type OwnedSets,
  withCondition,
  withFailureOf,
  withProgress,
} from "./deployment-status.ts";
import { EventRecorder } from "./events.ts";
import { byAge, conditionOf, isTerminal } from "./pods.ts";

const START_NS = 4 * NS_PER_MS;

/** Rolls and scales Deployments. */
export class DeploymentController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #newSets: NewReplicaSets;
  readonly #queue: WorkQueue;
  /** ReplicaSets that nobody controls, by namespace. */
  readonly #orphans: ObjectIndex<ReplicaSet>;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "deployment-controller");
    this.#events = new EventRecorder(server, "deployment-controller");
    this.#newSets = new NewReplicaSets(this.#client, this.#events);
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Deployment", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("ReplicaSet", ({ object, previous }) => this.#setChanged(object, previous));
    this.#orphans = informers.index("ReplicaSet", (set) =>
      controllerOf(set) === null ? [set.metadata.namespace ?? ""] : [],
    );
    informers.on("Pod", ({ type, object }) => {
      if (type === "DELETED") this.#podGone(object);
    });
  }

  #setChanged(set: ReplicaSet, previous: ReplicaSet | null): void {
    const key = controllerKey(set, "Deployment");
    const before = previous === null ? null : controllerKey(previous, "Deployment");
    if (key !== null) this.#queue.add(key);
    if (before !== null && before !== key) this.#queue.add(before);
    if (controllerOf(set) !== null) return;
    for (const deployment of this.#informers.list("Deployment")) {
      const fits = matchesSelector(deployment.spec.selector, set.metadata.labels);
      if (fits && canAdopt(deployment, set)) this.#queue.add(keyOf(deployment));
    }
  }

  /** A Recreate rollout waits for the last old Pod to be gone. */
  #podGone(pod: Pod): void {
    const setKey = controllerKey(pod, "ReplicaSet");
    const set = setKey === null ? null : this.#informers.get("ReplicaSet", setKey);
    const key = set === null ? null : controllerKey(set, "Deployment");
    if (key !== null) this.#queue.add(key);
  }

  *#sync(key: string): Sync {
    const deployment = this.#informers.get("Deployment", key);
    if (deployment === null) return;
    const claimed = yield* claim(
      this.#client,
      deployment,
      deployment.spec.selector,
      this.#informers.owned("ReplicaSet", deployment.metadata.uid),
      this.#orphans.list(deployment.metadata.namespace ?? ""),
    );
    const sets = [...claimed].sort(byAge);
    if (deployment.metadata.deletionTimestamp !== undefined) {
      return yield* this.#writeStatus(deployment, tellApart(deployment, sets), false);
    }
    const paused = yield* this.#notePause(deployment);
    if (paused || isScaled(deployment, sets)) {
      const owned = yield* this.#newSets.of(deployment, sets, false);
      yield* this.#scale(deployment, owned);
      return yield* this.#writeStatus(deployment, owned, false);
    }
    if (deployment.spec.strategy.type === "Recreate")
      return yield* this.#recreate(deployment, sets);
    yield* this.#roll(deployment, sets);
  }

  *#roll(deployment: Deployment, sets: readonly ReplicaSet[]): Sync {
    const owned = yield* this.#newSets.of(deployment, sets, true);
    const { current } = owned;
    if (current === null) return;
    const target = targetOfNew(deployment, owned);
    if (yield* this.#scaleSet(deployment, current, target)) {
      return yield* this.#writeStatus(deployment, owned, true);
    }
    if (yield* this.#scaleDownOld(deployment, owned, current)) {
      return yield* this.#writeStatus(deployment, owned, true);
    }
    if (isComplete(deployment, deployment.status)) yield* this.#cleanUp(deployment, owned.old);
    yield* this.#writeStatus(deployment, owned, true);
  }

  /** Old ReplicaSets go down: first by Pods that are not available, then as far as allowed. */
  *#scaleDownOld(deployment: Deployment, owned: OwnedSets, current: ReplicaSet): Sync<boolean> {
    let old = owned.old.filter(({ spec }) => spec.replicas > 0);
    if (old.length === 0) return false;
    const minAvailable = deployment.spec.replicas - maxUnavailable(deployment);
    const newUnavailable = current.spec.replicas - (current.status.availableReplicas ?? 0);
    const most = askedFor(allSets(owned)) - minAvailable - newUnavailable;
    if (most <= 0) return false;
    let unhealthyLeft = most;
    const next: ReplicaSet[] = [];
    for (const set of old) {
      const unhealthy = Math.min(
        unhealthyLeft,
        set.spec.replicas - (set.status.availableReplicas ?? 0),
      );
      if (unhealthy <= 0) {
        next.push(set);
        continue;
      }
      unhealthyLeft -= unhealthy;
      yield* this.#scaleSet(deployment, set, set.spec.replicas - unhealthy);
      next.push({ ...set, spec: { ...set.spec, replicas: set.spec.replicas - unhealthy } });
    }
    old = next;
    let spare = availableIn([...old, current]) - minAvailable;
    let scaled = unhealthyLeft < most;
    for (const set of old) {
      const count = Math.min(set.spec.replicas, spare);
      if (count <= 0) continue;
      spare -= count;
      scaled = true;
      const fresh = this.#informers.get("ReplicaSet", keyOf(set)) ?? set;
      yield* this.#scaleSet(deployment, fresh, set.spec.replicas - count);
    }
    return scaled;
  }

  *#recreate(deployment: Deployment, sets: readonly ReplicaSet[]): Sync {
    let owned = yield* this.#newSets.of(deployment, sets, false);
    let scaled = false;
    for (const set of owned.old) {
      if (set.spec.replicas > 0 && (yield* this.#scaleSet(deployment, set, 0))) scaled = true;
    }
    if (scaled) return yield* this.#writeStatus(deployment, owned, true);
    const stillRunning = owned.old.some((set) =>
      this.#informers.owned("Pod", set.metadata.uid).some((pod) => !isTerminal(pod)),
    );
    if (stillRunning) return yield* this.#writeStatus(deployment, owned, true);
    if (owned.current === null) owned = yield* this.#newSets.of(deployment, sets, true);
    if (owned.current !== null)
      yield* this.#scaleSet(deployment, owned.current, deployment.spec.replicas);
    if (isComplete(deployment, deployment.status)) yield* this.#cleanUp(deployment, owned.old);
    yield* this.#writeStatus(deployment, owned, true);
  }

  /** Outside a rollout one ReplicaSet gets all; within one each gets its share. */
  *#scale(deployment: Deployment, owned: OwnedSets): Sync {
    const active = allSets(owned).filter(({ spec }) => spec.replicas > 0);
    if (active.length <= 1) {
      const set = active[0] ?? owned.current ?? owned.old.at(-1);
      if (set !== undefined) yield* this.#scaleSet(deployment, set, deployment.spec.replicas);
      return;
    }
    if (owned.current !== null && isSaturated(deployment, owned.current)) {
      for (const set of owned.old)
        if (set.spec.replicas > 0) yield* this.#scaleSet(deployment, set, 0);
      return;
    }
    if (deployment.spec.strategy.type !== "RollingUpdate") return;
    for (const [set, replicas] of proportions(deployment, active)) {
      yield* this.#scaleSet(deployment, set, replicas);
    }
  }

  /** Sets a ReplicaSet's replicas; reports whether that was a change. */
  *#scaleSet(deployment: Deployment, set: ReplicaSet, replicas: number): Sync<boolean> {
    const annotations = replicasAnnotations(deployment);
    const changed = set.spec.replicas !== replicas;
    const noted = Object.entries(annotations).every(
      ([name, value]) => set.metadata.annotations?.[name] === value,
    );
    if (!changed && noted) return false;
    if (!changed && !isScaled(deployment, [set])) return false;
    yield* this.#client.update<ReplicaSet>({
      ...set,
      metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } },
      spec: { ...set.spec, replicas },
    });
    if (!changed) return false;
    const direction = replicas > set.spec.replicas ? "up" : "down";
    this.#events.event(
      deployment,
      "Normal",
      "ScalingReplicaSet",
      `Scaled ${direction} replica set ${set.metadata.name} from ${set.spec.replicas} to ${replicas}`,
    );
    return true;
  }

  /** Says in the conditions that the Deployment is paused or goes on; reports whether it is. */
  *#notePause(deployment: Deployment): Sync<boolean> {
    const paused = deployment.spec.paused === true;
    const condition = conditionOf(deployment.status.conditions, "Progressing");
    if (condition?.reason === "ProgressDeadlineExceeded") return paused;
    const isNoted = condition?.reason === "DeploymentPaused";
    if (paused === isNoted || deployment.spec.progressDeadlineSeconds === undefined) return paused;
    const time = this.#client.time;
    const status = withCondition(deployment.status, {
      type: "Progressing",
      status: "Unknown",
      reason: paused ? "DeploymentPaused" : "DeploymentResumed",
      message: paused ? "Deployment is paused" : "Deployment is resumed",
      lastTransitionTime: time,
      lastUpdateTime: time,
    });
    yield* this.#client.updateStatus<Deployment>({ ...deployment, status });
    return paused;
  }

  *#writeStatus(deployment: Deployment, owned: OwnedSets, rollout: boolean): Sync {
    const time = this.#client.time;
    let status = calculateStatus(deployment, owned, time);
    if (rollout) {
      status = this.#withDeadline(deployment, withProgress(deployment, status, owned, time), owned);
      status = withFailureOf(owned, status);
    }
    if (deepEqual(status, deployment.status)) return;
    yield* this.#client.updateStatus<Deployment>({ ...deployment, status });
  }

  /** A rollout that stands still for too long says so. */
  #withDeadline(
    deployment: Deployment,
    status: DeploymentStatus,
    owned: OwnedSets,
  ): DeploymentStatus {
    const seconds = deployment.spec.progressDeadlineSeconds;
    const condition = conditionOf(status.conditions, "Progressing");
    if (seconds === undefined || condition === null || isComplete(deployment, status))
      return status;
    if (condition.reason === "NewReplicaSetAvailable" || condition.status === "False")
      return status;
    const { now, server, time } = this.#client;
    const since = parseTime(condition.lastUpdateTime ?? time) - server.epochSeconds;
    const left = (since + seconds) * NS_PER_S - now;
    if (left >= 0) {
      this.#queue.addAfter(keyOf(deployment), left + NS_PER_S);
      return status;
    }
    const subject =
      owned.current === null
        ? `Deployment "${deployment.metadata.name}"`
        : `ReplicaSet "${owned.current.metadata.name}"`;
    return withCondition(status, {
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `${subject} has timed out progressing.`,
      lastTransitionTime: time,
      lastUpdateTime: time,
    });
  }

  /** Deletes the oldest ReplicaSets beyond the history that is kept, if they are empty. */
  *#cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): Sync {
    const limit = deployment.spec.revisionHistoryLimit ?? 10;
    const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const byRevision = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of byRevision.slice(0, Math.max(0, alive.length - limit))) {
      const { metadata, spec, status } = set;
      const isEmpty = spec.replicas === 0 && status.replicas === 0;
      if (isEmpty && (metadata.generation ?? 0) <= (status.observedGeneration ?? 0))
        yield* this.#client.delete("ReplicaSet", keyOf(set));
    }
  }
}

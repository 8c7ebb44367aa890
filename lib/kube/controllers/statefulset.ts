/**
 * The StatefulSet controller: Pods with numbers, one after the other, upwards when they come and
 * downwards when they go or change.
 *
 * Spec: kubernetes pkg/controller/statefulset, v1.36.
 */
import { NS_PER_MS } from "../../base/units.ts";
import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf, type Informers } from "../informer.ts";
import type { ObjectIndex } from "../object-index.ts";
import { keyOf, objectKey } from "../store.ts";
import { claim } from "./adoption.ts";
import { retainClaims } from "./claim-retention.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { availableIn, isReady, isTerminal } from "./pods.ts";
import { adoptRevisions, currentRevision, revisionsOf, trimRevisions } from "./revisions.ts";
import {
  claimsOf,
  isOrphanOf,
  isSurplus,
  numberedPod,
  ordinalOf,
  revisionOf,
} from "./statefulset-pods.ts";

const START_NS = 4 * NS_PER_MS;
const HASH_LABEL = "controller.kubernetes.io/hash";

interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

/** Keeps the numbered Pods of a StatefulSet, one after the other. */
export class StatefulSetController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  /** Pods that nobody controls, by namespace. */
  readonly #orphans: ObjectIndex<Pod>;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "statefulset-controller");
    this.#events = new EventRecorder(server, "statefulset-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("StatefulSet", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Pod", ({ object, previous }) => {
      const owner = controllerOf(object);
      const before = previous === null ? null : controllerOf(previous);
      for (const each of [owner, before]) {
        if (each?.kind === "StatefulSet")
          this.#queue.add(objectKey(object.metadata.namespace, each.name));
      }
      if (owner !== null) return;
      for (const set of informers.list("StatefulSet")) {
        if (isOrphanOf(set, object)) this.#queue.add(keyOf(set));
      }
    });
    this.#orphans = informers.index("Pod", (pod) =>
      controllerOf(pod) === null ? [pod.metadata.namespace ?? ""] : [],
    );
  }

  *#sync(key: string): Sync {
    const set = this.#informers.get("StatefulSet", key);
    if (set === null) return;
    if (set.metadata.deletionTimestamp === undefined)
      yield* adoptRevisions(this.#client, this.#informers, set);
    const claimed = yield* claim(
      this.#client,
      set,
      set.spec.selector,
      this.#informers.owned("Pod", set.metadata.uid),
      this.#orphans.list(set.metadata.namespace ?? "").filter((pod) => isOrphanOf(set, pod)),
    );
    const pods = [...claimed].sort((a, b) => ordinalOf(a) - ordinalOf(b));
    const update = yield* currentRevision(this.#client, this.#informers, set, HASH_LABEL);
    const named = revisionsOf(this.#informers, set).find(
      ({ metadata }) => metadata.name === set.status.currentRevision,
    );
    const revisions = { current: named ?? update, update };
    const status = this.#status(set, pods, revisions);
    if (set.metadata.deletionTimestamp === undefined) {
      yield* retainClaims(this.#client, this.#informers, set, pods);
      yield* this.#move(set, pods, revisions);
    }
    if (!deepEqual(status, set.status)) yield* this.#writeStatus(set, status);
    const live = new Set(pods.map(revisionOf));
    yield* trimRevisions(this.#client, this.#informers, set, ({ metadata }) => {
      const isNamed =
        metadata.name === status.currentRevision || metadata.name === status.updateRevision;
      return isNamed || live.has(metadata.name);
    });
  }

  *#writeStatus(set: StatefulSet, status: StatefulSetStatus): Sync {
    const fresh = yield* this.#client.read("StatefulSet", keyOf(set));
    if (fresh !== null) yield* this.#client.updateStatus<StatefulSet>({ ...fresh, status });
  }

  #status(
    set: StatefulSet,
    pods: readonly Pod[],
    { current, update }: Revisions,
  ): StatefulSetStatus {
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const ofRevision = (name: string) => staying.filter((pod) => revisionOf(pod) === name).length;
    const running = pods.filter(isRunningAndReady);
    const status: StatefulSetStatus = {
      ...set.status,
      observedGeneration: set.metadata.generation,
      replicas: pods.length,
      readyReplicas: running.length || undefined,
      availableReplicas: running.filter((pod) => this.#isAvailable(set, pod)).length,
      currentReplicas: ofRevision(current.metadata.name) || undefined,
      updatedReplicas: ofRevision(update.metadata.name) || undefined,
      currentRevision: current.metadata.name,
      updateRevision: update.metadata.name,
      collisionCount: set.status.collisionCount ?? 0,
    };
    const { replicas } = set.spec;
    const isRolled =
      set.spec.updateStrategy.type === "RollingUpdate" &&
      (status.updatedReplicas ?? 0) === replicas &&
      (status.readyReplicas ?? 0) === replicas &&
      status.replicas === replicas;
    if (!isRolled) return status;
    return {
      ...status,
      currentReplicas: status.updatedReplicas,
      currentRevision: status.updateRevision,
    };
  }

  #isAvailable(set: StatefulSet, pod: Pod): boolean {
    const { now, server } = this.#client;
    const wait = availableIn(pod, set.spec.minReadySeconds ?? 0, server.epochSeconds, now);
    if (wait !== null && wait > 0) this.#queue.addAfter(keyOf(set), wait);
    return wait !== null && wait <= 0;
  }

  /** One round: what is missing comes, what is too many goes, what is old is replaced. */
  *#move(set: StatefulSet, pods: readonly Pod[], revisions: Revisions): Sync {
    const inOrder = set.spec.podManagementPolicy === "OrderedReady";
    const start = set.spec.ordinals?.start ?? 0;
    const end = start + set.spec.replicas;
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
    for (let ordinal = start; ordinal < end; ordinal += 1) {
      const goesOn = yield* this.#keep(set, ordinal, byOrdinal.get(ordinal), revisions, inOrder);
      if (!goesOn) return;
    }
    const surplus = pods.filter((pod) => isSurplus(set, pod)).reverse();
    for (const pod of surplus) {
      const goesOn = yield* this.#condemn(set, pod, pods, inOrder);
      if (!goesOn) return;
    }
    if (set.spec.updateStrategy.type !== "RollingUpdate") return;
    yield* this.#roll(set, byOrdinal, { start, end }, revisions);
  }

  /**
   * Replaces one Pod of an old revision, from the highest number down; those above it must be
   * available. maxUnavailable has no effect: its feature gate is off in v1.36.
   */
  *#roll(
    set: StatefulSet,
    byOrdinal: ReadonlyMap<number, Pod>,
    { start, end }: { readonly start: number; readonly end: number },
    { update }: Revisions,
  ): Sync {
    const { partition = 0 } = set.spec.updateStrategy.rollingUpdate ?? {};
    for (let ordinal = end - 1; ordinal >= start + partition; ordinal -= 1) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) return;
      const isGoing = pod.metadata.deletionTimestamp !== undefined;
      if (revisionOf(pod) !== update.metadata.name && !isGoing) {
        yield* this.#delete(set, pod);
        return;
      }
      if (isGoing || !isRunningAndReady(pod) || !this.#isAvailable(set, pod)) return;
    }
  }

  /** Brings one number about; false if the numbers above have to wait. */
  *#keep(
    set: StatefulSet,
    ordinal: number,
    pod: Pod | undefined,
    revisions: Revisions,
    inOrder: boolean,
  ): Sync<boolean> {
    if (pod === undefined) {
      yield* this.#create(set, ordinal, revisions);
      return !inOrder;
    }
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (isTerminal(pod)) {
      if (!isGoing) yield* this.#delete(set, pod);
      return false;
    }
    if (!inOrder) return true;
    return !isGoing && isRunningAndReady(pod) && this.#isAvailable(set, pod);
  }

  *#condemn(set: StatefulSet, pod: Pod, pods: readonly Pod[], inOrder: boolean): Sync<boolean> {
    if (pod.metadata.deletionTimestamp !== undefined) return !inOrder;
    const wanted = pods.filter((each) => !isSurplus(set, each));
    const surplus = pods.filter((each) => isSurplus(set, each)).reverse();
    const firstUnhealthy = [...wanted, ...surplus].find((each) => !isHealthy(each));
    const isUp = isRunningAndReady(pod) && this.#isAvailable(set, pod);
    if (inOrder && !isUp && pod !== firstUnhealthy) return false;
    yield* this.#delete(set, pod);
    return !inOrder;
  }

  *#create(set: StatefulSet, ordinal: number, { current, update }: Revisions): Sync {
    const start = set.spec.ordinals?.start ?? 0;
    const partition = start + (set.spec.updateStrategy.rollingUpdate?.partition ?? 0);
    const revision = ordinal < partition ? current : update;
    const name = `${set.metadata.name}-${ordinal}`;
    for (const claim of claimsOf(set, name)) {
      if (this.#informers.get("PersistentVolumeClaim", keyOf(claim)) !== null) continue;
      yield* this.#client.create(claim);
      this.#events.event(
        set,
        "Normal",
        "SuccessfulCreate",
        `Create Claim ${claim.metadata.name} Pod ${name} in StatefulSet ${set.metadata.name} success`,
      );
    }
    yield* this.#client.create(numberedPod(set, name, ordinal, revision));
    this.#events.event(
      set,
      "Normal",
      "SuccessfulCreate",
      `Create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    );
  }

  *#delete(set: StatefulSet, pod: Pod): Sync {
    yield* this.#client.delete("Pod", keyOf(pod));
    const { name } = pod.metadata;
    this.#events.event(
      set,
      "Normal",
      "SuccessfulDelete",
      `Delete Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    );
  }
}

function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && pod.metadata.deletionTimestamp === undefined;
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status.phase === "Running" && isReady(pod);
}

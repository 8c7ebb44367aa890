/**
 * The controller of ReplicaSets, and of ReplicationControllers: as many Pods as asked for, and what
 * is known of them in the status.
 *
 * Spec: kubernetes pkg/controller/replicaset, v1.36: expectations, slow start in batches of 1, 2,
 * 4 …, the order in which Pods are chosen for deletion; pkg/controller/replication, which is the
 * same controller with another name.
 */
import type { Ns } from "../../base/units.ts";
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { ApiError } from "../api/errors.ts";
import { matchesSelector } from "../api/labels.ts";
import { parseTime } from "../api/time.ts";
import type {
  Condition,
  LabelSelector,
  Pod,
  ReplicaSet,
  ReplicaSetStatus,
  ReplicationController,
} from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf, type Informers } from "../informer.ts";
import type { ObjectIndex } from "../object-index.ts";
import { keyOf, objectKey } from "../store.ts";
import { canAdopt, claim } from "./adoption.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { Expectations } from "./expectations.ts";
import {
  availableIn,
  conditionOf,
  isActive,
  isReady,
  isTerminating,
  podFromTemplate,
  REPLICA_FAILURE,
} from "./pods.ts";

const START_NS = 4 * NS_PER_MS;
/** The most Pods that one sync makes or deletes. */
const BURST_REPLICAS = 500;

/** What this controller keeps Pods for. */
type Replicated = ReplicaSet | ReplicationController;

/** As whom it writes, by kind. */
const USERS = {
  ReplicaSet: "replicaset-controller",
  ReplicationController: "replication-controller",
} as const;

/** Keeps as many Pods as the objects of one kind ask for. */
export class ReplicaSetController {
  readonly #kind: Replicated["kind"];
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  /** Pods that nobody controls, by namespace. */
  readonly #orphans: ObjectIndex<Pod>;
  readonly #expectations = new Expectations();

  constructor({ scheduler, informers, server }: ControllerContext, kind: Replicated["kind"]) {
    this.#kind = kind;
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, USERS[kind]);
    this.#events = new EventRecorder(server, USERS[kind]);
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    this.#orphans = informers.index("Pod", (pod) =>
      controllerOf(pod) === null ? [pod.metadata.namespace ?? ""] : [],
    );
    informers.on(kind, ({ type, object }) => {
      if (type === "DELETED") this.#expectations.forget(keyOf(object));
      this.#queue.add(keyOf(object));
    });
    informers.on("Pod", ({ type, object, previous }) => this.#podChanged(type, object, previous));
  }

  #podChanged(type: string, pod: Pod, previous: Pod | null): void {
    const owner = controllerOf(pod);
    const before = previous === null ? null : controllerOf(previous);
    if (before?.kind === this.#kind && before.uid !== owner?.uid) {
      this.#queue.add(objectKey(pod.metadata.namespace, before.name));
    }
    if (owner === null) {
      for (const set of this.#informers.list(this.#kind))
        if (adopts(set, pod)) this.#queue.add(keyOf(set));
      return;
    }
    if (owner.kind !== this.#kind) return;
    const key = objectKey(pod.metadata.namespace, owner.name);
    if (type === "ADDED" && previous === null) this.#expectations.created(key);
    if (type === "DELETED" || pod.metadata.deletionTimestamp !== undefined) {
      this.#expectations.deleted(key, pod.metadata.uid);
    }
    this.#queue.add(key);
    const ready = isReady(pod) && !(previous !== null && isReady(previous));
    const minReady = this.#informers.get(this.#kind, key)?.spec.minReadySeconds ?? 0;
    if (ready && minReady > 0) this.#queue.addAfter(key, minReady * NS_PER_S + NS_PER_S);
  }

  *#sync(key: string): Sync {
    const set = this.#informers.get(this.#kind, key);
    if (set === null) return;
    const pods = this.#informers.owned("Pod", set.metadata.uid);
    const orphans = this.#orphans.list(set.metadata.namespace ?? "").filter(isActive);
    const selector = selectorOf(set);
    const active = yield* claim(this.#client, set, selector, pods.filter(isActive), orphans);
    const terminating = pods.filter(
      (pod) => isTerminating(pod) && matchesSelector(selector, pod.metadata.labels),
    ).length;
    let failure: ApiError | null = null;
    if (this.#expectations.satisfied(key) && set.metadata.deletionTimestamp === undefined) {
      failure = yield* this.#manage(set, key, active);
    }
    const conditions = withFailure(set, active.length, failure, this.#client.time);
    yield* this.#writeStatus(set, { ...this.#status(set, active, terminating), conditions });
    if (failure !== null) throw failure;
    this.#comeBackWhenAvailable(set, active, key);
  }

  *#manage(set: Replicated, key: string, active: readonly Pod[]): Sync<ApiError | null> {
    const missing = set.spec.replicas - active.length;
    if (missing > 0) return yield* this.#createPods(set, key, Math.min(missing, BURST_REPLICAS));
    if (missing < 0) yield* this.#deletePods(set, key, active, Math.min(-missing, BURST_REPLICAS));
    return null;
  }

  *#createPods(set: Replicated, key: string, count: number): Sync<ApiError | null> {
    this.#expectations.expect(key, count, []);
    for (let made = 0; made < count; made += 1) {
      try {
        const pod = yield* this.#client.create<Pod>(podFromTemplate(set, set.spec.template));
        this.#events.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        for (let lost = made; lost < count; lost += 1) this.#expectations.created(key);
        this.#events.event(set, "Warning", "FailedCreate", `Error creating: ${error.message}`);
        return error;
      }
    }
    return null;
  }

  *#deletePods(set: Replicated, key: string, active: readonly Pod[], count: number): Sync {
    const chosen = choosePods(
      active,
      this.#related(set),
      this.#client.now,
      this.#client.server.epochSeconds,
    ).slice(0, count);
    this.#expectations.expect(
      key,
      0,
      chosen.map(({ metadata }) => metadata.uid),
    );
    for (const pod of chosen) {
      yield* this.#client.delete("Pod", keyOf(pod));
      this.#events.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
    }
  }

  /** Pods of all ReplicaSets with the same owner, by which nodes are compared. */
  #related(set: Replicated): Pod[] {
    const owner = controllerOf(set);
    const sets = owner === null ? [set] : this.#informers.owned(this.#kind, owner.uid);
    return sets
      .flatMap(({ metadata }) => this.#informers.owned("Pod", metadata.uid))
      .filter(isActive);
  }

  #status(set: Replicated, active: readonly Pod[], terminating: number): ReplicaSetStatus {
    const labels = { matchLabels: set.spec.template.metadata?.labels };
    const { now, server } = this.#client;
    const ready = active.filter(isReady);
    const available = ready.filter(
      (pod) =>
        (availableIn(pod, set.spec.minReadySeconds ?? 0, server.epochSeconds, now) ?? 1) <= 0,
    );
    return {
      ...set.status,
      replicas: active.length,
      fullyLabeledReplicas:
        active.filter((pod) => matchesSelector(labels, pod.metadata.labels)).length || undefined,
      readyReplicas: ready.length || undefined,
      availableReplicas: available.length || undefined,
      terminatingReplicas: set.kind === "ReplicaSet" ? terminating : undefined,
      observedGeneration: set.metadata.generation,
    };
  }

  *#writeStatus(set: Replicated, status: ReplicaSetStatus): Sync {
    if (deepEqual(status, set.status)) return;
    try {
      yield* this.#client.updateStatus({ ...set, status });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "Conflict") throw error;
      const fresh = yield* this.#client.read(this.#kind, keyOf(set));
      if (fresh !== null) yield* this.#client.updateStatus({ ...fresh, status });
    }
  }

  #comeBackWhenAvailable(set: Replicated, active: readonly Pod[], key: string): void {
    const minReady = set.spec.minReadySeconds ?? 0;
    if (minReady === 0) return;
    const { now, server } = this.#client;
    const waits = active
      .map((pod) => availableIn(pod, minReady, server.epochSeconds, now))
      .filter((wait) => wait !== null && wait > 0);
    if (waits.length > 0) this.#queue.addAfter(key, Math.min(...waits.map(Number)));
  }
}

/** The conditions, with or without the one that says that Pods cannot be made or deleted. */
function withFailure(
  { spec, status }: Replicated,
  active: number,
  failure: ApiError | null,
  time: string,
): readonly Condition[] | undefined {
  const { conditions } = status;
  if ((failure !== null) === (conditionOf(conditions, REPLICA_FAILURE) !== null)) return conditions;
  if (failure === null) {
    const others = (conditions ?? []).filter(({ type }) => type !== REPLICA_FAILURE);
    return others.length === 0 ? undefined : others;
  }
  const condition = {
    type: REPLICA_FAILURE,
    status: "True",
    lastTransitionTime: time,
    reason: active < spec.replicas ? "FailedCreate" : "FailedDelete",
    message: failure.message,
  };
  return [...(conditions ?? []), condition];
}

function adopts(set: Replicated, pod: Pod): boolean {
  return (
    canAdopt(set, pod) && isActive(pod) && matchesSelector(selectorOf(set), pod.metadata.labels)
  );
}

/** Which Pods are those of a ReplicaSet or ReplicationController. */
export function selectorOf(set: Replicated): LabelSelector {
  return set.kind === "ReplicaSet" ? set.spec.selector : { matchLabels: set.spec.selector };
}

const PHASES = ["Pending", "Unknown", "Running"];

/** The Pods in the order in which they go when there are too many. */
function choosePods(
  pods: readonly Pod[],
  related: readonly Pod[],
  now: Ns,
  epochSeconds: number,
): Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of related) {
    const node = spec.nodeName ?? "";
    perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const seconds = epochSeconds + now / NS_PER_S;
  const rank = (pod: Pod): number[] => [
    pod.spec.nodeName === undefined ? 0 : 1,
    PHASES.indexOf(pod.status.phase ?? "Unknown"),
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0),
    -(perNode.get(pod.spec.nodeName ?? "") ?? 0),
    isReady(pod) ? logarithmicAge(readySince(pod), seconds) : 0,
    -Math.max(0, ...(pod.status.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
    logarithmicAge(pod.metadata.creationTimestamp, seconds),
  ];
  return pods
    .map((pod) => ({ pod, rank: rank(pod) }))
    .sort(
      (a, b) => compareRanks(a.rank, b.rank) || (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1),
    )
    .map(({ pod }) => pod);
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function readySince(pod: Pod): string {
  return conditionOf(pod.status.conditions, "Ready")?.lastTransitionTime ?? "";
}

/** The age's place on a scale of powers of two, in nanoseconds as Go's durations. */
function logarithmicAge(time: string, nowSeconds: number): number {
  const age = Math.floor((nowSeconds - parseTime(time)) * NS_PER_S);
  if (age <= 0) return -1;
  let rank = 0;
  for (let rest = age; rest >= 2; rest = Math.floor(rest / 2)) rank += 1;
  return rank;
}

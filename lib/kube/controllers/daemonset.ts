/**
 * The DaemonSet controller: one Pod on each node that fits, replaced a few at a time when the
 * template changes.
 *
 * Spec: kubernetes pkg/controller/daemon, v1.36.
 * Not modelled: backoff of failed Pods.
 */
import { NS_PER_MS } from "../../base/units.ts";
import { matchesSelector } from "../api/labels.ts";
import type { DaemonSet, DaemonSetStatus, Pod } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerKey, controllerOf, type Informers } from "../informer.ts";
import type { ObjectIndex } from "../object-index.ts";
import { keyOf } from "../store.ts";
import { canAdopt, claim } from "./adoption.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { daemonPod, HASH_LABEL, hashOf, nodeOf, placement } from "./daemon-pods.ts";
import { type DaemonChange, type DaemonRoll, excessPods, nextOfRoll } from "./daemon-update.ts";
import { EventRecorder } from "./events.ts";
import { Expectations } from "./expectations.ts";
import { availableIn, byAge, isReady, isTerminal } from "./pods.ts";
import { adoptRevisions, currentRevision, trimRevisions } from "./revisions.ts";

const START_NS = 5 * NS_PER_MS;
/** Keeps a Pod on each node that a DaemonSet means. */
export class DaemonSetController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  /** Pods that nobody controls, by namespace. */
  readonly #orphans: ObjectIndex<Pod>;
  readonly #expectations = new Expectations();

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "daemon-set-controller");
    this.#events = new EventRecorder(server, "daemonset-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("DaemonSet", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Pod", ({ type, object, previous }) => {
      const key = controllerKey(object, "DaemonSet");
      const before = previous === null ? null : controllerKey(previous, "DaemonSet");
      if (before !== null && before !== key) this.#queue.add(before);
      if (key === null) {
        this.#addAdopters(object);
        return;
      }
      if (type === "ADDED" && previous === null) this.#expectations.created(key);
      if (type === "DELETED" || object.metadata.deletionTimestamp !== undefined) {
        this.#expectations.deleted(key, object.metadata.uid);
      }
      this.#queue.add(key);
    });
    this.#orphans = informers.index("Pod", (pod) =>
      controllerOf(pod) === null ? [pod.metadata.namespace ?? ""] : [],
    );
    informers.on("Node", ({ object, previous }) => {
      const same =
        previous !== null &&
        deepEqual(object.metadata.labels, previous.metadata.labels) &&
        deepEqual(object.spec, previous.spec);
      if (same) return;
      for (const set of informers.list("DaemonSet")) this.#queue.add(keyOf(set));
    });
  }

  #addAdopters(pod: Pod): void {
    for (const set of this.#informers.list("DaemonSet")) {
      if (canAdopt(set, pod) && matchesSelector(set.spec.selector, pod.metadata.labels))
        this.#queue.add(keyOf(set));
    }
  }

  *#sync(key: string): Sync {
    const set = this.#informers.get("DaemonSet", key);
    if (set === null) return;
    if (set.metadata.deletionTimestamp !== undefined) return;
    yield* adoptRevisions(this.#client, this.#informers, set);
    if (yield* this.#claimPods(set)) return;
    const revision = yield* currentRevision(this.#client, this.#informers, set, HASH_LABEL);
    const hash = revision.metadata.labels?.[HASH_LABEL] ?? "";
    if (this.#expectations.satisfied(key)) {
      yield* this.#manage(set, key, hash);
      if (this.#expectations.satisfied(key) && set.spec.updateStrategy.type === "RollingUpdate") {
        const nodes = this.#informers.list("Node").filter((node) => placement(set, node).shouldRun);
        yield* this.#change(set, key, hash, nextOfRoll(this.#rollOf(set, hash), nodes));
      }
      const live = new Set(this.#informers.owned("Pod", set.metadata.uid).map(hashOf));
      yield* trimRevisions(this.#client, this.#informers, set, ({ metadata }) => {
        const own = metadata.labels?.[HASH_LABEL] ?? "";
        return own === hash || live.has(own);
      });
    }
    yield* this.#writeStatus(set, hash);
  }

  /** Takes over and lets go Pods by their labels; true: the next sync, which sees it, goes on. */
  *#claimPods(set: DaemonSet): Sync<boolean> {
    const owned = this.#informers.owned("Pod", set.metadata.uid);
    const orphans = this.#orphans.list(set.metadata.namespace ?? "");
    return (yield* claim(this.#client, set, set.spec.selector, owned, orphans)) !== owned;
  }

  /** A Pod where one is missing; none where none should be, nor two. */
  *#manage(set: DaemonSet, key: string, hash: string): Sync {
    const roll = this.#rollOf(set, hash);
    const { pods } = roll;
    const missing: string[] = [];
    const surplus: Pod[] = [];
    for (const node of this.#informers.list("Node")) {
      const present = pods.get(node.metadata.name) ?? [];
      const { shouldRun, mayStay } = placement(set, node);
      const running = present.filter((pod) => pod.metadata.deletionTimestamp === undefined);
      if (shouldRun && present.length === 0) missing.push(node.metadata.name);
      else if (!mayStay) surplus.push(...running);
      else {
        surplus.push(...running.filter(isTerminal));
        const alive = running.filter((pod) => !isTerminal(pod)).sort(byAge);
        surplus.push(...excessPods(roll, alive));
      }
    }
    for (const [node, present] of pods) {
      if (this.#informers.get("Node", node) !== null) continue;
      // The Pod garbage collector ends those that were on the node.
      surplus.push(...present.filter(({ spec }) => spec.nodeName === undefined));
    }
    yield* this.#change(set, key, hash, { missing, surplus });
  }

  #rollOf(set: DaemonSet, hash: string): DaemonRoll {
    const isAvailable = (pod: Pod): boolean => this.#isAvailable(set, pod);
    return { set, hash, pods: this.#byNode(set), isAvailable };
  }

  *#change(set: DaemonSet, key: string, hash: string, { missing, surplus }: DaemonChange): Sync {
    if (missing.length === 0 && surplus.length === 0) return;
    this.#expectations.expect(
      key,
      missing.length,
      surplus.map(({ metadata }) => metadata.uid),
    );
    for (const node of missing) {
      const pod = yield* this.#client.create<Pod>(daemonPod(set, node, hash));
      this.#events.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
    }
    for (const pod of surplus) {
      yield* this.#client.delete("Pod", keyOf(pod));
      this.#events.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
    }
  }

  *#writeStatus(set: DaemonSet, hash: string): Sync {
    const status = this.#status(set, hash);
    if (deepEqual(status, set.status)) return;
    yield* this.#client.updateStatus<DaemonSet>({ ...set, status });
  }

  #status(set: DaemonSet, hash: string): DaemonSetStatus {
    const pods = this.#byNode(set);
    let desired = 0;
    let current = 0;
    let misscheduled = 0;
    let ready = 0;
    let available = 0;
    let updated = 0;
    for (const node of this.#informers.list("Node")) {
      const [pod] = (pods.get(node.metadata.name) ?? []).sort(byAge);
      if (!placement(set, node).shouldRun) {
        if (pod !== undefined) misscheduled += 1;
        continue;
      }
      desired += 1;
      if (pod === undefined) continue;
      current += 1;
      if (isReady(pod)) ready += 1;
      if (this.#isAvailable(set, pod)) available += 1;
      if (hashOf(pod) === hash) updated += 1;
    }
    return {
      ...set.status,
      currentNumberScheduled: current,
      desiredNumberScheduled: desired,
      numberMisscheduled: misscheduled,
      numberReady: ready,
      numberAvailable: available || undefined,
      numberUnavailable: desired - available || undefined,
      updatedNumberScheduled: updated || undefined,
      observedGeneration: set.metadata.generation,
    };
  }

  #isAvailable(set: DaemonSet, pod: Pod): boolean {
    const { now, server } = this.#client;
    const minReady = set.spec.minReadySeconds ?? 0;
    const wait = availableIn(pod, minReady, server.epochSeconds, now);
    if (wait !== null && wait > 0) this.#queue.addAfter(keyOf(set), wait);
    return wait !== null && wait <= 0;
  }

  /** The set's Pods by the node they are on or meant for; those that have ended are left out. */
  #byNode(set: DaemonSet): Map<string, Pod[]> {
    const pods = new Map<string, Pod[]>();
    for (const pod of this.#informers.owned("Pod", set.metadata.uid)) {
      if (isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined) continue;
      const node = nodeOf(pod);
      pods.set(node, [...(pods.get(node) ?? []), pod]);
    }
    return pods;
  }
}

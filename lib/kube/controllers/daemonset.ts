/**
 * The DaemonSet controller: one Pod on each node that fits, replaced a few at a time when the
 * template changes.
 *
 * Spec: kubernetes pkg/controller/daemon, v1.36.
 * Not modelled: backoff of failed Pods.
 */
import { NS_PER_MS } from "../../base/units.ts";
import type { DaemonSet, DaemonSetStatus, NewObject, Node, Pod, Toleration } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerKey, type Informers } from "../informer.ts";
import { fitsNodeAffinity, untolerated } from "../scheduler/node-fit.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { Expectations } from "./expectations.ts";
import {
  availableIn,
  byAge,
  isReady,
  isTerminal,
  podFromTemplate,
  resolveIntOrPercent,
} from "./pods.ts";
import { currentRevision, trimRevisions } from "./revisions.ts";

const START_NS = 5 * NS_PER_MS;
const HASH_LABEL = "controller-revision-hash";
const GENERATION_LABEL = "pod-template-generation";
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** Taints that no DaemonSet Pod minds. */
const TOLERATIONS: readonly Toleration[] = [
  ...["not-ready", "unreachable"].map((name) => tolerate(name, "NoExecute")),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((name) =>
    tolerate(name, "NoSchedule"),
  ),
];

function tolerate(name: string, effect: string): Toleration {
  return { effect, key: `node.kubernetes.io/${name}`, operator: "Exists" };
}

/** Keeps a Pod on each node that a DaemonSet means. */
export class DaemonSetController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  readonly #expectations = new Expectations();

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "daemon-set-controller");
    this.#events = new EventRecorder(server, "daemonset-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("DaemonSet", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Pod", ({ type, object, previous }) => {
      const key = controllerKey(object, "DaemonSet");
      if (key === null) return;
      if (type === "ADDED" && previous === null) this.#expectations.created(key);
      if (type === "DELETED" || object.metadata.deletionTimestamp !== undefined) {
        this.#expectations.deleted(key, object.metadata.uid);
      }
      this.#queue.add(key);
    });
    informers.on("Node", ({ object, previous }) => {
      const same =
        previous !== null &&
        deepEqual(object.metadata.labels, previous.metadata.labels) &&
        deepEqual(object.spec, previous.spec);
      if (same) return;
      for (const set of informers.list("DaemonSet")) this.#queue.add(keyOf(set));
    });
  }

  *#sync(key: string): Sync {
    const set = this.#informers.get("DaemonSet", key);
    if (set === null) return;
    if (set.metadata.deletionTimestamp !== undefined) return;
    const revision = yield* currentRevision(this.#client, this.#informers, set, HASH_LABEL);
    const hash = revision.metadata.labels?.[HASH_LABEL] ?? "";
    if (this.#expectations.satisfied(key)) {
      yield* this.#manage(set, key, hash);
      if (this.#expectations.satisfied(key) && set.spec.updateStrategy.type === "RollingUpdate") {
        yield* this.#roll(set, key, hash);
      }
      const live = new Set(this.#informers.owned("Pod", set.metadata.uid).map(hashOf));
      yield* trimRevisions(this.#client, this.#informers, set, ({ metadata }) => {
        const own = metadata.labels?.[HASH_LABEL] ?? "";
        return own === hash || live.has(own);
      });
    }
    yield* this.#writeStatus(set, hash);
  }

  /** A Pod where one is missing; none where none should be, nor two. */
  *#manage(set: DaemonSet, key: string, hash: string): Sync {
    const pods = this.#byNode(set);
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
        surplus.push(
          ...this.#excess(set, hash, running.filter((pod) => !isTerminal(pod)).sort(byAge)),
        );
      }
    }
    for (const [node, present] of pods) {
      if (this.#informers.get("Node", node) === null) surplus.push(...present);
    }
    yield* this.#change(set, key, hash, missing, surplus);
  }

  /** The Pods of one node that are too many, of those that run there, the oldest first. */
  #excess(set: DaemonSet, hash: string, running: readonly Pod[]): Pod[] {
    if (surgeOf(set, 1) === 0 || running.length <= 1) return running.slice(1);
    const [fresh, ...moreFresh] = running.filter((pod) => hashOf(pod) === hash);
    const [old, ...moreOld] = running.filter((pod) => hashOf(pod) !== hash);
    const excess = [...moreFresh, ...moreOld];
    if (fresh === undefined || old === undefined) return excess;
    return !isReady(old) || this.#isAvailable(set, fresh) ? [...excess, old] : excess;
  }

  *#roll(set: DaemonSet, key: string, hash: string): Sync {
    const nodes = this.#informers.list("Node").filter((node) => placement(set, node).shouldRun);
    const surge = surgeOf(set, nodes.length);
    if (surge > 0) {
      yield* this.#surge(set, key, hash, nodes, surge);
      return;
    }
    const most = Math.max(
      1,
      resolveIntOrPercent(
        set.spec.updateStrategy.rollingUpdate?.maxUnavailable,
        nodes.length,
        true,
      ),
    );
    const pods = this.#byNode(set);
    const broken: Pod[] = [];
    const candidates: Pod[] = [];
    let unavailable = 0;
    for (const node of nodes) {
      const present = (pods.get(node.metadata.name) ?? []).filter(
        ({ metadata }) => metadata.deletionTimestamp === undefined,
      );
      const [pod] = present;
      if (pod === undefined || present.length > 1) unavailable += 1;
      else if (hashOf(pod) === hash) unavailable += this.#isAvailable(set, pod) ? 0 : 1;
      else if (this.#isAvailable(set, pod)) candidates.push(pod);
      else broken.push(pod);
    }
    const room = Math.max(0, most - unavailable);
    yield* this.#change(set, key, hash, [], [...broken, ...candidates.slice(0, room)]);
  }

  /** New Pods beside the old ones, up to `most` at a time; an old one goes when its new one is up. */
  *#surge(set: DaemonSet, key: string, hash: string, nodes: readonly Node[], most: number): Sync {
    const pods = this.#byNode(set);
    const replaced: Pod[] = [];
    const wanted: string[] = [];
    const candidates: string[] = [];
    let surged = 0;
    for (const { metadata } of nodes) {
      const present = (pods.get(metadata.name) ?? []).filter((pod) => !isGoing(pod));
      const fresh = present.filter((pod) => hashOf(pod) === hash);
      const old = present.filter((pod) => hashOf(pod) !== hash);
      const [newPod] = fresh;
      const [oldPod] = old;
      if (fresh.length > 1 || old.length > 1) surged += 1;
      else if (oldPod === undefined) continue;
      else if (newPod === undefined) {
        (this.#isAvailable(set, oldPod) ? candidates : wanted).push(metadata.name);
      } else if (this.#isAvailable(set, newPod)) replaced.push(oldPod);
      else surged += 1;
    }
    const room = Math.max(0, most - surged);
    yield* this.#change(set, key, hash, [...wanted, ...candidates.slice(0, room)], replaced);
  }

  *#change(
    set: DaemonSet,
    key: string,
    hash: string,
    missing: readonly string[],
    surplus: readonly Pod[],
  ): Sync {
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

/** How many Pods a roll-out may add on nodes that have one. */
function surgeOf({ spec }: DaemonSet, nodes: number): number {
  return resolveIntOrPercent(spec.updateStrategy.rollingUpdate?.maxSurge, nodes, true);
}

function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function hashOf(pod: Pod): string {
  return pod.metadata.labels?.[HASH_LABEL] ?? "";
}

/** Where the Pod is, or where its affinity sends it. */
function nodeOf(pod: Pod): string {
  if (pod.spec.nodeName !== undefined) return pod.spec.nodeName;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? "";
}

/** Whether the set should have a Pod on the node, and whether one there may stay. */
function placement(
  set: DaemonSet,
  node: Node,
): { readonly shouldRun: boolean; readonly mayStay: boolean } {
  const { spec } = set.spec.template;
  const tolerations = [...(spec.tolerations ?? []), ...TOLERATIONS];
  if (!fitsNodeAffinity(spec, node)) return { shouldRun: false, mayStay: false };
  const schedulable = untolerated(tolerations, node, ["NoSchedule", "NoExecute"]) === null;
  const mayStay = untolerated(tolerations, node, ["NoExecute"]) === null;
  return { shouldRun: schedulable, mayStay };
}

function daemonPod(set: DaemonSet, node: string, hash: string): NewObject {
  const pod = podFromTemplate(set, set.spec.template);
  const { spec } = set.spec.template;
  const generation = set.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1";
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
  };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata.labels, [HASH_LABEL]: hash, [GENERATION_LABEL]: generation },
    },
    spec: {
      ...spec,
      affinity: { ...spec.affinity, nodeAffinity },
      tolerations: [...(spec.tolerations ?? []), ...TOLERATIONS],
    },
  };
}

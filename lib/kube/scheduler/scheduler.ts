/**
 * The scheduler: takes Pods without a node one after the other, filters the nodes, scores what is
 * left and binds the Pod to the best; of equals, one is drawn.
 *
 * Spec: kubernetes pkg/scheduler, v1.36.
 * Not modelled: volumes beyond their claims' being there, profiles, inter-Pod affinity's
 * preferences.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import type { Random, RandomStream } from "../../sim/random.ts";
import type { Budget } from "../api/eviction.ts";
import { matchesSelector } from "../api/labels.ts";
import type { ApiObject, Condition, LabelSelector, Pod, PodStatus } from "../api/types.ts";
import { ApiClient, type Sync } from "../controllers/client.ts";
import { type ControllerContext, WorkQueue } from "../controllers/controller.ts";
import { EventRecorder } from "../controllers/events.ts";
import { isTerminal } from "../controllers/pods.ts";
import { selectorOf } from "../controllers/replicaset.ts";
import { ServicePods } from "../controllers/service-pods.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { keyOf, objectKey } from "../store.ts";
import { type Demand, demandOf, refusalOf } from "./filters.ts";
import { PlacedPods } from "./placed-pods.ts";
import { NOT_HELPFUL, preemption, priorityOf, type Refused, unavailable } from "./preemption.ts";
import { type NodeInfo, nodeInfo } from "./resources.ts";
import { defaultWishes, type SpreadWish, scoreNodes } from "./scores.ts";

const START_NS = 2 * NS_PER_MS;
const COSTS = { requestNs: 3 * NS_PER_MS, queriesPerSecond: 50, burst: 100 };
const USER = "kube-scheduler";
/** The one key of the queue: Pods are taken one after the other. */
const TURN = "turn";

/** kube-scheduler: gives each Pod a node. */
export class PodScheduler {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  readonly #random: RandomStream;
  /** Pods that wait for a node, in the order in which they came. */
  readonly #waiting = new Set<string>();
  /** Pods for which there is none at present. */
  readonly #unschedulable = new Set<string>();
  /** Where Pods are, as far as the cache shows it. */
  readonly #placed = new PlacedPods();
  readonly #servicePods: ServicePods;
  /** Pods for which others go, and the nodes that they will be on, by key. */
  readonly #nominated = new Map<string, { readonly pod: Pod; readonly node: string }>();
  /** Nodes given to Pods whose binding the cache does not show yet. */
  readonly #assumed = new Map<string, string>();

  constructor({ scheduler, informers, server }: ControllerContext, random: Random) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, USER, COSTS);
    this.#events = new EventRecorder(server, "default-scheduler");
    this.#random = random.stream("scheduler:ties");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, () => this.#turn());
    this.#servicePods = new ServicePods(informers);
    informers.on("Pod", ({ type, object }) => this.#podChanged(type, object));
    informers.on("Node", () => this.#retry(0));
    informers.on("PersistentVolumeClaim", () => this.#retry(0));
  }

  #podChanged(type: string, pod: Pod): void {
    const key = keyOf(pod);
    const node = pod.spec.nodeName ?? this.#assumed.get(pod.metadata.uid) ?? null;
    this.#placed.put(pod, type === "DELETED" || isTerminal(pod) ? null : node);
    if (type === "DELETED" || pod.spec.nodeName !== undefined) {
      this.#assumed.delete(pod.metadata.uid);
      this.#waiting.delete(key);
      this.#nominated.delete(key);
      this.#unschedulable.delete(key);
      if (type === "DELETED" || isTerminal(pod)) this.#retry(NS_PER_S);
      return;
    }
    const isOurs = (pod.spec.schedulerName ?? "default-scheduler") === "default-scheduler";
    const isGated = (pod.spec.schedulingGates ?? []).length > 0;
    if (
      !isOurs ||
      isGated ||
      this.#unschedulable.has(key) ||
      pod.metadata.deletionTimestamp !== undefined
    )
      return;
    this.#waiting.add(key);
    this.#queue.add(TURN);
  }

  /** Something has changed: Pods without a node try again. */
  #retry(delay: Ns): void {
    if (this.#unschedulable.size === 0) return;
    for (const key of this.#unschedulable) this.#waiting.add(key);
    this.#unschedulable.clear();
    this.#queue.addAfter(TURN, delay);
  }

  *#turn(): Sync {
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      const pod = this.#informers.get("Pod", key);
      if (pod === null || pod.spec.nodeName !== undefined || this.#assumed.has(pod.metadata.uid))
        continue;
      yield* this.#place(pod, key);
    }
  }

  *#place(pod: Pod, key: string): Sync {
    const infos = this.#withNominated(pod, this.#placed.infos(this.#informers.list("Node")));
    const missing = missingClaim(this.#informers, pod);
    if (missing !== null) {
      const helpless = infos.map(() => NOT_HELPFUL);
      const head = `0/${infos.length} nodes are available: ${missing}.`;
      return yield* this.#report(
        pod,
        `${head}${afterFilters(unavailable(infos.length, helpless))}`,
      );
    }
    const refused: Refused[] = [];
    const wishes = this.#wishes(pod);
    const demand = demandOf(pod, infos, wishes.hard, this.#placed.hasAntiAffinity);
    const fitting = infos.filter((info) => {
      const refusal = refusalOf(demand, info, infos);
      if (refusal !== null) refused.push({ info, refusal });
      return refusal === null;
    });
    const chosen = this.#best(pod, fitting, wishes.soft);
    if (chosen === null) return yield* this.#preempt(demand, infos, refused);
    const { name } = chosen.node.metadata;
    this.#assumed.set(pod.metadata.uid, name);
    this.#nominated.delete(key);
    this.#placed.put(pod, name);
    yield* this.#client.bind(key, name);
    const full = `${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
    this.#events.event(pod, "Normal", "Scheduled", `Successfully assigned ${full} to ${name}`);
  }

  #best(pod: Pod, fitting: readonly NodeInfo[], wishes: readonly SpreadWish[]): NodeInfo | null {
    const scores = scoreNodes(pod, fitting, wishes);
    const most = Math.max(...scores);
    const best = fitting.filter((_, index) => scores[index] === most);
    return best[best.length > 1 ? this.#random.below(best.length) : 0] ?? null;
  }

  /** No node fits: Pods of lower priority go for it, if that helps. */
  *#preempt(demand: Demand, infos: readonly NodeInfo[], refused: readonly Refused[]): Sync {
    const { pod } = demand;
    if (refused.length === 0)
      return yield* this.#report(pod, "no nodes available to schedule pods");
    const list = this.#informers.list("PodDisruptionBudget") as readonly ApiObject[];
    const outcome = preemption(demand, infos, refused, list as readonly Budget[]);
    const reasons = refused.flatMap(({ refusal }) => refusal.reasons);
    const message = unavailable(refused.length, reasons);
    if (typeof outcome === "string")
      return yield* this.#report(pod, `${message}${afterFilters(outcome)}`);
    this.#nominated.set(keyOf(pod), { pod, node: outcome.node });
    yield* this.#report(pod, message, outcome.node);
    for (const victim of outcome.victims) yield* this.#evict(victim, pod, outcome.node);
  }

  *#evict(victim: Pod, preemptor: Pod, node: string): Sync {
    const scheduler = preemptor.spec.schedulerName ?? "default-scheduler";
    const condition: Condition = {
      type: "DisruptionTarget",
      observedGeneration: victim.metadata.generation,
      status: "True",
      reason: "PreemptionByScheduler",
      message: `${scheduler}: preempting to accommodate a higher priority pod`,
      lastProbeTime: null,
      lastTransitionTime: this.#client.time,
    };
    const key = keyOf(victim);
    yield* this.#client.patchStatus("Pod", key, (current) => withCondition(current, condition));
    yield* this.#client.delete("Pod", key);
    const why = `Preempted by pod ${preemptor.metadata.uid} on node ${node}`;
    this.#events.event(victim, "Normal", "Preempted", why);
  }

  /** The nodes, with the Pods of no lower priority for which others have gone there. */
  #withNominated(pod: Pod, infos: readonly NodeInfo[]): readonly NodeInfo[] {
    if (this.#nominated.size === 0) return infos;
    const key = keyOf(pod);
    const others = [...this.#nominated].filter(
      ([each, nominated]) => each !== key && priorityOf(nominated.pod) >= priorityOf(pod),
    );
    return infos.map((info) => {
      const coming = others.filter(([, { node }]) => node === info.node.metadata.name);
      if (coming.length === 0) return info;
      return nodeInfo(info.node, [...info.pods, ...coming.map(([, nominated]) => nominated.pod)]);
    });
  }

  /** Says that no node fits: a condition and an event. */
  *#report(pod: Pod, message: string, nominatedNodeName = pod.status.nominatedNodeName): Sync {
    const key = keyOf(pod);
    this.#unschedulable.add(key);
    this.#events.event(pod, "Warning", "FailedScheduling", message);
    const condition: Condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      observedGeneration: pod.metadata.generation,
      lastProbeTime: null,
      lastTransitionTime: this.#client.time,
    };
    yield* this.#client.patchStatus("Pod", key, (current) => ({
      ...withCondition(current, condition),
      nominatedNodeName,
    }));
  }

  #wishes(pod: Pod): { readonly hard: SpreadWish[]; readonly soft: SpreadWish[] } {
    const own = pod.spec.topologySpreadConstraints ?? [];
    const { namespace } = pod.metadata;
    const wish = ({ topologyKey, maxSkew, labelSelector }: (typeof own)[number]): SpreadWish => {
      const matches = (other: Pod): boolean =>
        other.metadata.namespace === namespace &&
        matchesSelector(labelSelector, other.metadata.labels);
      const matching = this.#placed.countByNode(namespace, labelSelector, matches);
      return { topologyKey, maxSkew, matchesItself: matches(pod), matching };
    };
    const hard = own
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule")
      .map(wish);
    if (own.length > 0) {
      return {
        hard,
        soft: own
          .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway")
          .map(wish),
      };
    }
    const services = this.#servicePods.servicesOf(pod);
    const owner = this.#ownerSelector(pod);
    const [service] = services;
    const selector = service === undefined ? owner : { matchLabels: service.spec.selector };
    const count = (matches: (other: Pod) => boolean) =>
      this.#placed.countByNode(namespace, selector ?? undefined, matches);
    return { hard, soft: defaultWishes(pod, services, owner, count) };
  }

  #ownerSelector(pod: Pod): LabelSelector | null {
    const owner = controllerOf(pod);
    if (owner === null) return null;
    const key = `${pod.metadata.namespace ?? ""}/${owner.name}`;
    if (owner.kind === "ReplicaSet" || owner.kind === "ReplicationController") {
      const set = this.#informers.get(owner.kind, key);
      return set === null ? null : selectorOf(set);
    }
    if (owner.kind === "StatefulSet")
      return this.#informers.get("StatefulSet", key)?.spec.selector ?? null;
    return null;
  }
}

/** The status with a condition put last. */
function withCondition({ status }: Pod, condition: Condition): PodStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...status, conditions: [...others, condition] };
}

/** What the plugins say that are asked when no node fits. */
function afterFilters(preempted: string): string {
  return ` no new claims to deallocate, preemption: ${preempted}`;
}

/** What is said of a claim of the Pod that is not there, or is going; null: they are all there. */
function missingClaim(informers: Informers, { metadata, spec }: Pod): string | null {
  for (const volume of spec.volumes ?? []) {
    const source = volume["persistentVolumeClaim"] as { readonly claimName?: string } | undefined;
    if (source?.claimName === undefined) continue;
    const claim = informers.get(
      "PersistentVolumeClaim",
      objectKey(metadata.namespace, source.claimName),
    );
    const name = `persistentvolumeclaim "${source.claimName}"`;
    if (claim === null) return `${name} not found`;
    if (claim.metadata.deletionTimestamp !== undefined) return `${name} is being deleted`;
  }
  return null;
}

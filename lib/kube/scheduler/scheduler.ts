/**
 * The scheduler: takes Pods without a node one after the other, filters the nodes, scores what is
 * left and binds the Pod to the best; of equals, one is drawn.
 *
 * Spec: kubernetes pkg/scheduler, v1.36.
 * Not modelled: preemption, volumes, profiles, inter-Pod affinity's preferences.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import type { Random, RandomStream } from "../../sim/random.ts";
import { matchesSelector } from "../api/labels.ts";
import type { Condition, LabelSelector, Pod } from "../api/types.ts";
import { ApiClient, type Sync } from "../controllers/client.ts";
import { type ControllerContext, WorkQueue } from "../controllers/controller.ts";
import { EventRecorder } from "../controllers/events.ts";
import { isTerminal } from "../controllers/pods.ts";
import { selectorOf } from "../controllers/replicaset.ts";
import { ServicePods } from "../controllers/service-pods.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { compareNames } from "../objects.ts";
import { keyOf } from "../store.ts";
import { demandOf, type Refusal, refusalOf } from "./filters.ts";
import { PlacedPods } from "./placed-pods.ts";
import type { NodeInfo } from "./resources.ts";
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
  }

  #podChanged(type: string, pod: Pod): void {
    const key = keyOf(pod);
    const node = pod.spec.nodeName ?? this.#assumed.get(pod.metadata.uid) ?? null;
    this.#placed.put(pod, type === "DELETED" || isTerminal(pod) ? null : node);
    if (type === "DELETED" || pod.spec.nodeName !== undefined) {
      this.#assumed.delete(pod.metadata.uid);
      this.#waiting.delete(key);
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
    const infos = this.#placed.infos(this.#informers.list("Node"));
    const refusals: Refusal[] = [];
    const wishes = this.#wishes(pod);
    const demand = demandOf(pod, infos, wishes.hard, this.#placed.hasAntiAffinity);
    const fitting = infos.filter((info) => {
      const refusal = refusalOf(demand, info, infos);
      if (refusal !== null) refusals.push(refusal);
      return refusal === null;
    });
    const chosen = this.#best(pod, fitting, wishes.soft);
    if (chosen === null) return yield* this.#report(pod, key, refusals);
    const { name } = chosen.node.metadata;
    this.#assumed.set(pod.metadata.uid, name);
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

  /** Says that no node fits: a condition and an event. */
  *#report(pod: Pod, key: string, refusals: readonly Refusal[]): Sync {
    this.#unschedulable.add(key);
    const message = unschedulableMessage(refusals);
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
      ...current.status,
      conditions: [
        ...(current.status.conditions ?? []).filter(({ type }) => type !== "PodScheduled"),
        condition,
      ],
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

/** `0/3 nodes are available: 3 node(s) …`, with what is said of preemption. */
function unschedulableMessage(refusals: readonly Refusal[]): string {
  const total = refusals.length;
  if (total === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reason of refusals.flatMap(({ reasons }) => reasons)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareNames);
  const helpless = refusals.filter(({ isHelpless }) => isHelpless).length;
  const victims: string[] = [];
  if (total > helpless) {
    victims.push(`${total - helpless} No preemption victims found for incoming pod`);
  }
  if (helpless > 0) victims.push(`${helpless} Preemption is not helpful for scheduling`);
  const head = `0/${total} nodes are available`;
  return `${head}: ${reasons.join(", ")}. no new claims to deallocate, preemption: ${head}: ${victims.sort(compareNames).join(", ")}.`;
}

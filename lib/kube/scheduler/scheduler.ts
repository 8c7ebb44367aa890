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
import type { Condition, LabelSelector, Pod, PodAffinityTerm } from "../api/types.ts";
import { ApiClient, type Sync } from "../controllers/client.ts";
import { type ControllerContext, WorkQueue } from "../controllers/controller.ts";
import { EventRecorder } from "../controllers/events.ts";
import { isTerminal } from "../controllers/pods.ts";
import { ServicePods } from "../controllers/service-pods.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { compareNames } from "../objects.ts";
import { keyOf } from "../store.ts";
import {
  allocatableOf,
  fitsNodeAffinity,
  hostPortsOf,
  requestsOf,
  takeSamePort,
  untolerated,
} from "./node-fit.ts";
import { antiAffinityOf, PlacedPods } from "./placed-pods.ts";
import {
  defaultWishes,
  domainCounts,
  type NodeInfo,
  type SpreadWish,
  scoreNodes,
} from "./scores.ts";

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
    if (!isOurs || this.#unschedulable.has(key) || pod.metadata.deletionTimestamp !== undefined)
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
    const refusals = new Map<string, number>();
    const wishes = this.#wishes(pod);
    const fitting = infos.filter((info) => {
      const refusal = this.#refusal(pod, info, infos, wishes);
      if (refusal !== null) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
      return refusal === null;
    });
    const chosen = this.#best(pod, fitting, wishes.soft);
    if (chosen === null) return yield* this.#report(pod, key, infos.length, refusals);
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
  *#report(pod: Pod, key: string, total: number, refusals: ReadonlyMap<string, number>): Sync {
    this.#unschedulable.add(key);
    const message = unschedulableMessage(total, refusals);
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
    const wish = (constraint: (typeof own)[number]): SpreadWish => ({
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      matches: (other) =>
        other.metadata.namespace === pod.metadata.namespace &&
        matchesSelector(constraint.labelSelector, other.metadata.labels),
      candidates: this.#placed.candidates(pod.metadata.namespace, constraint.labelSelector),
    });
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
    const candidates = this.#placed.candidates(pod.metadata.namespace, selector ?? undefined);
    return { hard, soft: defaultWishes(pod, services, owner, candidates) };
  }

  #ownerSelector(pod: Pod): LabelSelector | null {
    const owner = controllerOf(pod);
    if (owner === null) return null;
    const key = `${pod.metadata.namespace ?? ""}/${owner.name}`;
    if (owner.kind === "ReplicaSet")
      return this.#informers.get("ReplicaSet", key)?.spec.selector ?? null;
    if (owner.kind === "StatefulSet")
      return this.#informers.get("StatefulSet", key)?.spec.selector ?? null;
    return null;
  }

  /** Why the node does not fit, or null. */
  #refusal(
    pod: Pod,
    info: NodeInfo,
    all: readonly NodeInfo[],
    wishes: { readonly hard: readonly SpreadWish[] },
  ): string | null {
    const { node, pods } = info;
    if (
      node.spec.unschedulable === true &&
      untolerated(pod.spec.tolerations, node, ["NoSchedule"])?.key ===
        "node.kubernetes.io/unschedulable"
    ) {
      return "node(s) were unschedulable";
    }
    const taint = untolerated(pod.spec.tolerations, node, ["NoSchedule", "NoExecute"]);
    if (taint !== null) {
      return `node(s) had untolerated taint(s)`;
    }
    if (!fitsNodeAffinity(pod.spec, node))
      return "node(s) didn't match Pod's node affinity/selector";
    const ports = hostPortsOf(pod);
    const isTaken = (other: Pod) => takeSamePort(ports, hostPortsOf(other));
    if (ports.length > 0 && pods.some(isTaken)) {
      return "node(s) didn't have free ports for the requested pod ports";
    }
    return (
      lackOfResources(pod, info) ??
      unevenness(pod, info, all, wishes.hard) ??
      this.#antiAffinity(pod, info, all)
    );
  }

  #antiAffinity(pod: Pod, { node }: NodeInfo, all: readonly NodeInfo[]): string | null {
    const neighbours = (term: PodAffinityTerm) => {
      const domain = node.metadata.labels?.[term.topologyKey];
      if (domain === undefined) return [];
      return all
        .filter((other) => other.node.metadata.labels?.[term.topologyKey] === domain)
        .flatMap((other) => other.pods);
    };
    const matches = (term: PodAffinityTerm, other: Pod, namespace: string | undefined) =>
      (term.namespaces ?? [namespace ?? ""]).includes(other.metadata.namespace ?? "") &&
      matchesSelector(term.labelSelector, other.metadata.labels);
    const { namespace } = pod.metadata;
    const wanted =
      pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    if (pod.spec.affinity === undefined && !this.#placed.hasAntiAffinity) return null;
    const everywhere = all.flatMap(({ pods }) => pods);
    for (const term of wanted) {
      const isFirst =
        !everywhere.some((other) => matches(term, other, namespace)) &&
        matches(term, pod, namespace);
      if (!isFirst && !neighbours(term).some((other) => matches(term, other, namespace))) {
        return "node(s) didn't match pod affinity rules";
      }
    }
    const refused = antiAffinityOf(pod);
    if (refused.some((term) => neighbours(term).some((other) => matches(term, other, namespace)))) {
      return "node(s) didn't match pod anti-affinity rules";
    }
    const minded = everywhere.some((other) =>
      antiAffinityOf(other).some(
        (term) => matches(term, pod, other.metadata.namespace) && neighbours(term).includes(other),
      ),
    );
    return minded ? "node(s) didn't satisfy existing pods anti-affinity rules" : null;
  }
}

function lackOfResources(pod: Pod, { node, pods }: NodeInfo): string | null {
  const has = allocatableOf(node);
  if (pods.length + 1 > has.pods) return "Too many pods";
  const wanted = requestsOf(pod);
  if (wanted.cpu === 0 && wanted.memory === 0) return null;
  let cpu = wanted.cpu;
  let memory = wanted.memory;
  for (const other of pods) {
    const used = requestsOf(other);
    cpu += used.cpu;
    memory += used.memory;
  }
  if (wanted.cpu > 0 && cpu > has.cpu) return "Insufficient cpu";
  return wanted.memory > 0 && memory > has.memory ? "Insufficient memory" : null;
}

function unevenness(
  pod: Pod,
  { node }: NodeInfo,
  all: readonly NodeInfo[],
  wishes: readonly SpreadWish[],
): string | null {
  for (const wish of wishes) {
    const domain = node.metadata.labels?.[wish.topologyKey];
    if (domain === undefined)
      return "node(s) didn't match pod topology spread constraints (missing required label)";
    const eligible = all.filter((info) => fitsNodeAffinity(pod.spec, info.node));
    const counts = domainCounts(eligible, wish);
    const self = wish.matches(pod) ? 1 : 0;
    const skew = (counts.get(domain) ?? 0) + self - Math.min(...counts.values());
    if (skew > wish.maxSkew) return "node(s) didn't match pod topology spread constraints";
  }
  return null;
}

/** `0/3 nodes are available: 3 node(s) …`, with what is said of preemption. */
function unschedulableMessage(total: number, refusals: ReadonlyMap<string, number>): string {
  if (total === 0) return "no nodes available to schedule pods";
  const reasons = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort(compareNames);
  const resolvable =
    /^(Insufficient|Too many)|anti-affinity|topology spread constraints$|free ports/;
  const helped = [...refusals]
    .filter(([reason]) => resolvable.test(reason))
    .reduce((sum, [, count]) => sum + count, 0);
  const victims: string[] = [];
  if (helped > 0) victims.push(`${helped} No preemption victims found for incoming pod`);
  if (total > helped) victims.push(`${total - helped} Preemption is not helpful for scheduling`);
  const head = `0/${total} nodes are available`;
  return `${head}: ${reasons.join(", ")}. no new claims to deallocate, preemption: ${head}: ${victims.sort(compareNames).join(", ")}.`;
}

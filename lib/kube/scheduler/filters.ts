/**
 * Which nodes a Pod fits at all, and why it does not fit the others.
 *
 * Spec: kubernetes pkg/scheduler/framework/plugins (nodeunschedulable, tainttoleration,
 * nodeaffinity, nodeports, noderesources, podtopologyspread, interpodaffinity; PreFilter, Filter),
 * v1.36.
 */
import { matchesSelector } from "../api/labels.ts";
import type { Node, Pod, PodAffinityTerm } from "../api/types.ts";
import {
  fitsNodeAffinity,
  type HostPort,
  hostPortsOf,
  takeSamePort,
  untolerated,
} from "./node-fit.ts";
import { antiAffinityOf } from "./placed-pods.ts";
import { lacksOf, type NodeInfo, type Requests, requestsOf } from "./resources.ts";
import { domainCounts, type SpreadWish } from "./scores.ts";

/** Effects of taints. */
const REFUSING = ["NoSchedule"];
const REPELLING = ["NoSchedule", "NoExecute"];

/** Why a node does not fit. */
export interface Refusal {
  readonly reasons: readonly string[];
  /** It would not help if Pods there went away. */
  readonly isHelpless: boolean;
}

/** What of a Pod decides where it fits: read once, for all nodes. */
export interface Demand {
  readonly pod: Pod;
  readonly requests: Requests;
  readonly ports: readonly HostPort[];
  readonly spreads: readonly Spread[];
  /** Whether other Pods' nearness counts for anything. */
  readonly mindsOthers: boolean;
}

/** A wish to spread that must be fulfilled, and how its Pods lie now. */
interface Spread {
  readonly wish: SpreadWish;
  /** By the value of the topology's label. */
  readonly counts: ReadonlyMap<string, number>;
  readonly least: number;
}

/** `isMinded`: whether Pods are about that keep others away. */
export function demandOf(
  pod: Pod,
  nodes: readonly NodeInfo[],
  hard: readonly SpreadWish[],
  isMinded: boolean,
): Demand {
  const spreads = hard.map((wish) => {
    const eligible = nodes.filter(({ node }) => fitsNodeAffinity(pod.spec, node));
    const counts = domainCounts(eligible, wish);
    return { wish, counts, least: Math.min(...counts.values()) };
  });
  return {
    pod,
    requests: requestsOf(pod),
    ports: hostPortsOf(pod),
    spreads,
    mindsOthers: isMinded || pod.spec.affinity !== undefined,
  };
}

/** Why the node does not fit, or null. */
export function refusalOf(
  demand: Demand,
  info: NodeInfo,
  all: readonly NodeInfo[],
): Refusal | null {
  const reason = misfit(demand, info);
  if (reason !== null) return refusal(reason);
  const lacks = lacksOf(demand.requests, info);
  if (lacks.length > 0) {
    const reasons = lacks.map((lack) => lack.reason);
    return { reasons, isHelpless: lacks.some(({ isForGood }) => isForGood) };
  }
  const { pod, mindsOthers } = demand;
  const other =
    unevenness(demand, info.node) ?? (mindsOthers ? unwanted(pod, info.node, all) : null);
  return other === null ? null : refusal(other);
}

/** What may be otherwise once Pods have gone from the node. */
const MAY_CHANGE = /anti-affinity|topology spread constraints$|free ports/;

function refusal(reason: string): Refusal {
  return { reasons: [reason], isHelpless: !MAY_CHANGE.test(reason) };
}

/** Why the node would not fit either if there were more of it, or null. */
function misfit({ pod, ports }: Demand, { node, pods }: NodeInfo): string | null {
  const { tolerations } = pod.spec;
  if (
    node.spec.unschedulable === true &&
    untolerated(tolerations, node, REFUSING)?.key === "node.kubernetes.io/unschedulable"
  ) {
    return "node(s) were unschedulable";
  }
  if (untolerated(tolerations, node, REPELLING) !== null) {
    return "node(s) had untolerated taint(s)";
  }
  if (!fitsNodeAffinity(pod.spec, node)) {
    return "node(s) didn't match Pod's node affinity/selector";
  }
  return ports.length > 0 && arePortsTaken(ports, pods)
    ? "node(s) didn't have free ports for the requested pod ports"
    : null;
}

function arePortsTaken(ports: readonly HostPort[], pods: readonly Pod[]): boolean {
  return pods.some((other) => takeSamePort(ports, hostPortsOf(other)));
}

function unevenness({ spreads }: Demand, { metadata }: Node): string | null {
  for (const { wish, counts, least } of spreads) {
    const domain = metadata.labels?.[wish.topologyKey];
    if (domain === undefined) {
      return "node(s) didn't match pod topology spread constraints (missing required label)";
    }
    const self = wish.matchesItself ? 1 : 0;
    const skew = (counts.get(domain) ?? 0) + self - least;
    if (skew > wish.maxSkew) return "node(s) didn't match pod topology spread constraints";
  }
  return null;
}

/** Why the Pod must not be near those that are there, or not without those that are not. */
function unwanted(pod: Pod, node: Node, all: readonly NodeInfo[]): string | null {
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
  const everywhere = all.flatMap(({ pods }) => pods);
  for (const term of wanted) {
    const isFirst =
      !everywhere.some((other) => matches(term, other, namespace)) && matches(term, pod, namespace);
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

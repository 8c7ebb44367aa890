/**
 * Which of the nodes that fit is best: each plugin gives 0 to 100, its weight counts.
 *
 * Spec: kubernetes pkg/scheduler default plugins and weights, v1.36.
 * Not modelled: inter-Pod preference, images on the node.
 */
import { matchesLabels, matchesSelector } from "../api/labels.ts";
import type { LabelSelector, Node, Pod, Service } from "../api/types.ts";
import { ZONE_LABEL } from "../objects.ts";
import { isTolerated, matchesTerm, taintsOf } from "./node-fit.ts";
import { type NodeInfo, type Resources, requestsOf } from "./resources.ts";

const HOSTNAME = "kubernetes.io/hostname";
const MAX_SCORE = 100;

/** A wish to spread: over which label's values, and how much unevenness is nothing. */
export interface SpreadWish {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Whether the Pod is among those that are spread. */
  readonly matchesItself: boolean;
  /** How many of them are on a node, by its name. */
  readonly matching: ReadonlyMap<string, number>;
}

/** The sum of all scores of each node, in the order of `nodes`. */
export function scoreNodes(
  pod: Pod,
  nodes: readonly NodeInfo[],
  wishes: readonly SpreadWish[],
): number[] {
  const spread = spreadScores(nodes, wishes);
  const taints = reversed(nodes.map(({ node }) => avoidedTaints(pod, node)));
  const affinity = normalized(nodes.map(({ node }) => preference(pod, node)));
  const { scored } = requestsOf(pod);
  return nodes.map((info, index) => {
    const own = 2 * (spread[index] ?? 0) + 3 * (taints[index] ?? 0) + 2 * (affinity[index] ?? 0);
    const used = fractions(scored, info);
    return own + leastAllocated(used) + balanced(used);
  });
}

/**
 * The wishes of a Pod that has none of its own: over nodes and zones, with its like. `services` are
 * those that select it; `count` says how many Pods of its namespace match on each node.
 */
export function defaultWishes(
  pod: Pod,
  services: readonly Service[],
  owner: LabelSelector | null,
  count: (matches: (pod: Pod) => boolean) => ReadonlyMap<string, number>,
): SpreadWish[] {
  const selectors = services.map(({ spec }) => spec.selector ?? {});
  if (selectors.length === 0 && owner === null) return [];
  const matches = (other: Pod) =>
    other.metadata.namespace === pod.metadata.namespace &&
    selectors.every((selector) => matchesLabels(selector, other.metadata.labels)) &&
    (owner === null || matchesSelector(owner, other.metadata.labels));
  const common = { matchesItself: matches(pod), matching: count(matches) };
  return [
    { topologyKey: HOSTNAME, maxSkew: 3, ...common },
    { topologyKey: ZONE_LABEL, maxSkew: 5, ...common },
  ];
}

/** Fewer of the Pod's like in a node's domain is better. */
function spreadScores(nodes: readonly NodeInfo[], wishes: readonly SpreadWish[]): number[] {
  if (wishes.length === 0) return nodes.map(() => 0);
  const raw = nodes.map(() => 0);
  for (const wish of wishes) {
    const counts = domainCounts(nodes, wish);
    const weight = logarithm(counts.size + 2);
    nodes.forEach(({ node }, index) => {
      const domain = node.metadata.labels?.[wish.topologyKey];
      if (domain === undefined) return;
      raw[index] = (raw[index] ?? 0) + (counts.get(domain) ?? 0) * weight + (wish.maxSkew - 1);
    });
  }
  const rounded = raw.map(Math.round);
  const most = Math.max(...rounded);
  const least = Math.min(...rounded);
  return rounded.map((score) =>
    most === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (most + least - score)) / most),
  );
}

/** Pods that match, by the value of the topology's label. */
export function domainCounts(
  nodes: readonly NodeInfo[],
  { topologyKey, matching }: SpreadWish,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of nodes) {
    const domain = node.metadata.labels?.[topologyKey];
    if (domain === undefined) continue;
    const here = matching.get(node.metadata.name) ?? 0;
    counts.set(domain, (counts.get(domain) ?? 0) + here);
  }
  return counts;
}

/** Shares of a node's CPU and memory. */
interface Fractions {
  readonly cpu: number;
  readonly memory: number;
}

function leastAllocated({ cpu, memory }: Fractions): number {
  const score = (fraction: number) => (fraction > 1 ? 0 : Math.floor((1 - fraction) * MAX_SCORE));
  return Math.floor((score(cpu) + score(memory)) / 2);
}

function balanced({ cpu, memory }: Fractions): number {
  const deviation = Math.abs(Math.min(1, cpu) - Math.min(1, memory)) / 2;
  return Math.floor((1 - deviation) * MAX_SCORE);
}

/** What is asked for on the node with one more Pod there. */
function fractions(own: Resources, { allocatable: has, asked }: NodeInfo): Fractions {
  return { cpu: (asked.cpu + own.cpu) / has.cpu, memory: (asked.memory + own.memory) / has.memory };
}

function avoidedTaints(pod: Pod, node: Node): number {
  let count = 0;
  for (const taint of taintsOf(node)) {
    const isAvoided = taint.effect === "PreferNoSchedule";
    if (isAvoided && !isTolerated(taint, pod.spec.tolerations)) count += 1;
  }
  return count;
}

function preference(pod: Pod, node: Node): number {
  const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  if (terms === undefined) return 0;
  let sum = 0;
  for (const { weight, preference: term } of terms) if (matchesTerm(term, node)) sum += weight;
  return sum;
}

function normalized(scores: readonly number[]): number[] {
  const most = Math.max(0, ...scores);
  return scores.map((score) => (most === 0 ? 0 : Math.floor((MAX_SCORE * score) / most)));
}

function reversed(scores: readonly number[]): number[] {
  const most = Math.max(0, ...scores);
  return scores.map(
    (score) => MAX_SCORE - (most === 0 ? 0 : Math.floor((MAX_SCORE * score) / most)),
  );
}

/** The natural logarithm by its series, so that every machine has the same digits. */
function logarithm(value: number): number {
  const ratio = (value - 1) / (value + 1);
  let power = ratio;
  let sum = 0;
  for (let term = 1; term < 400; term += 2) {
    sum += power / term;
    power *= ratio * ratio;
  }
  return 2 * sum;
}

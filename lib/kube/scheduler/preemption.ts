/**
 * Preemption: for a Pod that fits nowhere, Pods of lower priority go from the node where the least
 * is lost by it.
 *
 * Spec: kubernetes pkg/scheduler/framework/preemption, plugins/defaultpreemption, v1.36.
 * Not modelled: victims in the counts of topology spread constraints; only part of the nodes being
 * looked at in a large cluster.
 */
import { type Budget, covers } from "../api/eviction.ts";
import type { Pod } from "../api/types.ts";
import { compareNames } from "../objects.ts";
import { type Demand, type Refusal, refusalOf } from "./filters.ts";
import { type NodeInfo, nodeInfo } from "./resources.ts";

/** What is said of a node that would not fit without its Pods either. */
export const NOT_HELPFUL = "Preemption is not helpful for scheduling";

/** A node, and why a Pod does not fit there. */
export interface Refused {
  readonly info: NodeInfo;
  readonly refusal: Refusal;
}

/** A node that fits once its victims are gone. */
interface Candidate {
  readonly node: string;
  /** The most important first. */
  readonly victims: readonly Pod[];
  /** How many of them their budgets would keep. */
  readonly violations: number;
}

/** What preemption comes to: a node and its victims, or what is said of there being none. */
export type Preemption = Candidate | string;

/** The priority of a Pod. */
export function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}

/** Looks for victims. `infos` are all nodes, `refused` those with the reasons, alike. */
export function preemption(
  demand: Demand,
  infos: readonly NodeInfo[],
  refused: readonly Refused[],
  budgets: readonly Budget[],
): Preemption {
  const { pod } = demand;
  if (pod.spec.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = infos.find(({ node }) => node.metadata.name === pod.status.nominatedNodeName);
  if (nominated?.pods.some((other) => isLower(other, pod) && isGoing(other)) === true)
    return "not eligible due to a terminating pod on the nominated node.";
  const candidates: Candidate[] = [];
  const reasons: string[] = [];
  for (const { info, refusal } of refused) {
    if (refusal.isHelpless) {
      reasons.push(NOT_HELPFUL);
      continue;
    }
    const found = victimsOn(demand, info, infos, budgets);
    if ("victims" in found) candidates.push(found);
    else reasons.push(...found);
  }
  return candidates.sort(leastLost)[0] ?? unavailable(refused.length, reasons);
}

/** `0/3 nodes are available: 3 …`, the reasons counted. */
export function unavailable(total: number, reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareNames);
  return `0/${total} nodes are available: ${texts.join(", ")}.`;
}

/** The fewest Pods of the node that have to go; or why it does not help that they go. */
function victimsOn(
  demand: Demand,
  info: NodeInfo,
  infos: readonly NodeInfo[],
  budgets: readonly Budget[],
): Candidate | readonly string[] {
  const { pod } = demand;
  const lower = info.pods.filter((other) => isLower(other, pod));
  if (lower.length === 0) return ["No preemption victims found for incoming pod"];
  const staying = info.pods.filter((other) => !isLower(other, pod));
  const why = refusalWith(demand, info, staying, infos);
  if (why !== null) return why.reasons;
  const kept = keptByBudgets(lower, budgets);
  const inOrder = [...lower].sort(moreImportant);
  const victims: Pod[] = [];
  let violations = 0;
  // Those that a budget keeps are spared first.
  for (const other of [
    ...inOrder.filter((each) => kept.has(each)),
    ...inOrder.filter((each) => !kept.has(each)),
  ]) {
    if (refusalWith(demand, info, [...staying, other], infos) === null) {
      staying.push(other);
      continue;
    }
    victims.push(other);
    if (kept.has(other)) violations += 1;
  }
  return { node: info.node.metadata.name, victims: victims.sort(moreImportant), violations };
}

function refusalWith(
  demand: Demand,
  info: NodeInfo,
  pods: readonly Pod[],
  infos: readonly NodeInfo[],
): Refusal | null {
  const changed = nodeInfo(info.node, pods);
  return refusalOf(
    demand,
    changed,
    infos.map((each) => (each === info ? changed : each)),
  );
}

/** The Pods whose end some budget would not allow, if the others were gone before. */
function keptByBudgets(pods: readonly Pod[], budgets: readonly Budget[]): ReadonlySet<Pod> {
  const room = new Map(budgets.map((each) => [each, each.status?.disruptionsAllowed ?? 0]));
  const kept = new Set<Pod>();
  for (const pod of [...pods].sort(moreImportant)) {
    for (const [budget, left] of room) {
      if (!covers(budget, pod)) continue;
      room.set(budget, left - 1);
      if (left <= 0) kept.add(pod);
    }
  }
  return kept;
}

function isLower(other: Pod, pod: Pod): boolean {
  return priorityOf(other) < priorityOf(pod);
}

function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Higher priority first; of equals the one that has run for longer. */
function moreImportant(a: Pod, b: Pod): number {
  return priorityOf(b) - priorityOf(a) || compareNames(startOf(a), startOf(b));
}

/** When it started; those that have not come last. */
function startOf({ status }: Pod): string {
  return status.startTime ?? "~";
}

/**
 * Fewest broken budgets, then the lowest of the highest priorities, the lowest sum of them, the
 * fewest victims, the one whose most important victim started last.
 */
function leastLost(a: Candidate, b: Candidate): number {
  const highest = ({ victims: [first] }: Candidate) =>
    first === undefined ? 0 : priorityOf(first);
  // As if they were all above zero, so that many Pods of low priority count for more than few.
  const sum = ({ victims }: Candidate) =>
    victims.reduce((total, pod) => total + priorityOf(pod) + 2 ** 31, 0);
  const earliest = ({ victims: [first] }: Candidate) => (first === undefined ? "" : startOf(first));
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    compareNames(earliest(b), earliest(a))
  );
}

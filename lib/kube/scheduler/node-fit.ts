/**
 * Whether a node fits a Pod: selectors, affinity, taints, host ports.
 *
 * Spec: kubernetes pkg/scheduler/framework/plugins (nodeaffinity, tainttoleration, nodeports),
 * component-helpers, v1.36.
 */
import { matchesLabels, matchesRequirement } from "../api/labels.ts";
import type {
  Node,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  StringMap,
  Taint,
  Toleration,
} from "../api/types.ts";

/** Whether nodeSelector and required node affinity let the Pod onto the node. */
export function fitsNodeAffinity(spec: PodSpec, node: Node): boolean {
  if (!matchesLabels(spec.nodeSelector ?? NO_LABELS, node.metadata.labels)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
  );
}

/** Whether all of a term holds for the node; an empty one holds for none. */
export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesRequirement(requirement, node.metadata.labels)) &&
    fields.every((requirement) =>
      matchesRequirement(requirement, { "metadata.name": node.metadata.name }),
    )
  );
}

const NO_TAINTS: readonly Taint[] = [];
const NO_LABELS: StringMap = {};

/** The node's taints, with the one that cordoning stands for. */
export function taintsOf(node: Node): readonly Taint[] {
  const taints = node.spec.taints ?? NO_TAINTS;
  const cordon = "node.kubernetes.io/unschedulable";
  if (node.spec.unschedulable !== true || taints.some(({ key }) => key === cordon)) return taints;
  return [...taints, { key: cordon, effect: "NoSchedule" }];
}

/** The first of the node's taints with one of these effects that is not tolerated, or null. */
export function untolerated(
  tolerations: readonly Toleration[] | undefined,
  node: Node,
  effects: readonly string[],
): Taint | null {
  for (const taint of taintsOf(node)) {
    if (effects.includes(taint.effect) && !isTolerated(taint, tolerations)) return taint;
  }
  return null;
}

/** Whether one of the tolerations is about the taint. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[] | undefined): boolean {
  return tolerations?.some((each) => tolerates(each, taint)) === true;
}

/** Whether a toleration is about the taint. */
export function tolerates(
  { key = "", operator, value, effect }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  if (operator === "Exists") return true;
  return (operator ?? "Equal") === "Equal" && key !== "" && (value ?? "") === (taint.value ?? "");
}

const ports = new WeakMap<PodSpec, readonly HostPort[]>();

/** A port that a Pod takes on its node, at one address or at all (0.0.0.0). */
export interface HostPort {
  readonly protocol: string;
  readonly port: number;
  readonly address: string;
}

const ANY_ADDRESS = "0.0.0.0";

/** Host ports that a Pod takes: those of its containers and sidecars. */
export function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  const known = ports.get(spec);
  if (known !== undefined) return known;
  const sidecars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === "Always",
  );
  const taken = [...spec.containers, ...sidecars].flatMap(({ ports: own = [] }) =>
    own.flatMap(({ hostPort = 0, protocol = "TCP", hostIP = "" }) =>
      hostPort === 0 ? [] : [{ protocol, port: hostPort, address: hostIP || ANY_ADDRESS }],
    ),
  );
  ports.set(spec, taken);
  return taken;
}

/** Whether two Pods on one node would take the same port. */
export function takeSamePort(one: readonly HostPort[], other: readonly HostPort[]): boolean {
  return one.some((mine) =>
    other.some(
      ({ protocol, port, address }) =>
        mine.protocol === protocol &&
        mine.port === port &&
        (mine.address === address || mine.address === ANY_ADDRESS || address === ANY_ADDRESS),
    ),
  );
}

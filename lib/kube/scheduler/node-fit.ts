/**
 * Whether a node fits a Pod: selectors, affinity, taints, resources.
 *
 * Spec: kubernetes pkg/scheduler/framework/plugins (nodeaffinity, tainttoleration,
 * noderesources), component-helpers, v1.36.
 */
import { matchesLabels, matchesRequirement } from "../api/labels.ts";
import { parseQuantity } from "../api/quantity.ts";
import type {
  Container,
  Node,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Taint,
  Toleration,
} from "../api/types.ts";

/** Whether nodeSelector and required node affinity let the Pod onto the node. */
export function fitsNodeAffinity(spec: PodSpec, node: Node): boolean {
  if (!matchesLabels(spec.nodeSelector ?? {}, node.metadata.labels)) return false;
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

/** The node's taints, with the one that cordoning stands for. */
export function taintsOf(node: Node): readonly Taint[] {
  const taints = node.spec.taints ?? [];
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
  return (
    taintsOf(node).find(
      (taint) =>
        effects.includes(taint.effect) &&
        !(tolerations ?? []).some((each) => tolerates(each, taint)),
    ) ?? null
  );
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

/** CPU in cores and memory in bytes. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
}

/** What a Pod asks for: its containers together, or the largest init container. */
export function requestsOf(pod: Pod): Resources {
  const known = asked.get(pod);
  if (known !== undefined) return known;
  const result = requests(pod, { cpu: 0, memory: 0 });
  asked.set(pod, result);
  return result;
}

/** The same for scores: a container that asks for nothing counts as a tenth of a core and 200 MB. */
export function scoredRequestsOf(pod: Pod): Resources {
  const known = scored.get(pod);
  if (known !== undefined) return known;
  const result = requests(pod, { cpu: 0.1, memory: 200 * 1024 * 1024 });
  scored.set(pod, result);
  return result;
}

/** Objects of the API are never changed, only replaced, so what was read of one stays true. */
const scored = new WeakMap<Pod, Resources>();
const asked = new WeakMap<Pod, Resources>();
const ports = new WeakMap<PodSpec, readonly HostPort[]>();

function requests({ spec }: Pod, otherwise: Resources): Resources {
  const of = (name: "cpu" | "memory"): number => {
    const ask = ({ resources }: Container) => {
      const text = resources?.requests?.[name];
      return text === undefined ? otherwise[name] : parseQuantity(text);
    };
    let total = 0;
    for (const container of spec.containers) total += ask(container);
    for (const container of spec.initContainers ?? []) total = Math.max(total, ask(container));
    return total;
  };
  return { cpu: of("cpu"), memory: of("memory") };
}

/** What a node has for Pods. */
export function allocatableOf(node: Node): Allocatable {
  const known = allocatable.get(node);
  if (known !== undefined) return known;
  const result = readAllocatable(node);
  allocatable.set(node, result);
  return result;
}

type Allocatable = Resources & { readonly pods: number };

const allocatable = new WeakMap<Node, Allocatable>();

function readAllocatable(node: Node): Allocatable {
  const of = (name: string, otherwise: string) =>
    parseQuantity(node.status.allocatable?.[name] ?? node.status.capacity?.[name] ?? otherwise);
  return { cpu: of("cpu", "8"), memory: of("memory", "32Gi"), pods: of("pods", "110") };
}

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

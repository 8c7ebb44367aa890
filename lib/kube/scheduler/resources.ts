/**
 * What Pods ask of nodes: CPU, memory, and what devices' plugins or huge pages give.
 *
 * Spec: kubernetes pkg/scheduler/framework/plugins/noderesources (fit.go), component-helpers
 * resource (PodRequests), v1.36.
 * Not modelled: ephemeral storage, of which every node has enough.
 */
import { parseQuantity } from "../api/quantity.ts";
import type { Container, Node, Pod, PodSpec, StringMap } from "../api/types.ts";

/** CPU in cores and memory in bytes. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
}

/** What a node has not enough of for a Pod. */
export interface Lack {
  /** `Insufficient cpu`. */
  readonly reason: string;
  /** Even without any other Pod the node would have too little. */
  readonly isForGood: boolean;
}

/** What a Pod asks for. */
export interface Requests extends Resources {
  /** For scores: a container that asks for nothing counts as a tenth of a core and 200 MB. */
  readonly scored: Resources;
  /** By other names than those that every node has. */
  readonly others: ReadonlyMap<string, number>;
}

/** What a Pod asks for. O(containers), once for each spec. */
export function requestsOf(pod: Pod): Requests {
  const known = read.get(pod.spec);
  if (known !== undefined) return known;
  const requests = {
    cpu: requestOf(pod, "cpu", 0),
    memory: requestOf(pod, "memory", 0),
    scored: {
      cpu: requestOf(pod, "cpu", 0.1),
      memory: requestOf(pod, "memory", 200 * 1024 * 1024),
    },
    others: otherRequestsOf(pod),
  };
  read.set(pod.spec, requests);
  return requests;
}

/** Objects of the API are never changed, only replaced, so what was read of one stays true. */
const read = new WeakMap<PodSpec, Requests>();

/** A node with the Pods that are on it. */
export interface NodeInfo {
  readonly node: Node;
  readonly pods: readonly Pod[];
  readonly allocatable: Allocatable;
  /** What its Pods ask for, as scores count it. */
  readonly asked: Resources;
}

/** A node with `pods` on it. */
export function nodeInfo(node: Node, pods: readonly Pod[]): NodeInfo {
  let cpu = 0;
  let memory = 0;
  for (const pod of pods) {
    const { scored } = requestsOf(pod);
    cpu += scored.cpu;
    memory += scored.memory;
  }
  return { node, pods, allocatable: allocatableOf(node), asked: { cpu, memory } };
}

/** All that a node has not enough of for one more Pod. */
export function lacksOf(wanted: Requests, info: NodeInfo): readonly Lack[] {
  if (info.pods.length + 1 > info.allocatable.pods) return TOO_MANY_PODS;
  const isModest = wanted.cpu === 0 && wanted.memory === 0 && wanted.others.size === 0;
  return isModest ? NOTHING : resourcesLacking(wanted, info);
}

const TOO_MANY_PODS: readonly Lack[] = [{ reason: "Too many pods", isForGood: false }];
const NOTHING: readonly Lack[] = [];

function resourcesLacking(wanted: Requests, { node, pods, allocatable: has }: NodeInfo): Lack[] {
  let { cpu, memory } = wanted;
  for (const placed of pods) {
    const used = requestsOf(placed);
    cpu += used.cpu;
    memory += used.memory;
  }
  const lacks: Lack[] = [];
  if (wanted.cpu > 0 && cpu > has.cpu) lacks.push(lack("cpu", wanted.cpu > has.cpu));
  if (wanted.memory > 0 && memory > has.memory) {
    lacks.push(lack("memory", wanted.memory > has.memory));
  }
  for (const [name, count] of wanted.others) {
    const all = parseQuantity(node.status.allocatable?.[name] ?? "0");
    const used = pods.reduce((sum, each) => sum + (requestsOf(each).others.get(name) ?? 0), 0);
    if (used + count > all) lacks.push(lack(name, count > all));
  }
  return lacks;
}

function lack(name: string, isForGood: boolean): Lack {
  return { reason: `Insufficient ${name}`, isForGood };
}

function otherRequestsOf(pod: Pod): ReadonlyMap<string, number> {
  const { containers, initContainers = [] } = pod.spec;
  const names = new Set(
    [...containers, ...initContainers].flatMap(({ resources }) =>
      Object.keys(resources?.requests ?? {}),
    ),
  );
  for (const name of ON_EVERY_NODE) names.delete(name);
  const wanted = new Map<string, number>();
  for (const name of names) {
    const count = requestOf(pod, name, 0);
    if (count > 0) wanted.set(name, count);
  }
  return wanted;
}

const ON_EVERY_NODE = ["cpu", "memory", "ephemeral-storage"];

/**
 * What a Pod asks for by one name: its own words, or its containers with its sidecars, or the most
 * that one of its first containers needs beside the sidecars before it; and its overhead.
 */
function requestOf({ spec }: Pod, name: string, otherwise: number): number {
  const ask = ({ resources }: Container) => amountIn(resources?.requests, name) ?? otherwise;
  let total = 0;
  for (const container of spec.containers) total += ask(container);
  let sidecars = 0;
  let start = 0;
  for (const container of spec.initContainers ?? []) {
    const own = ask(container);
    start = Math.max(start, sidecars + own);
    if (container.restartPolicy === "Always") sidecars += own;
  }
  const ofContainers = Math.max(total + sidecars, start);
  return (
    (amountIn(spec.resources?.requests, name) ?? ofContainers) +
    (amountIn(spec.overhead, name) ?? 0)
  );
}

function amountIn(amounts: StringMap | undefined, name: string): number | null {
  const text = amounts?.[name];
  return text === undefined ? null : parseQuantity(text);
}

/** What a node has for Pods. */
export interface Allocatable extends Resources {
  readonly pods: number;
}

function allocatableOf(node: Node): Allocatable {
  const of = (name: string, otherwise: string) =>
    parseQuantity(node.status.allocatable?.[name] ?? node.status.capacity?.[name] ?? otherwise);
  return { cpu: of("cpu", "8"), memory: of("memory", "32Gi"), pods: of("pods", "110") };
}

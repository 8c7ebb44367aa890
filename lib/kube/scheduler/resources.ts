/**
 * What Pods ask of nodes: CPU, memory, and what devices' plugins or huge pages give.
 *
 * Spec: kubernetes pkg/scheduler/framework/plugins/noderesources (fit.go), component-helpers
 * resource (PodRequests), v1.36.
 * Not modelled: ephemeral storage, of which every node has enough.
 */
import { parseQuantity } from "../api/quantity.ts";
import type { Container, Node, Pod, StringMap } from "../api/types.ts";

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

/** What a Pod asks for. O(containers), once for each state of the Pod. */
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
const askedOthers = new WeakMap<Pod, ReadonlyMap<string, number>>();

/** All that a node has not enough of for one more Pod, `pods` being there already. */
export function lacksOf(pod: Pod, node: Node, pods: readonly Pod[]): Lack[] {
  const has = allocatableOf(node);
  if (pods.length + 1 > has.pods) return [{ reason: "Too many pods", isForGood: false }];
  const wanted = requestsOf(pod);
  const others = otherRequestsOf(pod);
  if (wanted.cpu === 0 && wanted.memory === 0 && others.size === 0) return NOTHING;
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
  for (const [name, count] of others) {
    const all = parseQuantity(node.status.allocatable?.[name] ?? "0");
    const used = pods.reduce((sum, each) => sum + (otherRequestsOf(each).get(name) ?? 0), 0);
    if (used + count > all) lacks.push(lack(name, count > all));
  }
  return lacks;
}

const NOTHING: Lack[] = [];

function lack(name: string, isForGood: boolean): Lack {
  return { reason: `Insufficient ${name}`, isForGood };
}

function requests(pod: Pod, otherwise: Resources): Resources {
  return {
    cpu: requestOf(pod, "cpu", otherwise.cpu),
    memory: requestOf(pod, "memory", otherwise.memory),
  };
}

/** What is asked for by other names than those that every node has. */
function otherRequestsOf(pod: Pod): ReadonlyMap<string, number> {
  const known = askedOthers.get(pod);
  if (known !== undefined) return known;
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
  askedOthers.set(pod, wanted);
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

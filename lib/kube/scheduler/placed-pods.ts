/**
 * Which Pods are on which node, as the scheduler's cache knows it: bound ones and those that it has
 * just given a node. Kept up to date with each change, for a cluster is too large to be counted
 * through for each Pod.
 *
 * Spec: kubernetes pkg/scheduler/backend/cache (snapshot), v1.36.
 */
import type { LabelSelector, Node, Pod, PodAffinityTerm } from "../api/types.ts";
import { firstWish, labelsOf } from "../controllers/service-pods.ts";
import { ObjectIndex } from "../object-index.ts";
import { ObjectTable } from "../object-table.ts";
import { keyOf } from "../store.ts";
import { type NodeInfo, nodeInfo } from "./resources.ts";

const NO_TERMS: readonly PodAffinityTerm[] = [];
const NO_PODS: readonly Pod[] = [];

/** Which Pods this one must not be near. */
export function antiAffinityOf({ spec }: Pod): readonly PodAffinityTerm[] {
  const { podAntiAffinity } = spec.affinity ?? {};
  return podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? NO_TERMS;
}

/** The Pods that have a node, by node. */
export class PlacedPods {
  readonly #byNode = new Map<string, ObjectTable>();
  /** The nodes that were last asked for, and what is known of them but for those `#changed`. */
  #nodes: readonly Node[] | null = null;
  #infos: NodeInfo[] = [];
  readonly #changed = new Set<string>();
  readonly #nodeOf = new Map<string, string>();
  readonly #pods = new Map<string, Pod>();
  readonly #byLabel = new ObjectIndex<Pod>(labelsOf);
  /** Those that keep others away. */
  readonly #antiAffine = new Set<string>();

  /** Whether any Pod on a node keeps others away. */
  get hasAntiAffinity(): boolean {
    return this.#antiAffine.size > 0;
  }

  /** The Pod as it is now is on `node`; null: it is on none, or has ended. */
  put(pod: Pod, node: string | null): void {
    const key = keyOf(pod);
    const before = this.#nodeOf.get(key);
    if (before !== undefined && before !== node) {
      this.#byNode.get(before)?.delete(key);
      this.#changed.add(before);
      this.#nodeOf.delete(key);
      this.#antiAffine.delete(key);
    }
    const placed = node === null ? null : pod;
    this.#byLabel.replace(this.#pods.get(key) ?? null, placed, key);
    if (node === null) {
      this.#pods.delete(key);
      return;
    }
    this.#pods.set(key, pod);
    this.#changed.add(node);
    let pods = this.#byNode.get(node);
    if (pods === undefined) {
      pods = new ObjectTable();
      this.#byNode.set(node, pods);
    }
    pods.set(key, pod);
    this.#nodeOf.set(key, node);
    if (antiAffinityOf(pod).length > 0) this.#antiAffine.add(key);
  }

  /**
   * How many Pods of a namespace match on each node, by its name. All of them are among those that
   * the selector means. Pods on their way out do not count.
   */
  countByNode(
    namespace: string | undefined,
    selector: LabelSelector | undefined,
    matches: (pod: Pod) => boolean,
  ): Map<string, number> {
    const counts = new Map<string, number>();
    for (const pod of this.#byLabel.values(firstWish(namespace, selector?.matchLabels ?? {}))) {
      if (pod.metadata.deletionTimestamp !== undefined || !matches(pod)) continue;
      const node = pod.spec.nodeName ?? this.#nodeOf.get(keyOf(pod));
      if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    return counts;
  }

  /** The nodes with their Pods, both by name. The list is to be read before the next one is. */
  infos(nodes: readonly Node[]): readonly NodeInfo[] {
    if (nodes !== this.#nodes) {
      this.#nodes = nodes;
      this.#infos = nodes.map((node) => this.#infoOf(node));
    } else if (this.#changed.size > 0) {
      // One Pod changes one node of many: the others are as they were.
      for (const [index, node] of nodes.entries()) {
        if (this.#changed.has(node.metadata.name)) this.#infos[index] = this.#infoOf(node);
      }
    }
    this.#changed.clear();
    return this.#infos;
  }

  #infoOf(node: Node): NodeInfo {
    const pods = (this.#byNode.get(node.metadata.name)?.list() ?? NO_PODS) as readonly Pod[];
    return nodeInfo(node, pods);
  }
}

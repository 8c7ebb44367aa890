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
import type { PlacedPod } from "./scores.ts";

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
  /** By node, as they were last asked for. */
  readonly #infos = new Map<string, NodeInfo>();
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
      this.#nodeOf.delete(key);
      this.#antiAffine.delete(key);
    }
    const placed = node === null ? null : pod;
    this.#byLabel.replace(this.#pods.get(key) ?? null, placed);
    if (node === null) {
      this.#pods.delete(key);
      return;
    }
    this.#pods.set(key, pod);
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
   * Pods of a namespace among which all are that the selector means, with the names of their nodes.
   */
  candidates(namespace: string | undefined, selector: LabelSelector | undefined): PlacedPod[] {
    const placed: PlacedPod[] = [];
    for (const pod of this.#byLabel.values(firstWish(namespace, selector?.matchLabels ?? {}))) {
      const node = this.#nodeOf.get(keyOf(pod));
      if (node !== undefined) placed.push({ pod, node });
    }
    return placed;
  }

  /** The nodes with their Pods, both by name. */
  infos(nodes: readonly Node[]): NodeInfo[] {
    return nodes.map((node) => this.#infoOf(node));
  }

  #infoOf(node: Node): NodeInfo {
    const { name } = node.metadata;
    const pods = (this.#byNode.get(name)?.list() ?? NO_PODS) as readonly Pod[];
    const known = this.#infos.get(name);
    if (known?.node === node && known.pods === pods) return known;
    const info = nodeInfo(node, pods);
    this.#infos.set(name, info);
    return info;
  }
}

/**
 * Binding: a Pod is given its node, and learns where that is.
 *
 * Spec: registry/core/pod/storage (assignPod) and the admission plugin PodTopologyLabels of v1.36.
 */
import { ApiError } from "./errors.ts";
import type { Condition, Node, Pod } from "./types.ts";

const PLACES = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/** The Pod bound to `nodeName` at `time`; `node` is null if it is not known. Throws `Conflict`. */
export function boundPod(pod: Pod, nodeName: string, node: Node | null, time: string): Pod {
  if (pod.spec.nodeName !== undefined) {
    throw new ApiError(
      "Conflict",
      `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`,
    );
  }
  const scheduled: Condition = {
    lastProbeTime: null,
    lastTransitionTime: time,
    status: "True",
    type: "PodScheduled",
  };
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: withPlace(pod, node) },
    spec: { ...pod.spec, nodeName },
    status: {
      ...pod.status,
      conditions: [...conditions, scheduled],
      nominatedNodeName: undefined,
    },
  };
}

/** The Pod's labels with its node's region and zone. */
function withPlace(pod: Pod, node: Node | null): Pod["metadata"]["labels"] {
  const labels = { ...pod.metadata.labels };
  for (const key of PLACES) {
    const value = node?.metadata.labels?.[key];
    if (value !== undefined) labels[key] = value;
  }
  return Object.keys(labels).length === 0 ? pod.metadata.labels : labels;
}

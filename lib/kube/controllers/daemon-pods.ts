/**
 * The Pods of a DaemonSet: on which nodes there should be one, and what it looks like.
 *
 * Spec: kubernetes pkg/controller/daemon/daemon_controller.go (NodeShouldRunDaemonPod),
 * pkg/controller/daemon/util/daemonset_util.go, v1.36.
 */
import type { DaemonSet, NewObject, Node, Pod, Toleration } from "../api/types.ts";
import { fitsNodeAffinity, untolerated } from "../scheduler/node-fit.ts";
import { podFromTemplate } from "./pods.ts";

export const HASH_LABEL = "controller-revision-hash";
const GENERATION_LABEL = "pod-template-generation";
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

/** Taints that no DaemonSet Pod minds. */
const TOLERATIONS: readonly Toleration[] = [
  ...["not-ready", "unreachable"].map((name) => tolerate(name, "NoExecute")),
  ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((name) =>
    tolerate(name, "NoSchedule"),
  ),
];

function tolerate(name: string, effect: string): Toleration {
  return { effect, key: `node.kubernetes.io/${name}`, operator: "Exists" };
}

/** Those of a Pod of the set, besides its template's own. */
function tolerationsOf(set: DaemonSet): readonly Toleration[] {
  const { spec } = set.spec.template;
  const more = spec.hostNetwork === true ? [tolerate("network-unavailable", "NoSchedule")] : [];
  const own = [...TOLERATIONS, ...more];
  const isOwn = ({ key, effect, operator = "Equal", value }: Toleration): boolean =>
    value === undefined &&
    own.some((each) => each.key === key && each.effect === effect && each.operator === operator);
  const others = (spec.tolerations ?? []).filter((toleration) => !isOwn(toleration));
  return [...others, ...own];
}

/** Whether it has been told to go. */
export function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Of which revision of the template it is. */
export function hashOf(pod: Pod): string {
  return pod.metadata.labels?.[HASH_LABEL] ?? "";
}

/** Where the Pod is, or where its affinity sends it. */
export function nodeOf(pod: Pod): string {
  if (pod.spec.nodeName !== undefined) return pod.spec.nodeName;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? "";
}

/** Whether the set should have a Pod on the node, and whether one there may stay. */
export function placement(
  set: DaemonSet,
  node: Node,
): { readonly shouldRun: boolean; readonly mayStay: boolean } {
  const { spec } = set.spec.template;
  const tolerations = tolerationsOf(set);
  if (!fitsNodeAffinity(spec, node)) return { shouldRun: false, mayStay: false };
  const schedulable = untolerated(tolerations, node, ["NoSchedule", "NoExecute"]) === null;
  const mayStay = untolerated(tolerations, node, ["NoExecute"]) === null;
  return { shouldRun: schedulable, mayStay };
}

/** A Pod of the set for a node, of the template's revision `hash`. */
export function daemonPod(set: DaemonSet, node: string, hash: string): NewObject {
  const pod = podFromTemplate(set, set.spec.template);
  const { spec } = set.spec.template;
  const generation = set.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1";
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
  };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata.labels, [HASH_LABEL]: hash, [GENERATION_LABEL]: generation },
    },
    spec: {
      ...spec,
      affinity: { ...spec.affinity, nodeAffinity },
      tolerations: tolerationsOf(set),
    },
  };
}

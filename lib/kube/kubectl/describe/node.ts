/**
 * Descriptions of Nodes.
 *
 * Spec: kubectl pkg/describe (describeNode), v1.36.
 */
import type { ApiServer } from "../../api/server.ts";
import type { Node } from "../../api/types.ts";
import { conditionLines, head, indentedTable, longTime, type Row } from "./rows.ts";

/** The lines of `kubectl describe node`. */
export function nodeRows(server: ApiServer, node: Node): Row[] {
  const taints = (node.spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`,
  );
  const pods = server.store.list("Pod").filter(({ spec }) => spec.nodeName === node.metadata.name);
  return [
    ...head(node),
    ["CreationTimestamp:", longTime(node.metadata.creationTimestamp)],
    ...(taints.length === 0
      ? ([["Taints:", "<none>"]] as Row[])
      : taints.map((text, index): Row => [index === 0 ? "Taints:" : "", text])),
    ["Unschedulable:", String(node.spec.unschedulable === true)],
    ...conditionLines(node.status.conditions ?? [], true),
    "Addresses:",
    ...(node.status.addresses ?? []).map(({ type, address }) => `  ${type}:  ${address}`),
    ["PodCIDR:", node.spec.podCIDR ?? ""],
    ["PodCIDRs:", (node.spec.podCIDRs ?? []).join(",")],
    `Non-terminated Pods:  (${pods.length} in total)`,
    ...indentedTable([
      ["Namespace", "Name"],
      ["---------", "----"],
      ...pods.map(({ metadata }) => [metadata.namespace ?? "", metadata.name]),
    ]),
  ];
}

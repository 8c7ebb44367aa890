/**
 * Descriptions of Nodes.
 *
 * Spec: kubectl pkg/describe (describeNode, describeNodeResource), v1.36.
 */
import { parseQuantity, sumOfQuantities } from "../../api/quantity.ts";
import type { ApiServer } from "../../api/server.ts";
import type { Node, Pod, PodSpec, StringMap } from "../../api/types.ts";
import { objectKey } from "../../store.ts";
import { agesOf } from "../view.ts";
import { head, longTime, type Row } from "./rows.ts";

const ROLE_LABEL = "node-role.kubernetes.io/";
/** What a time that nobody has set is in a description. */
const NO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000";
const SYSTEM_INFO = [
  ["Machine ID", "machineID"],
  ["System UUID", "systemUUID"],
  ["Boot ID", "bootID"],
  ["Kernel Version", "kernelVersion"],
  ["OS Image", "osImage"],
  ["Operating System", "operatingSystem"],
  ["Architecture", "architecture"],
  ["Container Runtime Version", "containerRuntimeVersion"],
  ["Kubelet Version", "kubeletVersion"],
  ["Kube-Proxy Version", "kubeProxyVersion"],
] as const;

/** The lines of `kubectl describe node`. */
export function nodeRows(server: ApiServer, node: Node): Row[] {
  const { metadata, spec, status } = node;
  const [name, ...labels] = head(node);
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE_LABEL) && label !== ROLE_LABEL)
    .map((label) => label.slice(ROLE_LABEL.length))
    .sort();
  const taints = (spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`,
  );
  const { podCIDRs = [] } = spec;
  return [
    ...(name === undefined ? [] : [name]),
    ["Roles:", roles.length === 0 ? "<none>" : roles.join(",")],
    ...labels,
    ["CreationTimestamp:", longTime(metadata.creationTimestamp)],
    ...(taints.length === 0
      ? ([["Taints:", "<none>"]] as Row[])
      : taints.map((text, index): Row => [index === 0 ? "Taints:" : "", text])),
    ["Unschedulable:", String(spec.unschedulable === true)],
    ...leaseRows(server, metadata.name),
    ...conditionRows(node),
    "Addresses:",
    ...(status.addresses ?? []).map(({ type, address }): Row => [`  ${type}:`, address]),
    ...amountRows("Capacity:", status.capacity),
    ...amountRows("Allocatable:", status.allocatable),
    "System Info:",
    ...SYSTEM_INFO.map(([title, field]): Row => [`  ${title}:`, status.nodeInfo?.[field] ?? ""]),
    ...(spec.podCIDR === undefined ? [] : ([["PodCIDR:", spec.podCIDR]] as Row[])),
    ...(podCIDRs.length === 0 ? [] : ([["PodCIDRs:", podCIDRs.join(",")]] as Row[])),
    ...podRows(server, node),
  ];
}

function leaseRows(server: ApiServer, name: string): Row[] {
  const lease = server.store.get("Lease", objectKey("kube-node-lease", name));
  if (lease === null) {
    return [["Lease:", `Failed to get lease: leases.coordination.k8s.io "${name}" not found`]];
  }
  const { holderIdentity, acquireTime, renewTime } = lease.spec;
  const time = (text: string | undefined) => (text === undefined ? "<unset>" : longTime(text));
  return [
    "Lease:",
    ["  HolderIdentity:", holderIdentity ?? "<unset>"],
    ["  AcquireTime:", time(acquireTime)],
    ["  RenewTime:", time(renewTime)],
  ];
}

function conditionRows({ status }: Node): Row[] {
  const { conditions = [] } = status;
  if (conditions.length === 0) return [];
  const heads = ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"];
  const rule = heads.map((title) => "-".repeat(title.length));
  const time = (text: string | undefined) => (text === undefined ? NO_TIME : longTime(text));
  const indented = ([first = "", ...rest]: readonly string[]): Row => [`  ${first}`, ...rest];
  const rows = conditions.map((each) => [
    `${each.type} `,
    `${each.status} `,
    `${time(each.lastHeartbeatTime)} `,
    `${time(each.lastTransitionTime)} `,
    `${each.reason ?? ""} `,
    each.message ?? "",
  ]);
  return ["Conditions:", ...[heads, rule, ...rows].map(indented)];
}

function amountRows(title: string, amounts: StringMap | undefined): Row[] {
  const entries = Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [];
  return [title, ...entries.map(([name, amount]): Row => [`  ${name}:`, amount])];
}

/** The Pods that have not ended, and what all of them ask for. */
function podRows(server: ApiServer, { metadata, status }: Node): Row[] {
  const age = agesOf(server);
  const pods = server.store
    .list("Pod")
    .filter(
      ({ spec, status: { phase } }) =>
        spec.nodeName === metadata.name && phase !== "Succeeded" && phase !== "Failed",
    );
  const share = (amount: string, resource: string) => {
    const has = parseQuantity((status.allocatable ?? status.capacity)?.[resource] ?? "0");
    return `${amount} (${has === 0 ? 0 : Math.trunc((parseQuantity(amount) / has) * 100)}%)`;
  };
  const cells = (all: readonly Pod[], resource: string) =>
    (["requests", "limits"] as const).map((list) =>
      share(sumOfQuantities(all.map(({ spec }) => amountOf(spec, list, resource))), resource),
    );
  const heads = ["CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"];
  const dashes = (titles: readonly string[]) => titles.map((title) => "-".repeat(title.length));
  return [
    ["Non-terminated Pods:", `(${pods.length} in total)`],
    ["  Namespace", "Name", "", ...heads],
    ["  ---------", "----", "", ...dashes(heads)],
    ...pods.map((pod): Row => {
      const { namespace = "", name, creationTimestamp } = pod.metadata;
      const amounts = [...cells([pod], "cpu"), ...cells([pod], "memory")];
      return [`  ${namespace}`, name, "", ...amounts, age(creationTimestamp)];
    }),
    "Allocated resources:",
    "  (Total limits may be over 100 percent, i.e., overcommitted.)",
    ["  Resource", "Requests", "Limits"],
    ["  --------", "--------", "------"],
    ...["cpu", "memory", "ephemeral-storage"].map(
      (resource): Row => [`  ${resource}`, ...cells(pods, resource)],
    ),
  ];
}

/** What a Pod asks for: all its containers together, or the greediest of those that come first. */
function amountOf(
  { containers, initContainers = [] }: PodSpec,
  list: "requests" | "limits",
  resource: string,
): string {
  const amount = (container: PodSpec["containers"][number]) =>
    container.resources?.[list]?.[resource] ?? "0";
  return initContainers
    .map(amount)
    .reduce(
      (most, each) => (parseQuantity(each) > parseQuantity(most) ? each : most),
      sumOfQuantities(containers.map(amount)),
    );
}

/**
 * Descriptions of Pods.
 *
 * Spec: kubectl pkg/describe (describePod), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import type { ApiServer } from "../../api/server.ts";
import type { JsonMap, LabelSelector, Pod, PodSpec } from "../../api/types.ts";
import { controllerOf } from "../../informer.ts";
import { ConfigError } from "../../kubelet/config-data.ts";
import { fieldText } from "../../kubelet/downward.ts";
import { agesOf } from "../view.ts";
import { containerRows, type FieldResolver, resourceRows } from "./containers.ts";
import { head, longTime, mapRows, type Row } from "./rows.ts";
import { volumeRows } from "./volumes.ts";

/** The lines of `kubectl describe pod`. */
export function podRows(server: ApiServer, pod: Pod): Row[] {
  const { spec, status } = pod;
  const [name, namespace, ...labels] = head(pod);
  const owner = controllerOf(pod);
  const resolve = resolverOf(pod);
  const groups = [
    {
      label: "Init Containers",
      containers: spec.initContainers ?? [],
      statuses: status.initContainerStatuses,
    },
    { label: "Containers", containers: spec.containers, statuses: status.containerStatuses },
  ];
  return [
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [namespace]),
    ...some("Priority:", spec.priority),
    ...some("Priority Class Name:", spec.priorityClassName),
    ...some("Service Account:", spec.serviceAccountName),
    ["Node:", spec.nodeName === undefined ? "<none>" : `${spec.nodeName}/${status.hostIP ?? ""}`],
    ...(status.startTime === undefined ? [] : some("Start Time:", longTime(status.startTime))),
    ...labels,
    ...statusRows(server, pod),
    ["IP:", status.podIP ?? ""],
    ...addressRows(pod),
    ...(owner === null ? [] : some("Controlled By:", `${owner.kind}/${owner.name}`)),
    ...some("NominatedNodeName:", status.nominatedNodeName),
    ...(spec.resources === undefined ? [] : ["Resources:", ...resourceRows(spec.resources, "  ")]),
    ...groups
      .filter(({ label, containers }) => label === "Containers" || containers.length > 0)
      .flatMap(({ statuses = [], ...group }) =>
        containerRows({ ...group, statuses, resolve, space: "" }),
      ),
    ...conditionRows(pod),
    ...volumeRows(spec, ""),
    ["QoS Class:", status.qosClass ?? ""],
    ...mapRows("Node-Selectors:", spec.nodeSelector, "="),
    ...tolerationRows(spec, ""),
    ...spreadRows(spec, ""),
  ];
}

function some(title: string, value: string | number | undefined): Row[] {
  return value === undefined || value === "" ? [] : [[title, String(value)]];
}

function resolverOf(pod: Pod): FieldResolver {
  const facts = {
    podIp: pod.status.podIP ?? "",
    hostIp: pod.status.hostIP ?? "",
    allocatable: {},
  };
  return (path) => {
    try {
      return fieldText(pod, path, facts);
    } catch (error) {
      if (error instanceof ConfigError) return "";
      throw error;
    }
  };
}

function statusRows(server: ApiServer, { metadata, status }: Pod): Row[] {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  const hasEnded = status.phase === "Failed" || status.phase === "Succeeded";
  const rows: Row[] =
    deletionTimestamp !== undefined && !hasEnded
      ? [
          ["Status:", `Terminating (lasts ${agesOf(server)(deletionTimestamp)})`],
          ["Termination Grace Period:", `${deletionGracePeriodSeconds}s`],
        ]
      : [["Status:", status.phase ?? ""]];
  return [...rows, ...some("Reason:", status.reason), ...some("Message:", status.message)];
}

function addressRows({ status }: Pod): Row[] {
  const { podIPs = [] } = status;
  if (podIPs.length === 0) return [["IPs:", "<none>"]];
  return ["IPs:", ...podIPs.map(({ ip }): Row => ["  IP:", ip])];
}

function conditionRows({ spec, status }: Pod): Row[] {
  const { conditions = [] } = status;
  const gates = (spec.readinessGates ?? []).map(({ conditionType }): Row => {
    const is = conditions.find(({ type }) => type === conditionType)?.status ?? "<none>";
    return [`  ${conditionType} `, `${is} `];
  });
  const rows = conditions.map(({ type, status: is }): Row => [`  ${type} `, `${is} `]);
  const table = (title: string, lines: readonly Row[]): Row[] =>
    lines.length === 0 ? [] : [title, ["  Type", "Status"], ...lines];
  return [...table("Readiness Gates:", gates), ...table("Conditions:", rows)];
}

/** Tolerations, by key. */
export function tolerationRows({ tolerations = [] }: PodSpec, space: string): Row[] {
  const title = `${space}Tolerations:`;
  if (tolerations.length === 0) return [[title, "<none>"]];
  const key = (toleration: (typeof tolerations)[number]) => toleration.key ?? "";
  return [...tolerations]
    .sort((a, b) => (key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1))
    .map(({ value = "", effect = "", operator, tolerationSeconds, ...rest }, index): Row => {
      const subject = `${key(rest)}${value === "" ? "" : `=${value}`}${effect === "" ? "" : `:${effect}`}`;
      const exists = operator === "Exists" && value === "" ? "op=Exists" : "";
      const words = [subject, exists].filter((word) => word !== "").join(" ");
      const time = tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`;
      return [index === 0 ? title : "", `${words}${time}`];
    });
}

/** Topology spread constraints, by topology key; nothing if there are none. */
export function spreadRows({ topologySpreadConstraints = [] }: PodSpec, space: string): Row[] {
  const key = (constraint: JsonMap) => String(constraint["topologyKey"]);
  return [...(topologySpreadConstraints as readonly unknown[] as readonly JsonMap[])]
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map((constraint, index): Row => {
      const selector = constraint["labelSelector"] as LabelSelector | undefined;
      const what = selector === undefined ? "" : ` for selector ${formatSelector(selector)}`;
      return [
        index === 0 ? `${space}Topology Spread Constraints:` : space,
        `${key(constraint)}:${String(constraint["whenUnsatisfiable"])} when max skew ${String(constraint["maxSkew"])} is exceeded${what}`,
      ];
    });
}

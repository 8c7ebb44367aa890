/**
 * Descriptions of Pods.
 *
 * Spec: kubectl pkg/describe (describePod), v1.36.
 */
import { numberIn, textIn } from "../../api/fields.ts";
import type { ApiServer } from "../../api/server.ts";
import type { Pod, PodSpec } from "../../api/types.ts";
import { conditionOf, isTerminal } from "../../controllers/pods.ts";
import { controllerOf } from "../../informer.ts";
import { agesOf } from "../view.ts";
import { containerRows } from "./container.ts";
import { head, longTime, mapRows, type Row } from "./rows.ts";
import { volumeRows } from "./volumes.ts";

/** The lines of `kubectl describe pod`. */
export function podRows(server: ApiServer, pod: Pod): Row[] {
  const { spec, status } = pod;
  const [name = "", namespace = "", ...maps] = head(pod);
  return [
    name,
    namespace,
    ...classRows(spec),
    ["Node:", spec.nodeName === undefined ? "<none>" : `${spec.nodeName}/${status.hostIP ?? ""}`],
    ...optionalRow("Start Time:", status.startTime === undefined ? "" : longTime(status.startTime)),
    ...maps,
    ...phaseRows(server, pod),
    ...addressRows(pod),
    ...containerSections(pod),
    ...gateRows(pod),
    ...conditionRows(pod),
    ...volumeRows(spec, ""),
    ["QoS Class:", status.qosClass ?? ""],
    ...mapRows("Node-Selectors:", spec.nodeSelector, "="),
    ...tolerationRows(spec, "Tolerations:"),
    ...spreadRows(spec),
  ];
}

function optionalRow(title: string, value: string | undefined): Row[] {
  return value === undefined || value === "" ? [] : [[title, value]];
}

function classRows(spec: PodSpec): Row[] {
  const fields = spec as unknown as Record<string, unknown>;
  return [
    ["Priority:", String(numberIn(fields, "priority"))],
    ...optionalRow("Priority Class Name:", textIn(fields, "priorityClassName")),
    ...optionalRow("Runtime Class Name:", textIn(fields, "runtimeClassName")),
    ...optionalRow("Service Account:", spec.serviceAccountName),
  ];
}

function phaseRows(server: ApiServer, pod: Pod): Row[] {
  const { metadata, status } = pod;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const phase: Row[] =
    deletionTimestamp === undefined || isTerminal(pod)
      ? [["Status:", status.phase ?? ""]]
      : [
          ["Status:", `Terminating (lasts ${agesOf(server)(deletionTimestamp)})`],
          ["Termination Grace Period:", `${deletionGracePeriodSeconds ?? 0}s`],
        ];
  return [
    ...phase,
    ...optionalRow("Reason:", status.reason),
    ...optionalRow("Message:", status.message),
  ];
}

function addressRows(pod: Pod): Row[] {
  const { podIP = "", podIPs = [], nominatedNodeName } = pod.status;
  const owner = controllerOf(pod);
  const all: Row[] =
    podIPs.length === 0 ? [["IPs:", "<none>"]] : ["IPs:", ...podIPs.map(({ ip }) => ["  IP:", ip])];
  return [
    ["IP:", podIP],
    ...all,
    ...optionalRow("Controlled By:", owner === null ? "" : `${owner.kind}/${owner.name}`),
    ...optionalRow("NominatedNodeName:", nominatedNodeName),
  ];
}

function containerSections(pod: Pod): Row[] {
  const { initContainers = [], containers } = pod.spec;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status;
  const first = containerRows(initContainers, { pod, statuses: initContainerStatuses }, "  ");
  const others = containerRows(containers, { pod, statuses: containerStatuses }, "  ");
  return [...(first.length === 0 ? [] : ["Init Containers:", ...first]), "Containers:", ...others];
}

function gateRows({ spec: { readinessGates = [] }, status }: Pod): Row[] {
  if (readinessGates.length === 0) return [];
  const rows = readinessGates.map(({ conditionType }): Row => {
    const found = conditionOf(status.conditions, conditionType);
    return [`  ${conditionType} `, `${found?.status ?? "<none>"} `];
  });
  return ["Readiness Gates:", ["  Type", "Status"], ...rows];
}

/** kubectl leaves a blank behind each cell. */
function conditionRows({ status: { conditions = [] } }: Pod): Row[] {
  if (conditions.length === 0) return [];
  const rows = conditions.map(({ type, status }): Row => [`  ${type} `, `${status} `]);
  return ["Conditions:", ["  Type", "Status"], ...rows];
}

/** Tolerations below each other, sorted. */
export function tolerationRows({ tolerations = [] }: PodSpec, title: string): Row[] {
  const texts = tolerations
    .map(({ key = "", value, effect, operator, tolerationSeconds }) => {
      const subject = `${key}${value === undefined ? "" : `=${value}`}${effect === undefined ? "" : `:${effect}`}`;
      const exists = operator === "Exists" && value === undefined ? " op=Exists" : "";
      return `${subject}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
    })
    .sort();
  return (texts.length === 0 ? ["<none>"] : texts).map(
    (text, index): Row => [index === 0 ? title : "", text],
  );
}

function spreadRows({ topologySpreadConstraints = [] }: PodSpec): Row[] {
  const texts = topologySpreadConstraints.map(
    ({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }) => {
      const labels = Object.entries(labelSelector?.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`);
      const selector = labels.length === 0 ? "" : ` for selector ${labels.sort().join(",")}`;
      return `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${selector}`;
    },
  );
  return texts
    .sort()
    .map((text, index): Row => [index === 0 ? "Topology Spread Constraints:" : "", text]);
}

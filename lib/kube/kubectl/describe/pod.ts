/**
 * Descriptions of Pods, and of the containers in them and in templates.
 *
 * Spec: kubectl pkg/describe (describePod, DescribeContainers, DescribeProbe), v1.36.
 * Not modelled: volumes and probes of other forms are shown in short.
 */
import { formatSelector } from "../../api/labels.ts";
import type { Container, JsonMap, Pod, PodSpec } from "../../api/types.ts";
import { controllerOf } from "../../informer.ts";
import { podStatus } from "../pod-columns.ts";
import { conditionLines, head, longTime, type Row } from "./rows.ts";

/** The lines of `kubectl describe pod`. */
export function podRows(pod: Pod): Row[] {
  const { spec, status } = pod;
  const host =
    status.hostIP === undefined
      ? (spec.nodeName ?? "<none>")
      : `${spec.nodeName ?? ""}/${status.hostIP}`;
  const owner = controllerOf(pod);
  const [name, namespace, ...rest] = head(pod);
  return [
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [namespace]),
    ["Priority:", "0"],
    ["Service Account:", "default"],
    ["Node:", host],
    ...(status.startTime === undefined
      ? []
      : ([["Start Time:", longTime(status.startTime)]] as Row[])),
    ...rest,
    ["Status:", podStatus(pod)],
    ["IP:", status.podIP ?? ""],
    ...((status.podIPs ?? []).length === 0
      ? ([["IPs:", "<none>"]] as Row[])
      : ["IPs:", ...(status.podIPs ?? []).map(({ ip }) => `  IP:  ${ip}`)]),
    ...(owner === null ? [] : ([["Controlled By:", `${owner.kind}/${owner.name}`]] as Row[])),
    "Containers:",
    ...spec.containers.flatMap((container) => containerLines(container, "  ")),
    ...conditionLines(status.conditions ?? [], false),
    ["QoS Class:", status.qosClass ?? ""],
    ["Node-Selectors:", formatSelector({ matchLabels: spec.nodeSelector })],
    ...tolerationList(spec).map((text, index): Row => [index === 0 ? "Tolerations:" : "", text]),
  ];
}

/** A container, its name at `indent`. */
export function containerLines(container: Container, indent: string): Row[] {
  const ports = (container.ports ?? []).map(
    ({ containerPort, protocol }) => `${containerPort}/${protocol ?? "TCP"}`,
  );
  const hostPorts = (container.ports ?? []).map(
    ({ hostPort, protocol }) => `${hostPort ?? 0}/${protocol ?? "TCP"}`,
  );
  const rows: [string, string][] = [
    ["Image:", container.image],
    [ports.length > 1 ? "Ports:" : "Port:", ports.length === 0 ? "<none>" : ports.join(", ")],
    [
      ports.length > 1 ? "Host Ports:" : "Host Port:",
      ports.length === 0 ? "<none>" : hostPorts.join(", "),
    ],
  ];
  if (container.livenessProbe !== undefined)
    rows.push(["Liveness:", probeText(container.livenessProbe)]);
  if (container.readinessProbe !== undefined)
    rows.push(["Readiness:", probeText(container.readinessProbe)]);
  if (container.startupProbe !== undefined)
    rows.push(["Startup:", probeText(container.startupProbe)]);
  const env = (container.env ?? []).map(
    (each) => `${String(each["name"])}:  ${String(each["value"] ?? "")}`,
  );
  rows.push(["Environment:", env.length === 0 ? "<none>" : env.join(", ")]);
  const mounts = (container.volumeMounts ?? []).map(
    (mount) =>
      `${String(mount["mountPath"])} from ${String(mount["name"])} (${mount["readOnly"] === true ? "ro" : "rw"})`,
  );
  rows.push(["Mounts:", mounts.length === 0 ? "<none>" : mounts.join(", ")]);
  return [
    `${indent}${container.name}:`,
    ...rows.map(([title, value]): Row => [`${indent} ${title}`, value]),
  ];
}

/** `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3` */
function probeText(probe: JsonMap): string {
  const number = (name: string) => String(probe[name] ?? 0);
  const times = `delay=${number("initialDelaySeconds")}s timeout=${number("timeoutSeconds")}s period=${number("periodSeconds")}s #success=${number("successThreshold")} #failure=${number("failureThreshold")}`;
  const http = probe["httpGet"] as JsonMap | undefined;
  const tcp = probe["tcpSocket"] as JsonMap | undefined;
  const exec = probe["exec"] as { readonly command?: readonly string[] } | undefined;
  if (http !== undefined) {
    const scheme = String(http["scheme"] ?? "HTTP").toLowerCase();
    return `http-get ${scheme}://${String(http["host"] ?? "")}:${String(http["port"])}${String(http["path"] ?? "")} ${times}`;
  }
  if (tcp !== undefined)
    return `tcp-socket ${String(tcp["host"] ?? "")}:${String(tcp["port"])} ${times}`;
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(" ")}] ${times}`;
  return `unknown ${times}`;
}

/** Tolerations as text, sorted. */
export function tolerationList({ tolerations = [] }: PodSpec): string[] {
  return tolerations
    .map(({ key = "", value, effect, operator, tolerationSeconds }) => {
      const subject = `${key}${value === undefined ? "" : `=${value}`}${effect === undefined ? "" : `:${effect}`}`;
      const exists = operator === "Exists" && value === undefined ? " op=Exists" : "";
      return `${subject}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
    })
    .sort();
}

/** The names of the volumes. */
export function volumeNames(spec: PodSpec): string {
  const names = (spec.volumes ?? []).map((volume) => String(volume["name"] ?? ""));
  return names.length === 0 ? "<none>" : names.join(", ");
}

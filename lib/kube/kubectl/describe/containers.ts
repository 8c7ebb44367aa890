/**
 * Descriptions of the containers of a Pod or of a template.
 *
 * Spec: kubectl pkg/describe (describeContainers, DescribeProbe), v1.36.
 */
import { parseQuantity } from "../../api/quantity.ts";
import type { Container, ContainerStatus, JsonMap, StringMap } from "../../api/types.ts";
import { longTime, type Row } from "./rows.ts";

/** What a field of the Pod itself is; "" of a template's. */
export type FieldResolver = (path: string) => string;

/** Containers, and where they stand. */
export interface ContainerGroup {
  readonly label: string;
  readonly containers: readonly Container[];
  readonly statuses: readonly ContainerStatus[];
  readonly resolve: FieldResolver;
  /** What the label is indented by: "" in a Pod, two spaces in a template. */
  readonly space: string;
}

/** The label and the lines of each container. */
export function containerRows({ label, containers, statuses, resolve, space }: ContainerGroup) {
  const nameIndent = space === "" ? "  " : "   ";
  const rows: Row[] = [`${space}${label}:${containers.length === 0 ? " <none>" : ""}`];
  for (const container of containers) {
    const status = statuses.find(({ name }) => name === container.name);
    rows.push(
      `${nameIndent}${container.name}:`,
      ...basicRows(container, status),
      ...wordRows("Command", container.command),
      ...wordRows("Args", container.args),
      ...(status === undefined ? [] : stateRows(status)),
      ...resourceRows(container.resources, "    "),
      ...probeRows(container),
      ...environmentSources(container.envFrom ?? []),
      ...environmentRows(container, resolve),
      ...mountRows(container.volumeMounts ?? []),
    );
  }
  return rows;
}

/** Limits and requests, their titles at `indent`. */
export function resourceRows(resources: Container["resources"], indent: string): Row[] {
  const amounts = (title: string, map: StringMap | undefined): Row[] => {
    const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return [];
    return [`${indent}${title}:`, ...entries.map(([name, text]) => [`${indent}  ${name}:`, text])];
  };
  return [...amounts("Limits", resources?.limits), ...amounts("Requests", resources?.requests)];
}

function row(title: string, value: string): Row {
  return [`    ${title}:`, value];
}

function basicRows(container: Container, status: ContainerStatus | undefined): Row[] {
  const { ports = [], image } = container;
  const text = (number: (port: (typeof ports)[number]) => number) =>
    ports
      .map((port) => {
        const name = port.name === undefined || port.name === "" ? "" : ` (${port.name})`;
        return `${number(port)}/${port.protocol ?? "TCP"}${name}`;
      })
      .join(", ");
  const portRow = (title: string, list: string): Row =>
    row(list.includes(",") ? `${title}s` : title, list === "" ? "<none>" : list);
  return [
    ...(status === undefined ? [] : [row("Container ID", status.containerID ?? "")]),
    row("Image", image),
    ...(status === undefined ? [] : [row("Image ID", status.imageID)]),
    portRow(
      "Port",
      text(({ containerPort }) => containerPort),
    ),
    portRow(
      "Host Port",
      text(({ hostPort = 0 }) => hostPort),
    ),
  ];
}

function wordRows(title: string, words: readonly string[] | undefined): Row[] {
  if (words === undefined || words.length === 0) return [];
  return [
    `    ${title}:`,
    ...words.flatMap((word) => word.split("\n")).map((line) => `      ${line}`),
  ];
}

function stateRows({ state, lastState, ready, restartCount }: ContainerStatus): Row[] {
  return [
    ...oneState("State", state),
    ...(lastState?.terminated === undefined ? [] : oneState("Last State", lastState)),
    row("Ready", ready ? "True" : "False"),
    row("Restart Count", String(restartCount)),
  ];
}

function oneState(
  title: string,
  { running, waiting, terminated }: Partial<ContainerStatus["state"]>,
): Row[] {
  const detail = (name: string, value: string): Row => [`      ${name}:`, value];
  const some = (name: string, value: string | undefined): Row[] =>
    value === undefined || value === "" ? [] : [detail(name, value)];
  if (running !== undefined) {
    return [row(title, "Running"), detail("Started", longTime(running.startedAt))];
  }
  if (terminated === undefined) return [row(title, "Waiting"), ...some("Reason", waiting?.reason)];
  const { reason, message, exitCode, signal = 0, startedAt, finishedAt } = terminated;
  return [
    row(title, "Terminated"),
    ...some("Reason", reason),
    ...some("Message", message),
    detail("Exit Code", String(exitCode)),
    ...(signal > 0 ? [detail("Signal", String(signal))] : []),
    detail("Started", longTime(startedAt)),
    detail("Finished", longTime(finishedAt)),
  ];
}

function probeRows({ livenessProbe, readinessProbe, startupProbe }: Container): Row[] {
  const probes = [
    ["Liveness", livenessProbe],
    ["Readiness", readinessProbe],
    ["Startup", startupProbe],
  ] as const;
  return probes.flatMap(([title, probe]) =>
    probe === undefined ? [] : [row(title, probeText(probe))],
  );
}

/** `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3` */
function probeText(probe: JsonMap): string {
  const number = (name: string) => String(probe[name] ?? 0);
  const times = `delay=${number("initialDelaySeconds")}s timeout=${number("timeoutSeconds")}s period=${number("periodSeconds")}s #success=${number("successThreshold")} #failure=${number("failureThreshold")}`;
  const part = (name: string) => probe[name] as JsonMap | undefined;
  const [exec, http, tcp, grpc] = ["exec", "httpGet", "tcpSocket", "grpc"].map(part);
  const text = (map: JsonMap, name: string) => String(map[name] ?? "");
  if (exec !== undefined) {
    const command = (exec["command"] ?? []) as readonly string[];
    return `exec [${command.join(" ")}] ${times}`;
  }
  if (http !== undefined) {
    const scheme = String(http["scheme"] ?? "HTTP").toLowerCase();
    return `http-get ${scheme}://${text(http, "host")}:${text(http, "port")}${text(http, "path")} ${times}`;
  }
  if (tcp !== undefined) return `tcp-socket ${text(tcp, "host")}:${text(tcp, "port")} ${times}`;
  if (grpc !== undefined)
    return `grpc <pod>:${text(grpc, "port")} ${text(grpc, "service")} ${times}`;
  return `unknown ${times}`;
}

function environmentSources(sources: readonly JsonMap[]): Row[] {
  if (sources.length === 0) return [];
  return [
    "    Environment Variables from:",
    ...sources.map((source): Row => {
      const { configMapRef, secretRef } = source as Readonly<Record<string, JsonMap | undefined>>;
      const reference = configMapRef ?? secretRef;
      const from =
        configMapRef !== undefined ? "ConfigMap" : secretRef === undefined ? "" : "Secret";
      const prefix = String(source["prefix"] ?? "");
      const shown = prefix === "" ? from : `${from} with prefix '${prefix}'`;
      return [`      ${String(reference?.["name"] ?? "")}`, shown, optional(reference)];
    }),
  ];
}

function environmentRows(container: Container, resolve: FieldResolver): Row[] {
  const { env = [] } = container;
  if (env.length === 0) return [["    Environment:", "<none>"]];
  return ["    Environment:", ...env.flatMap((each) => variableRows(each, container, resolve))];
}

function variableRows(variable: JsonMap, container: Container, resolve: FieldResolver): Row[] {
  const title = `      ${String(variable["name"])}:`;
  const source = variable["valueFrom"] as Readonly<Record<string, JsonMap>> | undefined;
  if (source === undefined) {
    return String(variable["value"] ?? "")
      .split("\n")
      .map((line, index) => [index === 0 ? title : "      ", line]);
  }
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = source;
  if (fieldRef !== undefined) {
    const path = String(fieldRef["fieldPath"]);
    return [[title, `${resolve(path)} (${String(fieldRef["apiVersion"] ?? "v1")}:${path})`]];
  }
  if (resourceFieldRef !== undefined) {
    const name = String(resourceFieldRef["resource"]);
    return [[title, `${amountText(container, resourceFieldRef)} (${name})`]];
  }
  const key = secretKeyRef ?? configMapKeyRef;
  if (key === undefined) return [];
  const of =
    secretKeyRef === undefined
      ? `of config map '${String(key["name"])}'`
      : `in secret '${String(key["name"])}'`;
  return [[title, `<set to the key '${String(key["key"])}' ${of}>`, optional(key)]];
}

/** The amount that a container says of a resource; nothing said of a limit: that of the node. */
function amountText({ resources }: Container, ref: JsonMap): string {
  const name = String(ref["resource"]);
  const [list = "", resource = ""] = name.split(/\.(.*)/);
  const amounts = list === "limits" ? resources?.limits : resources?.requests;
  const divisor = parseQuantity(String(ref["divisor"] ?? "1"));
  const amount = parseQuantity(amounts?.[resource] ?? "0") / (divisor === 0 ? 1 : divisor);
  const text = String(Math.ceil(amount));
  const isNodes = text === "0" && (name === "limits.cpu" || name === "limits.memory");
  return isNodes ? "node allocatable" : text;
}

function optional(reference: JsonMap | undefined): string {
  return `Optional: ${reference?.["optional"] === true}`;
}

function mountRows(mounts: readonly JsonMap[]): Row[] {
  if (mounts.length === 0) return [["    Mounts:", "<none>"]];
  const path = (mount: JsonMap) => String(mount["mountPath"]);
  const sorted = [...mounts].sort((a, b) => (path(a) < path(b) ? -1 : 1));
  return [
    "    Mounts:",
    ...sorted.map((mount) => {
      const access = mount["readOnly"] === true ? "ro" : "rw";
      const sub = String(mount["subPath"] ?? "");
      const flags = sub === "" ? access : `${access},path=${JSON.stringify(sub)}`;
      return `      ${path(mount)} from ${String(mount["name"])} (${flags})`;
    }),
  ];
}

/**
 * Descriptions of containers, in Pods with what has become of them and in templates without.
 *
 * Spec: kubectl pkg/describe (describeContainers, DescribeProbe), v1.36.
 */
import { copyFields, mapIn, textIn } from "../../api/fields.ts";
import type { Container, ContainerStatus, JsonMap, Pod, StringMap } from "../../api/types.ts";
import { ConfigError } from "../../kubelet/config-data.ts";
import { fieldText, type PodFacts, resourceText } from "../../kubelet/downward.ts";
import { longTime, type Row } from "./rows.ts";

const TITLE = "    ";
const DETAIL = "      ";
const NOTHING_KNOWN: PodFacts = { podIp: "", hostIp: "", allocatable: {} };

/** What a Pod's containers are described with; of a template there is no Pod. */
export interface ContainersOf {
  readonly pod: Pod | null;
  readonly statuses: readonly ContainerStatus[];
}

/** The containers, their names at `indent`. */
export function containerRows(
  containers: readonly Container[],
  { pod, statuses }: ContainersOf,
  indent: string,
): Row[] {
  return containers.flatMap((container): Row[] => {
    const status = statuses.find(({ name }) => name === container.name);
    return [
      `${indent}${container.name}:`,
      ...basicRows(container, status),
      ...listRows("Command:", container.command),
      ...listRows("Args:", container.args),
      ...(status === undefined ? [] : statusRows(status)),
      ...amountRows("Limits:", container.resources?.limits),
      ...amountRows("Requests:", container.resources?.requests),
      ...probeRows(container),
      ...environmentRows(container, pod),
      ...mountRows(container),
    ];
  });
}

function basicRows(container: Container, status: ContainerStatus | undefined): Row[] {
  const { image, ports = [] } = container;
  const security = mapIn(copyFields(container), "securityContext");
  const seccomp = mapIn(security, "seccompProfile");
  const own = ports.map(({ containerPort, protocol = "TCP" }) => `${containerPort}/${protocol}`);
  const host = ports.map(({ hostPort = 0, protocol = "TCP" }) => `${hostPort}/${protocol}`);
  const s = ports.length > 1 ? "s" : "";
  return [
    ...(status === undefined ? [] : [[`${TITLE}Container ID:`, status.containerID ?? ""]]),
    [`${TITLE}Image:`, image],
    ...(status === undefined ? [] : [[`${TITLE}Image ID:`, status.imageID]]),
    [`${TITLE}Port${s}:`, own.join(", ") || "<none>"],
    [`${TITLE}Host Port${s}:`, host.join(", ") || "<none>"],
    ...(seccomp === null ? [] : [[`${TITLE}SeccompProfile:`, textIn(seccomp, "type")]]),
  ];
}

function listRows(title: string, words: readonly string[] = []): Row[] {
  if (words.length === 0) return [];
  const lines = words.flatMap((word) => word.split("\n"));
  return [`${TITLE}${title}`, ...lines.map((line) => `${DETAIL}${line}`)];
}

function statusRows({ state, lastState, ready, restartCount }: ContainerStatus): Row[] {
  return [
    ...stateRows("State:", state),
    ...(lastState.terminated === undefined ? [] : stateRows("Last State:", lastState)),
    [`${TITLE}Ready:`, ready ? "True" : "False"],
    [`${TITLE}Restart Count:`, String(restartCount)],
  ];
}

function stateRows(title: string, state: ContainerStatus["state"]): Row[] {
  const { running, waiting, terminated } = state;
  const detail = (name: string, value: string | undefined): Row[] =>
    value === undefined || value === "" ? [] : [[`${DETAIL}${name}:`, value]];
  if (running !== undefined) {
    return [[`${TITLE}${title}`, "Running"], ...detail("Started", longTime(running.startedAt))];
  }
  if (terminated === undefined) {
    return [[`${TITLE}${title}`, "Waiting"], ...detail("Reason", waiting?.reason)];
  }
  const { reason, message, exitCode, signal, startedAt, finishedAt } = terminated;
  return [
    [`${TITLE}${title}`, "Terminated"],
    ...detail("Reason", reason),
    ...detail("Message", message),
    [`${DETAIL}Exit Code:`, String(exitCode)],
    ...detail("Signal", signal === undefined ? "" : String(signal)),
    ...detail("Started", longTime(startedAt)),
    ...detail("Finished", longTime(finishedAt)),
  ];
}

function amountRows(title: string, amounts: StringMap = {}): Row[] {
  const names = Object.keys(amounts).sort();
  if (names.length === 0) return [];
  return [
    `${TITLE}${title}`,
    ...names.map((name): Row => [`${DETAIL}${name}:`, amounts[name] ?? ""]),
  ];
}

function probeRows({ livenessProbe, readinessProbe, startupProbe }: Container): Row[] {
  const row = (title: string, probe: JsonMap | undefined): Row[] =>
    probe === undefined ? [] : [[`${TITLE}${title}`, probeText(probe)]];
  return [
    ...row("Liveness:", livenessProbe),
    ...row("Readiness:", readinessProbe),
    ...row("Startup:", startupProbe),
  ];
}

/** `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3` */
function probeText(probe: JsonMap): string {
  const number = (name: string) => String(probe[name] ?? 0);
  const times = `delay=${number("initialDelaySeconds")}s timeout=${number("timeoutSeconds")}s period=${number("periodSeconds")}s #success=${number("successThreshold")} #failure=${number("failureThreshold")}`;
  const http = probe["httpGet"] as JsonMap | undefined;
  const tcp = probe["tcpSocket"] as JsonMap | undefined;
  const grpc = probe["grpc"] as JsonMap | undefined;
  const exec = probe["exec"] as { readonly command?: readonly string[] } | undefined;
  if (http !== undefined) {
    const scheme = String(http["scheme"] ?? "HTTP").toLowerCase();
    return `http-get ${scheme}://${String(http["host"] ?? "")}:${String(http["port"])}${String(http["path"] ?? "")} ${times}`;
  }
  if (tcp !== undefined)
    return `tcp-socket ${String(tcp["host"] ?? "")}:${String(tcp["port"])} ${times}`;
  if (grpc !== undefined)
    return `grpc <pod>:${String(grpc["port"])} ${String(grpc["service"] ?? "")} ${times}`;
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(" ")}] ${times}`;
  return `unknown ${times}`;
}

function environmentRows(container: Container, pod: Pod | null): Row[] {
  const { env = [], envFrom = [] } = container;
  const sources = envFrom.map((each): Row => {
    const isSecret = each["secretRef"] !== undefined;
    const ref = copyFields(each[isSecret ? "secretRef" : "configMapRef"]);
    const prefix = each["prefix"] === undefined ? "" : ` with prefix '${String(each["prefix"])}'`;
    const kind = `${isSecret ? "Secret" : "ConfigMap"}${prefix}`;
    return [`${DETAIL}${textIn(ref, "name")}`, kind, `Optional: ${ref["optional"] === true}`];
  });
  const from: Row[] = sources.length === 0 ? [] : [`${TITLE}Environment Variables from:`];
  if (env.length === 0) return [...from, ...sources, [`${TITLE}Environment:`, "<none>"]];
  const variables = env.flatMap((each) => variableRows(each, container, pod));
  return [...from, ...sources, `${TITLE}Environment:`, ...variables];
}

function variableRows(variable: JsonMap, container: Container, pod: Pod | null): Row[] {
  const name = `${DETAIL}${String(variable["name"])}:`;
  const source = variable["valueFrom"] === undefined ? null : copyFields(variable["valueFrom"]);
  if (source === null) {
    const lines = String(variable["value"] ?? "").split("\n");
    return lines.map((line, index): Row => [index === 0 ? name : "", line]);
  }
  const field = mapIn(source, "fieldRef");
  if (field !== null) {
    const path = textIn(field, "fieldPath");
    const version = textIn(field, "apiVersion") || "v1";
    return [[name, `${pod === null ? "" : fieldOf(pod, path)} (${version}:${path})`]];
  }
  const resource = mapIn(source, "resourceFieldRef");
  if (resource !== null) {
    const wanted = textIn(resource, "resource");
    return [[name, `${amountOf(pod, container, resource as JsonMap)} (${wanted})`]];
  }
  const secret = mapIn(source, "secretKeyRef");
  const ref = secret ?? mapIn(source, "configMapKeyRef") ?? {};
  const where = secret === null ? "of config map" : "in secret";
  const text = `<set to the key '${textIn(ref, "key")}' ${where} '${textIn(ref, "name")}'>`;
  return [[name, text, `Optional: ${ref["optional"] === true}`]];
}

/** What kubectl itself can tell of a field: nothing that stands in the status. */
function fieldOf(pod: Pod, path: string): string {
  try {
    return path.startsWith("status.") ? "" : fieldText(pod, path, NOTHING_KNOWN);
  } catch (error) {
    if (error instanceof ConfigError) return "";
    throw error;
  }
}

function amountOf(pod: Pod | null, container: Container, ref: JsonMap): string {
  const wanted = String(ref["resource"]);
  const [list = "", resource = ""] = wanted.split(/\.(.*)/);
  const amounts = list === "limits" ? container.resources?.limits : container.resources?.requests;
  if (amounts?.[resource] === undefined) return list === "limits" ? "node allocatable" : "0";
  return pod === null ? "" : resourceText(pod, container, ref, NOTHING_KNOWN);
}

function mountRows({ volumeMounts = [] }: Container): Row[] {
  if (volumeMounts.length === 0) return [[`${TITLE}Mounts:`, "<none>"]];
  const lines = volumeMounts
    .map((mount) => {
      const path = mount["subPath"] === undefined ? "" : `,path="${String(mount["subPath"])}"`;
      const mode = mount["readOnly"] === true ? "ro" : "rw";
      return `${String(mount["mountPath"])} from ${String(mount["name"])} (${mode}${path})`;
    })
    .sort();
  return [`${TITLE}Mounts:`, ...lines.map((line) => `${DETAIL}${line}`)];
}

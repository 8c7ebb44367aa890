/**
 * `kubectl describe`: an object with what belongs to it, and the Events about it.
 *
 * Spec: kubectl pkg/describe, v1.36.
 * Not modelled: descriptions of kinds beside Service, EndpointSlice, Deployment, Pod and Node show
 * the object's metadata and fields only; Pods' volumes and probes of other forms in short.
 */
import { formatSelector } from "../api/labels.ts";
import { templateHash } from "../api/names.ts";
import type { ApiServer } from "../api/server.ts";
import type {
  ApiObject,
  Condition,
  Container,
  Deployment,
  EndpointSlice,
  EventObject,
  JsonMap,
  Node,
  Pod,
  PodSpec,
  ReplicaSet,
  Service,
  ServicePort,
  StringMap,
} from "../api/types.ts";
import { allSets } from "../controllers/deployment-status.ts";
import { controllerOf } from "../informer.ts";
import { SERVICE_NAME_LABEL } from "../objects.ts";
import type { Arguments } from "./arguments.ts";
import { podStatus } from "./columns.ts";
import type { Output } from "./output.ts";
import { objectsOf, selections } from "./select.ts";
import { formatTable } from "./table.ts";
import { agesOf } from "./view.ts";
import { toYaml } from "./yaml-text.ts";

/** A line of a description: its cells, or text without any. */
type Row = readonly string[] | string;

export function describe(server: ApiServer, args: Arguments, output: Output): void {
  const objects = selections(server, args.words).flatMap((selection) =>
    objectsOf(server, selection, args),
  );
  if (objects.length === 0) {
    output.warn(`No resources found in ${args.namespace} namespace.`);
    return;
  }
  output.write(objects.map((object) => describeOne(server, object)).join("\n\n"));
}

function describeOne(server: ApiServer, object: ApiObject): string {
  const events = eventRows(server, object);
  switch (object.kind) {
    case "Service":
      return layOut([...serviceRows(server, object as Service), ...events]);
    case "EndpointSlice":
      return layOut([...sliceRows(object as EndpointSlice), ...events]);
    case "Deployment":
      return layOut([...deploymentRows(server, object as Deployment), ...events]);
    case "Pod":
      return layOut([...podRows(object as Pod), ...events]);
    case "Node":
      return layOut([...nodeRows(server, object as Node), ...events]);
    default:
      return layOut([
        ...head(object),
        ...toYaml({ spec: object.spec, status: object.status }).trimEnd().split("\n"),
        ...events,
      ]);
  }
}

/**
 * Cells in columns, as Go's text/tabwriter sets them: a column is as wide as the widest cell of
 * neighbouring lines that have one there and another after it.
 */
function layOut(rows: readonly Row[]): string {
  const cells = rows.map((row) => (typeof row === "string" ? [row] : row));
  const texts = cells.map(() => "");
  for (let column = 0; cells.some((row) => row.length > column); column += 1) {
    for (let first = 0; first < cells.length; first += 1) {
      let end = first;
      let width = 0;
      for (; (cells[end]?.length ?? 0) > column + 1; end += 1) {
        width = Math.max(width, (cells[end]?.[column] ?? "").length + 2);
      }
      for (let line = first; line < end; line += 1) {
        texts[line] += (cells[line]?.[column] ?? "").padEnd(width);
      }
      first = Math.max(first, end - 1);
    }
    for (const [line, row] of cells.entries()) {
      if (row.length === column + 1) texts[line] += row[column] ?? "";
    }
  }
  return texts.map((text) => `${text}\n`).join("");
}

function head({ metadata }: ApiObject): Row[] {
  return [
    ["Name:", metadata.name],
    ...(metadata.namespace === undefined ? [] : ([["Namespace:", metadata.namespace]] as Row[])),
    ...mapRows("Labels:", metadata.labels, "="),
    ...mapRows("Annotations:", withoutApplied(metadata.annotations), ": "),
  ];
}

function withoutApplied(annotations: StringMap | undefined): StringMap {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(
      ([name]) => name !== "kubectl.kubernetes.io/last-applied-configuration",
    ),
  );
}

/** A map over as many rows as it has members. */
function mapRows(title: string, map: StringMap | undefined, joint: string): Row[] {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [[title, "<none>"]];
  return entries.map(
    ([key, value], index): Row => [index === 0 ? title : "", `${key}${joint}${value}`],
  );
}

function serviceRows(server: ApiServer, service: Service): Row[] {
  const { spec, status } = service;
  const ingress = (status.loadBalancer.ingress ?? []).map(
    ({ ip, hostname, ipMode }) =>
      `${ip ?? hostname ?? ""}${ipMode === undefined ? "" : ` (${ipMode})`}`,
  );
  const optional = (title: string, value: string | undefined): Row[] =>
    value === undefined || value === "" ? [] : [[title, value]];
  const families = spec.ipFamilies ?? [];
  const addresses = spec.clusterIPs ?? [];
  return [
    ...head(service),
    ["Selector:", formatSelector({ matchLabels: spec.selector })],
    ["Type:", spec.type],
    ...optional("IP Family Policy:", spec.ipFamilyPolicy),
    ["IP Families:", families.length === 0 ? "<none>" : families.join(",")],
    ["IP:", spec.clusterIP ?? ""],
    ["IPs:", addresses.length === 0 ? "<none>" : addresses.join(",")],
    ...optional("External IPs:", spec.externalIPs?.join(",")),
    ...optional("Desired LoadBalancer IP:", spec.loadBalancerIP),
    ...optional("External Name:", spec.externalName),
    ...optional("LoadBalancer Ingress:", ingress.join(", ")),
    ...(spec.ports ?? []).flatMap((port) => portRows(server, service, port)),
    ["Session Affinity:", spec.sessionAffinity ?? "None"],
    ...optional("External Traffic Policy:", spec.externalTrafficPolicy),
    ...optional("Internal Traffic Policy:", spec.internalTrafficPolicy),
    ...optional("Traffic Distribution:", spec.trafficDistribution),
    ...optional(
      "HealthCheck NodePort:",
      spec.healthCheckNodePort === undefined ? undefined : String(spec.healthCheckNodePort),
    ),
    ...optional("LoadBalancer Source Ranges:", spec.loadBalancerSourceRanges?.join(",")),
  ];
}

function portRows(server: ApiServer, service: Service, port: ServicePort): Row[] {
  const name = port.name === undefined || port.name === "" ? "<unset>" : port.name;
  return [
    ["Port:", `${name}  ${port.port}/${port.protocol}`],
    ["TargetPort:", `${port.targetPort}/${port.protocol}`],
    ...(port.nodePort === undefined
      ? []
      : ([["NodePort:", `${name}  ${port.nodePort}/${port.protocol}`]] as Row[])),
    ["Endpoints:", endpointsOf(server, service, port.name ?? "")],
  ];
}

/** The ready endpoints of a port; of more than three the first three. */
function endpointsOf(server: ApiServer, { metadata }: Service, portName: string): string {
  const list = server.store
    .list("EndpointSlice")
    .filter(
      (slice) =>
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name,
    )
    .flatMap((slice) => {
      const ports = (slice.ports ?? []).filter(({ name }) => (name ?? "") === portName);
      const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap(({ addresses }) =>
        ports.flatMap(({ port }) => addresses.map((address) => `${address}:${port ?? ""}`)),
      );
    });
  return list.length > 3
    ? `${list.slice(0, 3).join(",")} + ${list.length - 3} more...`
    : list.join(",");
}

function sliceRows(slice: EndpointSlice): Row[] {
  const ports = slice.ports ?? [];
  const endpoints = slice.endpoints ?? [];
  const rows: Row[] = [...head(slice), ["AddressType:", slice.addressType]];
  if (ports.length === 0) rows.push(["Ports:", "<unset>"]);
  else {
    rows.push("Ports:");
    const cells = ports.map(({ name, port, protocol }) => [
      name === undefined || name === "" ? "<unset>" : name,
      String(port ?? ""),
      protocol ?? "",
    ]);
    rows.push(
      ...indentedTable([["Name", "Port", "Protocol"], ["----", "----", "--------"], ...cells]),
    );
  }
  if (endpoints.length === 0) rows.push(["Endpoints:", "<none>"]);
  else rows.push("Endpoints:");
  for (const { addresses, conditions, hostname, targetRef, nodeName, zone } of endpoints) {
    const known = (value: string | undefined) => value ?? "<unset>";
    rows.push(["  - Addresses:", addresses.join(",")], "    Conditions:");
    rows.push(["      Ready:", String(conditions?.ready ?? "<unset>")]);
    rows.push(["    Hostname:", known(hostname)]);
    if (targetRef !== undefined)
      rows.push(["    TargetRef:", `${targetRef.kind}/${targetRef.name}`]);
    rows.push(["    NodeName:", known(nodeName)], ["    Zone:", known(zone)]);
  }
  return rows;
}

function indentedTable(rows: readonly (readonly string[])[]): string[] {
  return formatTable(rows, 2)
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
}

function deploymentRows(server: ApiServer, deployment: Deployment): Row[] {
  const { spec, status, metadata } = deployment;
  const rolling = spec.strategy.rollingUpdate;
  const counts = [
    `${spec.replicas} desired`,
    `${status.updatedReplicas ?? 0} updated`,
    `${status.replicas ?? 0} total`,
    `${status.availableReplicas ?? 0} available`,
    `${status.unavailableReplicas ?? 0} unavailable`,
  ];
  const [name, namespace, ...rest] = head(deployment);
  const sets = ownedSets(server, deployment);
  return [
    ...(name === undefined ? [] : [name]),
    ...(namespace === undefined ? [] : [namespace]),
    ["CreationTimestamp:", longTime(metadata.creationTimestamp)],
    ...rest,
    ["Selector:", formatSelector(spec.selector)],
    ["Replicas:", counts.join(" | ")],
    ["StrategyType:", spec.strategy.type],
    ["MinReadySeconds:", String(spec.minReadySeconds ?? 0)],
    ...(rolling === undefined
      ? []
      : ([
          [
            "RollingUpdateStrategy:",
            `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`,
          ],
        ] as Row[])),
    "Pod Template:",
    ...templateLines(deployment),
    ...conditionLines(status.conditions ?? [], true),
    ["OldReplicaSets:", setList(sets.old)],
    ["NewReplicaSet:", setList(sets.current === null ? [] : [sets.current])],
  ];
}

function ownedSets(server: ApiServer, deployment: Deployment) {
  const hash = templateHash(deployment.spec.template, deployment.status.collisionCount);
  const sets = server.store
    .list("ReplicaSet")
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
  const current =
    sets.find(({ metadata }) => metadata.labels?.["pod-template-hash"] === hash) ?? null;
  const owned = { current, old: sets.filter((set) => set !== current) };
  return { ...owned, all: allSets(owned) };
}

function setList(sets: readonly ReplicaSet[]): string {
  if (sets.length === 0) return "<none>";
  return sets
    .map(
      ({ metadata, spec, status }) =>
        `${metadata.name} (${status.replicas}/${spec.replicas} replicas created)`,
    )
    .join(", ");
}

function templateLines(deployment: Deployment): Row[] {
  const { metadata, spec } = deployment.spec.template;
  const maps: Row[] = [...mapRows("  Labels:", metadata?.labels, "=")];
  if (Object.keys(metadata?.annotations ?? {}).length > 0) {
    maps.push(...mapRows("  Annotations:", metadata?.annotations, ": "));
  }
  const tolerations = tolerationList(spec);
  return [
    ...maps,
    "  Containers:",
    ...spec.containers.flatMap((container) => containerLines(container, "   ")),
    ["  Volumes:", volumeNames(spec)],
    ["  Node-Selectors:", formatSelector({ matchLabels: spec.nodeSelector })],
    ...(tolerations.length === 0 ? ["<none>"] : tolerations).map(
      (text, index): Row => [index === 0 ? "  Tolerations:" : "", text],
    ),
  ];
}

function volumeNames(spec: PodSpec): string {
  const names = (spec.volumes ?? []).map((volume) => String(volume["name"] ?? ""));
  return names.length === 0 ? "<none>" : names.join(", ");
}

function containerLines(container: Container, indent: string): Row[] {
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

function conditionLines(conditions: readonly Condition[], withReason: boolean): Row[] {
  if (conditions.length === 0) return [];
  const heads = withReason ? ["Type", "Status", "Reason"] : ["Type", "Status"];
  const rows = conditions.map(({ type, status, reason }) =>
    withReason ? [type, status, reason ?? ""] : [type, status],
  );
  const indented = (cells: readonly string[]): Row => [`  ${cells[0] ?? ""}`, ...cells.slice(1)];
  const rule = heads.map((title) => "-".repeat(title.length));
  return ["Conditions:", indented(heads), indented(rule), ...rows.map(indented)];
}

function podRows(pod: Pod): Row[] {
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

function tolerationList({ tolerations = [] }: PodSpec): string[] {
  return tolerations
    .map(({ key = "", value, effect, operator, tolerationSeconds }) => {
      const subject = `${key}${value === undefined ? "" : `=${value}`}${effect === undefined ? "" : `:${effect}`}`;
      const exists = operator === "Exists" && value === undefined ? " op=Exists" : "";
      return `${subject}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
    })
    .sort();
}

function nodeRows(server: ApiServer, node: Node): Row[] {
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

function eventRows(server: ApiServer, { metadata, kind }: ApiObject): Row[] {
  const age = agesOf(server);
  const events = server.store
    .list("Event")
    .filter(
      (event: EventObject) =>
        event.involvedObject.uid === metadata.uid && event.involvedObject.kind === kind,
    )
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  if (events.length === 0) return [["Events:", "<none>"]];
  const heads = ["Type", "Reason", "Age", "From", "Message"];
  const rows = events.map(({ type, reason, lastTimestamp, source, message }) => [
    type,
    reason,
    age(lastTimestamp),
    source.component,
    message,
  ]);
  const lines = indentedTable([
    heads,
    heads.map((title) => (title === "Age" ? "----" : "-".repeat(title.length))),
    ...rows,
  ]);
  return ["Events:", ...lines];
}

const DAYS = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Sat, 01 Jan 2000 00:00:00 +0000` */
function longTime(time: string): string {
  const [year = "", month = "", day = "", clock = ""] = time.replace("Z", "").split(/[-T]/);
  return `${DAYS[weekday(Number(year), Number(month), Number(day))] ?? ""}, ${day} ${MONTHS[Number(month) - 1] ?? ""} ${year} ${clock} +0000`;
}

/** Day of the week from 0, Saturday, by Zeller's congruence. */
function weekday(year: number, month: number, day: number): number {
  const shifted = month < 3 ? month + 12 : month;
  const y = month < 3 ? year - 1 : year;
  return (
    (day +
      Math.floor((13 * (shifted + 1)) / 5) +
      y +
      Math.floor(y / 4) -
      Math.floor(y / 100) +
      Math.floor(y / 400)) %
    7
  );
}

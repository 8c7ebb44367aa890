/**
 * What the API server warns of although it takes the object.
 *
 * Spec: Kubernetes pkg/api/service/warnings.go, pkg/api/pod/warnings.go, v1.36.
 * Not modelled: warnings of deprecated volumes, annotations and node labels.
 */
import { asFields, type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "./fields.ts";
import { parseQuantity } from "./quantity.ts";
import type { ApiObject, NewObject } from "./types.ts";

/** The warnings about an object as it is stored now; `old` is what it replaces. */
export function warningsOf(object: NewObject, old: ApiObject | null): string[] {
  const fields = asFields(object);
  const spec = mapIn(fields, "spec") ?? {};
  switch (object.kind) {
    case "Endpoints":
      return ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"];
    case "Service":
      return serviceWarnings(fields, spec, old);
    case "Pod":
      return old === null ? podWarnings(spec, "spec") : [];
    case "DaemonSet":
    case "Deployment":
    case "Job":
    case "ReplicaSet":
    case "ReplicationController":
    case "StatefulSet":
      return podWarnings(mapIn(mapIn(spec, "template"), "spec") ?? {}, "spec.template.spec");
    case "CronJob": {
      const template = mapIn(mapIn(mapIn(spec, "jobTemplate"), "spec"), "template");
      return podWarnings(mapIn(template, "spec") ?? {}, "spec.jobTemplate.spec.template.spec");
    }
    default:
      return [];
  }
}

const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";

function serviceWarnings(service: Fields, spec: Fields, old: ApiObject | null): string[] {
  const warnings: string[] = [];
  const annotations = mapIn(mapIn(service, "metadata"), "annotations");
  const before = mapIn(old === null ? null : asFields(old), "metadata");
  if (
    annotations?.[TOPOLOGY_HINTS] !== undefined &&
    mapIn(before, "annotations")?.[TOPOLOGY_HINTS] === undefined
  ) {
    warnings.push(
      `annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    );
  }
  const hasExternalIps = textsIn(spec, "externalIPs").length > 0;
  const isName = spec["type"] === "ExternalName";
  if (spec["type"] === "ClusterIP" && textIn(spec, "clusterIP") === "None") {
    const ignored = (name: string) =>
      warnings.push(`spec.${name} is ignored for headless services`);
    if (textIn(spec, "loadBalancerIP") !== "") ignored("loadBalancerIP");
    if (hasExternalIps) ignored("externalIPs");
    if (textIn(spec, "sessionAffinity") !== "None") ignored("SessionAffinity");
  } else if (hasExternalIps && !isName) {
    warnings.push(
      "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    );
  }
  if (hasExternalIps && isName) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (textIn(spec, "externalName") !== "" && !isName) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec["trafficDistribution"] === "PreferClose") {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}

function podWarnings(spec: Fields, path: string): string[] {
  const warnings: string[] = [];
  for (const [index, constraint] of mapsIn(spec, "topologySpreadConstraints").entries()) {
    if (mapIn(constraint, "labelSelector") !== null) continue;
    warnings.push(
      `${path}.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`,
    );
  }
  duplicates(warnings, mapsIn(spec, "hostAliases"), "ip", `${path}.hostAliases`);
  duplicates(warnings, mapsIn(spec, "imagePullSecrets"), "name", `${path}.imagePullSecrets`);
  const containers = ["initContainers", "containers"].flatMap((list) =>
    mapsIn(spec, list).map((container, index) => ({ container, at: `${path}.${list}[${index}]` })),
  );
  for (const { container, at } of containers) {
    byteWarnings(warnings, container, at);
    environmentWarnings(warnings, container, at);
  }
  portWarnings(warnings, containers);
  if (numberIn(spec, "terminationGracePeriodSeconds") < 0) {
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  return warnings;
}

function duplicates(warnings: string[], items: readonly Fields[], key: string, path: string): void {
  for (const [index, item] of items.entries()) {
    const value = textIn(item, key);
    if (items.findIndex((each) => textIn(each, key) === value) === index) continue;
    warnings.push(`${path}[${index}].${key}: duplicate ${key} "${value}"`);
  }
}

function byteWarnings(warnings: string[], container: Fields, path: string): void {
  const resources = mapIn(container, "resources");
  for (const name of ["memory", "ephemeral-storage"]) {
    for (const list of ["limits", "requests"]) {
      const value = mapIn(resources, list)?.[name];
      if (value === undefined || Number.isInteger(parseQuantity(String(value)))) continue;
      warnings.push(
        `${path}.resources.${list}[${name}]: fractional byte value "${value}" is invalid, must be an integer`,
      );
    }
  }
}

function environmentWarnings(warnings: string[], container: Fields, path: string): void {
  const list = mapsIn(container, "env");
  for (const [index, entry] of list.entries()) {
    const name = textIn(entry, "name");
    const isKnown = list.slice(0, index).some((each) => textIn(each, "name") === name);
    if (!isKnown) continue;
    const value = textIn(entry, "value");
    const hides =
      mapIn(entry, "valueFrom") !== null || value === `$(${name})` || !value.includes(`$(${name})`);
    if (!hides) continue;
    warnings.push(
      `${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`,
    );
  }
}

function portWarnings(
  warnings: string[],
  containers: readonly { readonly container: Fields; readonly at: string }[],
): void {
  const seen: { readonly port: Fields; readonly path: string }[] = [];
  for (const { container, at } of containers) {
    for (const [index, port] of mapsIn(container, "ports").entries()) {
      const path = `${at}.ports[${index}]`;
      for (const other of seen) {
        const how = portConflict(port, other.port);
        if (how !== null) warnings.push(`${path}: ${how} ${other.path}`);
      }
      seen.push({ port, path });
    }
  }
}

function portConflict(port: Fields, other: Fields): string | null {
  const isSame = (...names: readonly string[]) => names.every((name) => port[name] === other[name]);
  if (!isSame("containerPort", "protocol")) return null;
  if (isSame("hostIP", "hostPort")) return "duplicate port definition with";
  const isFree = numberIn(port, "hostPort") === 0 || numberIn(other, "hostPort") === 0;
  if (isFree) return "overlapping port definition with";
  const isAnywhere = textIn(port, "hostIP") === "" || textIn(other, "hostIP") === "";
  return isSame("hostPort") && isAnywhere ? "dangerously ambiguous port definition with" : null;
}

/**
 * What a Pod is told of itself: fields of its object, and the resources of its containers.
 *
 * Spec: Kubernetes "Downward API"; kubernetes pkg/fieldpath, pkg/api/v1/resource, v1.36.
 */
import { parseQuantity } from "../api/quantity.ts";
import type { Container, JsonMap, Pod, StringMap } from "../api/types.ts";
import { ConfigError } from "./config-data.ts";

/** What is known of a Pod beside its object when a container starts. */
export interface PodFacts {
  readonly podIp: string;
  readonly hostIp: string;
  /** What the node has: the limit of containers without one. */
  readonly allocatable: StringMap;
}

/** The text of `fieldPath`. Throws `ConfigError`. */
export function fieldText(pod: Pod, path: string, facts: PodFacts): string {
  const { metadata, spec } = pod;
  const indexed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (indexed !== null) {
    const map = indexed[1] === "labels" ? metadata.labels : metadata.annotations;
    return map?.[indexed[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "default";
    case "metadata.uid":
      return metadata.uid;
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "default";
    case "status.hostIP":
    case "status.hostIPs":
      return facts.hostIp;
    case "status.podIP":
    case "status.podIPs":
      return facts.podIp;
    default:
      throw new ConfigError(`unsupported fieldPath: ${path}`);
  }
}

/** The text of a `resourceFieldRef`; `own` is the container that it stands in. */
export function resourceText(pod: Pod, own: Container, ref: JsonMap, facts: PodFacts): string {
  const wanted = String(ref["containerName"] ?? "");
  const container = wanted === "" ? own : pod.spec.containers.find(({ name }) => name === wanted);
  const [list = "", resource = ""] = String(ref["resource"]).split(/\.(.*)/);
  const amounts = list === "limits" ? container?.resources?.limits : container?.resources?.requests;
  const fallback = list === "limits" ? facts.allocatable[resource] : "0";
  const amount = parseQuantity(amounts?.[resource] ?? fallback ?? "0");
  const divisor = parseQuantity(String(ref["divisor"] ?? "1"));
  return String(Math.ceil(amount / (divisor === 0 ? 1 : divisor)));
}

/** Each entry on a line, by key: `app="web"`. */
function formatMap(map: StringMap | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

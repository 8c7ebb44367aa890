/**
 * Which endpoints of a service port this node uses: by readiness, traffic policies and topology
 * hints. The heart of every mode.
 *
 * Spec: Kubernetes pkg/proxy/topology.go; KEP-1669 (terminating endpoints), KEP-2433 and KEP-3015
 * (hints by zone and by node).
 */
import { compareNames } from "../objects.ts";
import { type Endpoint, isDraining, isOnNode } from "./endpoint.ts";
import type { KubeProxyRelease } from "./release.ts";
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from "./service-port.ts";

/** What of a Node decides about endpoints. */
export interface NodePlace {
  readonly name: string;
  /** "" if the Node has no zone label. */
  readonly zone: string;
}

/** The endpoints that a node uses for a service port. */
export interface EndpointChoice {
  /** For traffic under the Cluster policy. */
  readonly cluster: readonly Endpoint[];
  /** For traffic under the Local policy. */
  readonly local: readonly Endpoint[];
  /** All of both, each once. */
  readonly reachable: readonly Endpoint[];
  /** Whether any node has an endpoint that could serve, if not this one. */
  readonly hasAny: boolean;
}

/** Divides the endpoints of `port` by policy, for releases that know terminating endpoints. */
export function chooseEndpoints(
  endpoints: readonly Endpoint[],
  port: ServicePort,
  node: NodePlace,
  release: KubeProxyRelease,
): EndpointChoice {
  const passes = topologyFilter(endpoints, port, node, release);
  const usesCluster = usesClusterEndpoints(port);
  const cluster = usesCluster ? clusterEndpoints(endpoints, passes) : NONE;
  if (!usesLocalEndpoints(port)) {
    return { cluster, local: NONE, reachable: cluster, hasAny: cluster.length > 0 };
  }
  const here = endpoints.filter((endpoint) => isOnNode(endpoint, node.name));
  const readyHere = here.filter(({ ready }) => ready);
  const local = readyHere.length > 0 ? readyHere : here.filter(isDraining);
  const hasAny = cluster.length > 0 || endpoints.some((one) => one.ready || isDraining(one));
  if (!usesCluster) return { cluster, local, reachable: local, hasAny };
  const fellBack = local.length > 0 && readyHere.length === 0;
  const reachable = passes === null && !fellBack ? cluster : union(cluster, local);
  return { cluster, local, reachable, hasAny };
}

/** Whether nodes may choose differently. */
export function dependsOnNode(
  endpoints: readonly Endpoint[],
  port: ServicePort,
  release: KubeProxyRelease,
): boolean {
  if (usesLocalEndpoints(port)) return true;
  if (release.topology === "none") return false;
  return endpoints.some(({ nodeHints, zoneHints }) => nodeHints.length + zoneHints.length > 0);
}

const NONE: readonly Endpoint[] = [];

type Filter = (endpoint: Endpoint) => boolean;

/** Ready endpoints that topology lets through, or if there are none those that still drain. */
function clusterEndpoints(endpoints: readonly Endpoint[], passes: Filter | null): Endpoint[] {
  const ready = endpoints.filter(
    (endpoint) => endpoint.ready && (passes === null || passes(endpoint)),
  );
  return ready.length > 0 ? ready : endpoints.filter(isDraining);
}

/** The order of a union is random in the real one; here it is that of all endpoints. */
function union(a: readonly Endpoint[], b: readonly Endpoint[]): Endpoint[] {
  return [...new Set([...a, ...b])].sort((x, y) => compareNames(x.text, y.text));
}

/** What hints demand, or null if they do not apply. */
function topologyFilter(
  endpoints: readonly Endpoint[],
  port: ServicePort,
  node: NodePlace,
  release: KubeProxyRelease,
): Filter | null {
  if (release.topology === "none") return null;
  if (release.topology === "annotation" && !enablesHints(port.hintsAnnotation)) return null;
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const sameNode: Filter = (endpoint) => endpoint.nodeHints.includes(node.name);
  if (
    release.topology === "hints" &&
    ready.every((endpoint) => endpoint.nodeHints.length > 0) &&
    ready.some(sameNode)
  ) {
    return sameNode;
  }
  const sameZone: Filter = (endpoint) => endpoint.zoneHints.includes(node.zone);
  const hinted = ready.every((endpoint) => endpoint.zoneHints.length > 0);
  return node.zone !== "" && hinted && ready.some(sameZone) ? sameZone : null;
}

function enablesHints(annotation: string): boolean {
  return annotation !== "" && annotation !== "disabled" && annotation !== "Disabled";
}

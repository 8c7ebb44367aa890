/**
 * A Pod as a Service's endpoint: its address, its state, its place, and the ports that it has there.
 *
 * Spec: kubernetes staging endpointslice (utils.go, trafficdist), v1.36.
 */
import { canonical } from "../api/names.ts";
import type { Endpoint, EndpointPort, Pod, Service } from "../api/types.ts";
import { isReady, isTerminal } from "./pods.ts";
import { findPort } from "./service-pods.ts";
import { wantsTopologyHints } from "./topology-hints.ts";

/** An endpoint with its Service's ports as it has them. */
export interface PodEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly EndpointPort[];
  /** Equal ports have equal ones. */
  readonly portsId: string;
}

/** The Pod as an endpoint in `zone`; null: it is none. */
export function podEndpoint(
  service: Service,
  pod: Pod,
  zone: string | undefined,
): PodEndpoint | null {
  if (pod.status.podIP === undefined || isTerminal(pod)) return null;
  const ports = portsOf(service, pod);
  return { endpoint: endpointOf(service, pod, zone), ports, portsId: canonical(ports) };
}

function endpointOf(service: Service, pod: Pod, zone: string | undefined): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const isNamed = pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name;
  const hints = ready && !terminating ? hintsOf(service, zone, pod.spec.nodeName) : undefined;
  return {
    addresses: [pod.status.podIP ?? ""],
    conditions: { ready, serving, terminating },
    ...(isNamed && { hostname: pod.spec.hostname }),
    targetRef: {
      kind: "Pod",
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
    ...(pod.spec.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    ...(zone !== undefined && { zone }),
    ...(hints !== undefined && { hints }),
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = findPort(pod, port);
    if (number === null) return [];
    const { name = "", protocol, appProtocol } = port;
    return [{ name, protocol, port: number, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function hintsOf(
  service: Service,
  zone: string | undefined,
  nodeName: string | undefined,
): Endpoint["hints"] {
  const { trafficDistribution } = service.spec;
  if (trafficDistribution === undefined || wantsTopologyHints(service.metadata.annotations)) {
    return undefined;
  }
  const forZones = zone === undefined ? undefined : [{ name: zone }];
  const forNodes =
    trafficDistribution === "PreferSameNode" && nodeName !== undefined
      ? [{ name: nodeName }]
      : undefined;
  if (forZones === undefined && forNodes === undefined) return undefined;
  return { forZones, forNodes };
}

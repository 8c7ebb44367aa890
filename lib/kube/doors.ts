/**
 * Every way into a cluster's applications: ClusterIP ports, node ports on each node, addresses of
 * load balancers, external addresses, and the paths of Ingresses.
 */
import { type Ipv4, isIpv4, parseIpv4 } from "../base/inet.ts";
import type { Node, Service } from "./api/types.ts";
import { frontOf } from "./ingress-fronts.ts";
import type { Ingress } from "./ingress-objects.ts";
import { keyOf, type Store } from "./store.ts";

/** One way in. */
export interface Door {
  /** `default/web ClusterIP`, `default/site Ingress`. */
  readonly name: string;
  readonly address: Ipv4;
  readonly port: number;
  readonly protocol: string;
  /** What HTTP asks for: of an Ingress its own host and path. */
  readonly host: string | null;
  readonly path: string;
  /** Whether hosts outside of the cluster are meant to use it. */
  readonly isOutside: boolean;
  /** Shut for hosts outside as it is meant to be: externalTrafficPolicy Local, and nobody here. */
  readonly isElsewhere: boolean;
}

/** All doors of a cluster as it is now, by namespace and name. */
export function doorsOf(store: Store): Door[] {
  const nodes = store.list("Node");
  return [
    ...store.list("Service").flatMap((service) => ofService(service, nodes, store)),
    ...store.list("Ingress").flatMap((ingress) => ofIngress(ingress as unknown as Ingress, store)),
  ];
}

function addressOf({ status }: Node): Ipv4[] {
  const internal = status.addresses?.find(({ type }) => type === "InternalIP")?.address;
  return internal === undefined ? [] : [parseIpv4(internal)];
}

/** Whether the node has no endpoint of a Service that keeps to the node that was asked. */
function isElsewhere(service: Service, node: Node, store: Store): boolean {
  if (service.spec.externalTrafficPolicy !== "Local") return false;
  const slices = store
    .list("EndpointSlice")
    .filter(
      ({ metadata }) =>
        metadata.namespace === service.metadata.namespace &&
        metadata.labels?.["kubernetes.io/service-name"] === service.metadata.name,
    );
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  return !endpoints.some(({ nodeName }) => nodeName === node.metadata.name);
}

function ofService(service: Service, nodes: readonly Node[], store: Store): Door[] {
  const key = keyOf(service);
  const { clusterIP = "", externalIPs = [], ports = [] } = service.spec;
  // What listens behind it is the API server, which has no frames here.
  if (key === "default/kubernetes") return [];
  const given = (service.status.loadBalancer.ingress ?? []).map(({ ip }) => ip ?? "");
  return ports.flatMap(({ port, nodePort, protocol }) => {
    const door = (kind: string, address: Ipv4, number: number, isOutside: boolean): Door => ({
      name: `${key} ${kind}`,
      address,
      port: number,
      protocol,
      host: null,
      path: "/",
      isOutside,
      isElsewhere: false,
    });
    const at = (kind: string, text: string, isOutside: boolean): Door[] =>
      isIpv4(text) ? [door(kind, parseIpv4(text), port, isOutside)] : [];
    return [
      ...at("ClusterIP", clusterIP, false),
      ...nodes.flatMap((node) =>
        nodePort === undefined
          ? []
          : addressOf(node).map((address) => ({
              ...door("NodePort", address, nodePort, true),
              isElsewhere: isElsewhere(service, node, store),
            })),
      ),
      ...given.flatMap((text) => at("LoadBalancer", text, true)),
      ...externalIPs.flatMap((text) => at("external", text, true)),
    ];
  });
}

/** The paths of an Ingress, where its controller is reached. */
function ofIngress(ingress: Ingress, store: Store): Door[] {
  const { metadata, spec } = ingress;
  const front = frontOf(ingress, store);
  if (front === null) return [];
  const door = (host: string | undefined, path: string): Door => ({
    ...front,
    name: `${metadata.namespace ?? "default"}/${metadata.name} Ingress`,
    protocol: "TCP",
    host: host?.replace(/^\*/, "any") ?? null,
    path,
    isElsewhere: false,
  });
  const paths = (spec.rules ?? []).flatMap(({ host, http }) =>
    (http?.paths ?? [])
      .filter(({ backend }) => backend.service !== undefined)
      .map(({ path = "/" }) => door(host, path)),
  );
  return spec.defaultBackend?.service === undefined ? paths : [...paths, door(undefined, "/")];
}

/**
 * Where clients reach the controller of an Ingress: the load balancer or node port of a Service in
 * front of it, a port of its node, or else only a ClusterIP.
 */
import { type Ipv4, isIpv4, parseIpv4 } from "../base/inet.ts";
import type { Node, Pod, Service, ServicePort } from "./api/types.ts";
import { isReady } from "./controllers/pods.ts";
import { selects } from "./controllers/service-pods.ts";
import { fitsImage, parseImageName } from "./images/image-name.ts";
import { CLASS_ANNOTATION, type Ingress, type IngressClass } from "./ingress-objects.ts";
import type { Store } from "./store.ts";

/** Patterns of images, and what their IngressClasses name as their controller. */
const CONTROLLERS: readonly (readonly [pattern: string, controller: RegExp])[] = [
  ["ingress-nginx/controller", /^k8s\.io\/ingress-nginx/],
  ["traefik", /^traefik\.io\/ingress-controller/],
  ["kubernetes-ingress", /^haproxy\.org\/ingress-controller/],
  ["haproxy-ingress", /^haproxy-ingress\.github\.io\/controller/],
  ["nginx-ingress", /^nginx\.org\/ingress-controller/],
];

const HTTP_PORT = 80;

/** An address at which a controller answers HTTP. */
export interface IngressFront {
  readonly address: Ipv4;
  readonly port: number;
  /** Whether hosts outside of the cluster reach it. */
  readonly isOutside: boolean;
}

/** Where the Ingress is reached; null if no controller that takes it runs. */
export function frontOf(ingress: Ingress, store: Store): IngressFront | null {
  const wanted = controllerOf(ingress, store);
  const pods = store.list("Pod").filter((pod) => pod.status.phase === "Running");
  const candidates = pods.filter((pod) =>
    pod.spec.containers.some(({ image }) => {
      const name = parseImageName(image);
      const known = CONTROLLERS.find(([pattern]) => fitsImage(pattern, name));
      return known !== undefined && (wanted === null || known[1].test(wanted));
    }),
  );
  const pod = candidates.find(isReady) ?? candidates[0];
  if (pod === undefined) return null;
  const services = store.list("Service").filter((service) => selects(service, pod));
  const nodes = store.list("Node");
  const own = services.flatMap((service) => ofService(service, nodes, isHttpPort));
  const fronts =
    own.length > 0 ? own : services.flatMap((each) => ofService(each, nodes, () => true));
  return fronts.find(({ isOutside }) => isOutside) ?? ofNode(pod) ?? fronts[0] ?? null;
}

/** What the Ingress's class names; null if it has none, or one that only an annotation knows. */
function controllerOf({ metadata, spec }: Ingress, store: Store): string | null {
  const name = spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];
  if (name === undefined) return null;
  const found = store.get("IngressClass", name) as unknown as IngressClass | null;
  return found?.spec?.controller ?? null;
}

function ofService(
  { spec, status }: Service,
  nodes: readonly Node[],
  fits: (port: ServicePort) => boolean,
): IngressFront[] {
  const port = (spec.ports ?? []).find((each) => each.protocol === "TCP" && fits(each));
  if (port === undefined) return [];
  const at = (text: string | undefined, number: number, isOutside: boolean): IngressFront[] =>
    text !== undefined && isIpv4(text)
      ? [{ address: parseIpv4(text), port: number, isOutside }]
      : [];
  const { nodePort } = port;
  const [node] = nodes.flatMap(({ status: { addresses = [] } }) =>
    addresses.filter(({ type }) => type === "InternalIP"),
  );
  return [
    ...(status.loadBalancer.ingress ?? []).flatMap(({ ip }) => at(ip, port.port, true)),
    ...(spec.externalIPs ?? []).flatMap((ip) => at(ip, port.port, true)),
    ...(nodePort === undefined ? [] : at(node?.address, nodePort, true)),
    ...at(spec.clusterIP, port.port, false),
  ];
}

/** The port of the Pod's node: by `hostPort`, or since the Pod has the node's network. */
function ofNode({ spec, status }: Pod): IngressFront | null {
  const { hostIP } = status;
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  const http = ports.find(({ containerPort, name }) => containerPort === HTTP_PORT || isHttp(name));
  const hostPort = spec.hostNetwork === true ? http?.containerPort : http?.hostPort;
  if (hostIP === undefined || hostPort === undefined) return null;
  return { address: parseIpv4(hostIP), port: hostPort, isOutside: true };
}

function isHttpPort({ port, name, targetPort }: ServicePort): boolean {
  return port === HTTP_PORT || isHttp(name) || isHttp(String(targetPort));
}

function isHttp(name: string | undefined): boolean {
  return name === "http" || name === "web";
}

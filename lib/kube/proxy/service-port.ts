/**
 * One port of a Service as every mode of kube-proxy sees it: what to match, and which policies
 * hold. A Service with three ports is three of these.
 *
 * Spec: Kubernetes pkg/proxy/serviceport.go, pkg/proxy/servicechangetracker.go.
 */
import { type Cidr, contains as holds, type Ipv4 } from "../../base/inet.ts";
import { canonicalCidr, canonicalIpv4, readCidr } from "../addresses.ts";
import { DEFAULT_AFFINITY_SECONDS } from "../defaults.ts";
import {
  HEADLESS_LABEL,
  type LoadBalancerIngress,
  type ObjectMeta,
  objectName,
  type Protocol,
  SERVICE_PROXY_NAME_LABEL,
  type Service,
  type ServicePortSpec,
} from "../objects.ts";
import type { KubeProxyRelease } from "./release.ts";

/** The protocol as rules write it. */
export type RuleProtocol = "tcp" | "udp" | "sctp";

/** A network that may reach a load balancer's address. */
export interface SourceRange {
  /** As the release prints it. */
  readonly text: string;
  readonly cidr: Cidr;
}

/** A port of a Service as every mode sees it. */
export interface ServicePort {
  /** Identifies the port in the whole cluster; see `servicePortKey`. */
  readonly key: string;
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** `namespace/name:port`, or without `:port` for an unnamed port, as comments have it. */
  readonly label: string;
  readonly protocol: RuleProtocol;
  readonly clusterIp: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  readonly externalIps: readonly string[];
  /** Ingress addresses that the node must answer for. */
  readonly loadBalancerIps: readonly string[];
  readonly sourceRanges: readonly SourceRange[];
  /** How long a client sticks to an endpoint; 0: not at all. */
  readonly affinitySeconds: number;
  /** 0: none. */
  readonly healthCheckNodePort: number;
  readonly externalPolicyLocal: boolean;
  readonly internalPolicyLocal: boolean;
  /** The annotation that turns on topology hints up to 1.30. */
  readonly hintsAnnotation: string;
}

/**
 * The key of a service port, which slices and Services agree on. Text in code unit order of these
 * keys is the order in which vethwork writes service ports (the real one's order is random).
 */
export function servicePortKey(service: string, portName: string, protocol: Protocol): string {
  return `${service}:${portName}:${protocol}`;
}

/** `namespace/name:port` */
export function servicePortLabel(service: string, portName: string): string {
  return portName === "" ? service : `${service}:${portName}`;
}

/** Whether kube-proxy's watches leave an object out by its labels. */
export function isOtherProxys(metadata: ObjectMeta): boolean {
  const labels = metadata.labels ?? {};
  return SERVICE_PROXY_NAME_LABEL in labels || HEADLESS_LABEL in labels;
}

/** Whether the Service has no address of its own to proxy. */
export function hasNoClusterIp(service: Service): boolean {
  const { clusterIP = "", type } = service.spec;
  return clusterIP === "" || clusterIP === "None" || type === "ExternalName";
}

type Ports = ReadonlyMap<string, ServicePort>;

/** What was read of a Service: objects never change, and all nodes of a cluster read the same. */
const read = new WeakMap<Service, { readonly release: KubeProxyRelease; readonly ports: Ports }>();
/** The ports of Services that are not proxied. */
const NO_PORTS: Ports = new Map();

/** The service ports of a Service, by key; none for a Service that is not proxied. */
export function servicePortsOf(service: Service, release: KubeProxyRelease): Ports {
  const known = read.get(service);
  if (known?.release === release) return known.ports;
  const ports = isOtherProxys(service.metadata) ? NO_PORTS : readPorts(service, release);
  read.set(service, { release, ports });
  return ports;
}

function readPorts(service: Service, release: KubeProxyRelease): Ports {
  const ports = new Map<string, ServicePort>();
  const clusterIp = clusterIpOf(service);
  if (hasNoClusterIp(service) || clusterIp === null) return ports;
  const shared = sharedFields(service, release);
  for (const spec of service.spec.ports ?? []) {
    const port = { ...shared, clusterIp, ...ownFields(objectName(service.metadata), spec) };
    ports.set(port.key, port);
  }
  return ports;
}

/** Whether anything outside the cluster network leads to this port. */
export function isExternallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.loadBalancerIps.length > 0 || port.externalIps.length > 0;
}

/** Whether some traffic may go to endpoints on any node. */
export function usesClusterEndpoints(port: ServicePort): boolean {
  return !port.internalPolicyLocal || isExternallyAccessible(port);
}

/** Whether some traffic stays on this node. */
export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalPolicyLocal || (port.externalPolicyLocal && isExternallyAccessible(port));
}

/** Whether a source range lets the node itself in. */
export function rangesCover(port: ServicePort, nodeIp: Ipv4): boolean {
  return port.sourceRanges.some((range) => holds(range.cidr, nodeIp));
}

/** The IPv4 cluster IP: by ipFamilies if the Service has them, else the only one. */
function clusterIpOf(service: Service): string | null {
  const { clusterIP = "", clusterIPs = [], ipFamilies = [] } = service.spec;
  if (ipFamilies.length === 0) return canonicalIpv4(clusterIP);
  const index = ipFamilies.indexOf("IPv4");
  return index === -1 ? null : canonicalIpv4(clusterIPs[index] ?? "");
}

type OwnFields = Pick<ServicePort, "key" | "label" | "protocol" | "port" | "nodePort">;

function ownFields(service: string, spec: ServicePortSpec): OwnFields {
  const name = spec.name ?? "";
  const protocol = spec.protocol ?? "TCP";
  return {
    key: servicePortKey(service, name, protocol),
    label: servicePortLabel(service, name),
    protocol: RULE_PROTOCOLS[protocol],
    port: spec.port,
    nodePort: spec.nodePort ?? 0,
  };
}

const RULE_PROTOCOLS = { TCP: "tcp", UDP: "udp", SCTP: "sctp" } as const;

function sharedFields(
  service: Service,
  release: KubeProxyRelease,
): Omit<ServicePort, keyof OwnFields | "clusterIp"> {
  const { metadata, spec } = service;
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  return {
    service: objectName(metadata),
    externalIps: ipv4Only(spec.externalIPs ?? []),
    loadBalancerIps: ipv4Only(ingress.filter((entry) => isVip(entry, release)).map(ingressIp)),
    sourceRanges: sourceRanges(spec.loadBalancerSourceRanges ?? [], release),
    affinitySeconds: spec.sessionAffinity === "ClientIP" ? timeout : 0,
    healthCheckNodePort: healthCheckNodePort(service),
    externalPolicyLocal: externalPolicyLocal(service, release),
    internalPolicyLocal: release.internalTrafficPolicy && spec.internalTrafficPolicy === "Local",
    hintsAnnotation: release.topology === "annotation" ? hintsAnnotation(metadata) : "",
  };
}

function ipv4Only(addresses: readonly string[]): string[] {
  return addresses.map(canonicalIpv4).filter((address) => address !== null);
}

function ingressIp(ingress: LoadBalancerIngress): string {
  return ingress.ip ?? "";
}

function isVip(ingress: LoadBalancerIngress, release: KubeProxyRelease): boolean {
  return !release.ipMode || ingress.ipMode !== "Proxy";
}

function sourceRanges(texts: readonly string[], release: KubeProxyRelease): SourceRange[] {
  const ranges: SourceRange[] = [];
  for (const text of texts) {
    const trimmed = text.trim();
    const cidr = readCidr(trimmed);
    if (cidr === null) continue;
    if (cidr.prefixLength === 0 && release.zeroRangeIsNoRange) return [];
    const canonical = release.canonicalCidrs ? canonicalCidr(trimmed) : null;
    ranges.push({ text: canonical ?? trimmed, cidr });
  }
  return ranges;
}

function externalPolicyLocal(service: Service, release: KubeProxyRelease): boolean {
  const { type, externalTrafficPolicy, externalIPs = [] } = service.spec;
  if (externalTrafficPolicy !== "Local") return false;
  if (type === "LoadBalancer" || type === "NodePort") return true;
  return release.localExternalIps && externalIPs.length > 0;
}

function healthCheckNodePort(service: Service): number {
  const { type, externalTrafficPolicy, healthCheckNodePort: port = 0 } = service.spec;
  return type === "LoadBalancer" && externalTrafficPolicy === "Local" ? port : 0;
}

/** The older of the two annotations wins when it is there, even if it is empty. */
function hintsAnnotation(metadata: ObjectMeta): string {
  const annotations = metadata.annotations ?? {};
  return (
    annotations["service.kubernetes.io/topology-aware-hints"] ??
    annotations["service.kubernetes.io/topology-mode"] ??
    ""
  );
}

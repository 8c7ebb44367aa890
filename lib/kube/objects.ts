/**
 * The Kubernetes objects as kube-proxy, DNS and Ingress read them: plain records under the API's own
 * field names, of which only those fields are named that something here reads. They come from a
 * file (`vethwork rules --objects`, a lab without a control plane) as well as from an API server,
 * so nothing is taken for granted that only a server sets. What the API server stores is in
 * api/types.ts; a Service, an EndpointSlice and a Node from there are such records as well.
 *
 * Spec: Kubernetes API v1 (Service, Node), discovery.k8s.io/v1 (EndpointSlice).
 */

/** Labels, annotations. */
export type StringMap = Readonly<Record<string, string>>;

/** What is read of `metav1.ObjectMeta`. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly deletionTimestamp?: string;
}

/** v1 Service, as far as kube-proxy reads it. */
export interface Service {
  readonly kind: "Service";
  readonly metadata: ObjectMeta;
  readonly spec: ServiceSpec;
  readonly status?: { readonly loadBalancer?: LoadBalancerStatus };
}

/** What a Service asks for. */
export interface ServiceSpec {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  /** An address, "None" for a headless Service, or "" while none is allocated. */
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly ipFamilies?: readonly ("IPv4" | "IPv6")[];
  readonly ports?: readonly ServicePortSpec[];
  readonly externalIPs?: readonly string[];
  readonly sessionAffinity?: "None" | "ClientIP";
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly externalTrafficPolicy?: "Cluster" | "Local" | "";
  readonly internalTrafficPolicy?: "Cluster" | "Local";
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly healthCheckNodePort?: number;
}

/** A port of a Service. */
export interface ServicePortSpec {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly port: number;
  readonly nodePort?: number;
}

/** The protocols of ports. */
export type Protocol = "TCP" | "UDP" | "SCTP";

/** What a load balancer has given a Service. */
export interface LoadBalancerStatus {
  readonly ingress?: readonly LoadBalancerIngress[];
}

/** An address or name of a load balancer. */
export interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: "VIP" | "Proxy";
}

/** discovery.k8s.io/v1 EndpointSlice, as far as kube-proxy reads it. */
export interface EndpointSlice {
  readonly kind: "EndpointSlice";
  readonly metadata: ObjectMeta;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly ports?: readonly EndpointPort[];
  readonly endpoints?: readonly SliceEndpoint[];
}

/** A port that all endpoints of a slice have. */
export interface EndpointPort {
  readonly name?: string;
  readonly protocol?: Protocol;
  readonly port?: number;
  readonly appProtocol?: string;
}

/** One backend of a slice. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hints?: {
    readonly forZones?: readonly { readonly name: string }[];
    readonly forNodes?: readonly { readonly name: string }[];
  };
}

/** v1 Node, as far as kube-proxy reads it. */
export interface Node {
  readonly kind: "Node";
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly podCIDR?: string;
    readonly podCIDRs?: readonly string[];
    readonly taints?: readonly { readonly key: string; readonly effect?: string }[];
  };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

/** An object kube-proxy watches. */
export type KubeObject = Service | EndpointSlice | Node;

/** The label of an EndpointSlice that names its Service. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
/** Objects with this label belong to another proxy. */
export const SERVICE_PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name";
/** Headless Services' objects carry it; kube-proxy's watches leave them out. */
export const HEADLESS_LABEL = "service.kubernetes.io/headless";
/** The Node label that topology hints are about. */
export const ZONE_LABEL = "topology.kubernetes.io/zone";

/** `namespace/name`; cluster-scoped objects have no namespace. */
export function objectName(metadata: ObjectMeta): string {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

/** Orders strings by code unit, as Go and Kubernetes order names. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

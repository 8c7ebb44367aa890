/**
 * What a Service and its endpoints have when nothing else is said.
 *
 * Spec: Kubernetes API v1.36, core Service and Endpoints, discovery EndpointSlice.
 */
import { ensureMap, type Fields, mapIn, mapsIn, setDefault, textIn, textsIn } from "../fields.ts";

const AFFINITY_SECONDS = 10800;

/** Fills in a Service. */
export function defaultService(service: Fields): void {
  const spec = ensureMap(service, "spec");
  setDefault(spec, "sessionAffinity", "None");
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"];
  if (spec["sessionAffinity"] === "ClientIP") {
    const client = ensureMap(ensureMap(spec, "sessionAffinityConfig"), "clientIP");
    if (client["timeoutSeconds"] === undefined) client["timeoutSeconds"] = AFFINITY_SECONDS;
  }
  setDefault(spec, "type", "ClusterIP");
  for (const port of mapsIn(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    const target = port["targetPort"];
    if (target === undefined || target === 0 || target === "") {
      port["targetPort"] = port["port"] ?? 0;
    }
  }
  if (textIn(spec, "type") !== "ExternalName") {
    setDefault(spec, "internalTrafficPolicy", "Cluster");
  }
  if (isExternallyAccessible(spec)) setDefault(spec, "externalTrafficPolicy", "Cluster");
  if (spec["type"] === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] === undefined) {
    spec["allocateLoadBalancerNodePorts"] = true;
  }
  const status = ensureMap(service, "status");
  for (const ingress of mapsIn(ensureMap(status, "loadBalancer"), "ingress")) {
    if (ingress["ip"] !== undefined) setDefault(ingress, "ipMode", "VIP");
  }
}

/** Whether a Service of this type has node ports. */
export function isReachableFromOutside(type: string): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

/** Whether a Service is reached from outside in any way: then it has a policy for that traffic. */
export function isExternallyAccessible(spec: Fields | null): boolean {
  const type = textIn(spec, "type");
  return (
    isReachableFromOutside(type) ||
    (type === "ClusterIP" && textsIn(spec, "externalIPs").length > 0)
  );
}

/** Fills in an EndpointSlice. */
export function defaultEndpointSlice(slice: Fields): void {
  if (mapsIn(slice, "endpoints").length === 0) slice["endpoints"] = null;
  if (mapsIn(slice, "ports").length === 0) slice["ports"] = null;
  for (const port of mapsIn(slice, "ports")) {
    if (port["name"] === undefined) port["name"] = "";
    setDefault(port, "protocol", "TCP");
  }
  for (const endpoint of mapsIn(slice, "endpoints")) ensureMap(endpoint, "conditions");
}

/** Fills in Endpoints. */
export function defaultEndpoints(endpoints: Fields): void {
  for (const subset of mapsIn(endpoints, "subsets")) {
    for (const port of mapsIn(subset, "ports")) setDefault(port, "protocol", "TCP");
  }
}

/** Fills in an Ingress. */
export function defaultIngress(ingress: Fields): void {
  ensureMap(ensureMap(ingress, "status"), "loadBalancer");
}

/** Fills in an IngressClass. */
export function defaultIngressClass(ingressClass: Fields): void {
  const parameters = mapIn(mapIn(ingressClass, "spec"), "parameters");
  if (parameters !== null) setDefault(parameters, "scope", "Cluster");
}

/** Fills in a NetworkPolicy. */
export function defaultNetworkPolicy(policy: Fields): void {
  const spec = ensureMap(policy, "spec");
  ensureMap(spec, "podSelector");
  for (const direction of ["ingress", "egress"]) {
    for (const rule of mapsIn(spec, direction)) {
      for (const port of mapsIn(rule, "ports")) setDefault(port, "protocol", "TCP");
    }
  }
  if (textsIn(spec, "policyTypes").length > 0) return;
  spec["policyTypes"] = mapsIn(spec, "egress").length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

/**
 * Fields of a Service that hang together: what an update that does not name allocated values keeps,
 * clusterIP beside clusterIPs, and what a Service of the new type cannot have.
 *
 * Spec: Kubernetes v1.36, registry/core/service: normalizeClusterIPs and patchAllocatedValues of
 * storage, dropTypeDependentFields of the strategy.
 */
import { deepEqual } from "../deep-equal.ts";
import { isExternallyAccessible, isReachableFromOutside } from "./defaulting/service.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "./fields.ts";

/** Whether a Service has addresses; `None` counts as one. */
export function hasClusterIp(spec: Fields): boolean {
  return spec["type"] !== "ExternalName";
}

/** Whether load balancers ask a Service's nodes for its health. */
export function hasHealthPort(spec: Fields): boolean {
  return spec["type"] === "LoadBalancer" && spec["externalTrafficPolicy"] === "Local";
}

/** Whether ports of a Service get a node port that they do not ask for. */
export function givesNodePorts(spec: Fields): boolean {
  return (
    spec["type"] === "NodePort" ||
    (spec["type"] === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false)
  );
}

/** The node ports of a Service's ports, in order. */
export function nodePortsOf(spec: Fields): number[] {
  return mapsIn(spec, "ports")
    .map((port) => numberIn(port, "nodePort"))
    .filter((port) => port !== 0);
}

/** An update that does not say what was allocated keeps it. */
export function keepAllocated(spec: Fields, old: Fields): void {
  if (hasClusterIp(old) && hasClusterIp(spec)) {
    if (textIn(spec, "clusterIP") === "" && textIn(old, "clusterIP") !== "") {
      spec["clusterIP"] = old["clusterIP"];
    }
    if (textsIn(spec, "clusterIPs").length === 0 && textsIn(old, "clusterIPs").length > 0) {
      spec["clusterIPs"] = old["clusterIPs"];
    }
  }
  if (givesNodePorts(old) && givesNodePorts(spec)) keepNodePorts(spec, old);
  if (hasHealthPort(old) && hasHealthPort(spec) && numberIn(spec, "healthCheckNodePort") === 0) {
    const port = numberIn(old, "healthCheckNodePort");
    if (port !== 0) spec["healthCheckNodePort"] = port;
  }
}

/** Ports keep the node port that the port of their name had, unless another has it now. */
function keepNodePorts(spec: Fields, old: Fields): void {
  const asked = new Set(nodePortsOf(spec));
  const before = new Map(
    mapsIn(old, "ports").map((port) => [textIn(port, "name"), numberIn(port, "nodePort")]),
  );
  for (const port of mapsIn(spec, "ports")) {
    if (numberIn(port, "nodePort") !== 0) continue;
    const kept = before.get(textIn(port, "name")) ?? 0;
    if (kept !== 0 && !asked.has(kept)) port["nodePort"] = kept;
  }
}

/** Fills clusterIPs in for clients that know clusterIP only. */
export function joinClusterIps(spec: Fields, old: Fields | null): void {
  const address = textIn(spec, "clusterIP");
  if (old === null) {
    if (address !== "" && textsIn(spec, "clusterIPs").length === 0) spec["clusterIPs"] = [address];
    return;
  }
  const before = textIn(old, "clusterIP");
  if (address === before || !deepEqual(textsIn(spec, "clusterIPs"), textsIn(old, "clusterIPs"))) {
    return;
  }
  if (address === "") delete spec["clusterIPs"];
  else spec["clusterIPs"] = [address];
}

/** What the old type had and the new one cannot have goes, if the update left it as it was. */
export function dropForNewType(service: Fields, oldService: Fields): void {
  const spec = mapIn(service, "spec") ?? {};
  const old = mapIn(oldService, "spec") ?? {};
  const drop = (...names: readonly string[]) => {
    if (names.every((name) => deepEqual(spec[name], old[name]))) {
      for (const name of names) delete spec[name];
    }
  };
  if (hasClusterIp(old) && !hasClusterIp(spec)) {
    drop("clusterIP", "clusterIPs");
    drop("ipFamilies");
    drop("ipFamilyPolicy");
  }
  const types = [textIn(old, "type"), textIn(spec, "type")] as const;
  if (isReachableFromOutside(types[0]) && !isReachableFromOutside(types[1])) {
    const before = new Set(nodePortsOf(old));
    if (nodePortsOf(spec).every((port) => before.has(port))) {
      for (const port of mapsIn(spec, "ports")) delete port["nodePort"];
    }
  }
  if (hasHealthPort(old) && !hasHealthPort(spec)) drop("healthCheckNodePort");
  if (types[0] === "LoadBalancer" && types[1] !== "LoadBalancer") {
    drop("allocateLoadBalancerNodePorts");
    drop("loadBalancerClass");
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) drop("externalTrafficPolicy");
  const status = mapIn(service, "status");
  if (types[1] !== "LoadBalancer" && status !== null) status["loadBalancer"] = {};
}

/** An ExternalName has no policy for traffic within the cluster, whatever was written. */
export function asRead(service: Fields): void {
  const spec = mapIn(service, "spec") ?? {};
  if (!hasClusterIp(spec)) delete spec["internalTrafficPolicy"];
}

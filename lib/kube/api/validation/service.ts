/**
 * What the API server checks of Services, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, core Service.
 */
import type { FieldPath } from "../../schema.ts";
import { isReachableFromOutside } from "../defaulting/service.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import { checkEndpointIp, checkIp, checkNetwork } from "./addresses.ts";
import {
  checkLabels,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkText,
  entryPath,
  PROTOCOLS,
  requireOneOf,
} from "./checks.ts";
import {
  checkClusterIps,
  checkClusterIpsUpdate,
  checkFamiliesUpdate,
  isHeadless,
} from "./service-cluster-ips.ts";
import { labelKeyProblems, labelProblems, subdomainProblems } from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];
const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const POLICIES = ["Cluster", "Local"];
const ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'";
const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";

/** A Service, after defaulting. */
export function checkService(errors: FieldErrors, service: Fields, old: Fields | null): void {
  const spec = mapIn(service, "spec") ?? {};
  const before = mapIn(old, "spec");
  if (before !== null) checkUpdate(errors, spec, before);
  const type = textIn(spec, "type");
  const annotations = mapIn(mapIn(service, "metadata"), "annotations");
  checkTopologyAnnotations(errors, annotations);
  const ports = mapsIn(spec, "ports");
  if (ports.length === 0 && !isHeadless(spec) && type !== "ExternalName") {
    errors.required([...SPEC, "ports"]);
  }
  checkOfType(errors, spec, type);
  checkPorts(errors, ports);
  checkLabels(errors, [...SPEC, "selector"], mapIn(spec, "selector"));
  checkAffinity(errors, spec);
  checkClusterIps(errors, spec, before);
  checkExternalIps(errors, spec, textsIn(before, "externalIPs"));
  requireOneOf(errors, [...SPEC, "type"], type, TYPES);
  checkPortNumbers(errors, ports, type);
  checkSourceRanges(errors, spec, annotations, type);
  if (spec["allocateLoadBalancerNodePorts"] !== undefined && type !== "LoadBalancer") {
    errors.forbidden([...SPEC, "allocateLoadBalancerNodePorts"], ONLY_LOAD_BALANCER);
  }
  checkLoadBalancerClass(errors, spec, type);
  checkTrafficPolicies(errors, spec, type);
}

function checkTopologyAnnotations(errors: FieldErrors, annotations: Fields | null): void {
  const hints = annotations?.[HINTS];
  const mode = annotations?.[MODE];
  if (hints === undefined || mode === undefined || hints === mode) return;
  errors.invalid(
    entryPath(["metadata", "annotations"], MODE),
    mode,
    `must match annotations[${HINTS}] when both are specified`,
  );
}

function checkOfType(errors: FieldErrors, spec: Fields, type: string): void {
  if (isReachableFromOutside(type) && isHeadless(spec)) {
    errors.invalid(
      [...SPEC, "clusterIPs", 0],
      "None",
      `may not be set to 'None' for ${type} services`,
    );
  }
  if (type !== "ExternalName") return;
  for (const name of ["clusterIPs", "ipFamilies"]) {
    if (textsIn(spec, name).length > 0) {
      errors.forbidden([...SPEC, name], "may not be set for ExternalName services");
    }
  }
  if (spec["ipFamilyPolicy"] !== undefined) {
    errors.forbidden([...SPEC, "ipFamilyPolicy"], "may not be set for ExternalName services");
  }
  const name = textIn(spec, "externalName").replace(/\.$/, "");
  if (name === "") errors.required([...SPEC, "externalName"]);
  else checkText(errors, [...SPEC, "externalName"], name, subdomainProblems);
}

function checkPorts(errors: FieldErrors, ports: readonly Fields[]): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = [...SPEC, "ports", index];
    const name = textIn(port, "name");
    if (name === "") {
      if (ports.length > 1) errors.required([...at, "name"]);
    } else {
      checkText(errors, [...at, "name"], name, labelProblems);
      if (names.has(name)) errors.duplicate([...at, "name"], name);
      names.add(name);
    }
    checkPort(errors, [...at, "port"], port["port"] ?? 0);
    requireOneOf(errors, [...at, "protocol"], textIn(port, "protocol"), PROTOCOLS);
    checkPortOrName(errors, [...at, "targetPort"], port["targetPort"] ?? 0);
    if (port["appProtocol"] !== undefined) {
      checkText(errors, [...at, "appProtocol"], textIn(port, "appProtocol"), labelKeyProblems);
    }
  }
}

/** Node ports where there are none, and numbers that are there twice. */
function checkPortNumbers(errors: FieldErrors, ports: readonly Fields[], type: string): void {
  if (type === "ClusterIP") {
    for (const [index, port] of ports.entries()) {
      if (numberIn(port, "nodePort") === 0) continue;
      errors.forbidden(
        [...SPEC, "ports", index, "nodePort"],
        "may not be used when `type` is 'ClusterIP'",
      );
    }
  }
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const nodePort = numberIn(port, "nodePort");
    const key = `${textIn(port, "protocol")}/${nodePort}`;
    if (nodePort !== 0 && nodePorts.has(key)) {
      errors.duplicate([...SPEC, "ports", index, "nodePort"], nodePort);
    }
    nodePorts.add(key);
  }
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const [protocol, number] = [textIn(port, "protocol"), numberIn(port, "port")];
    const key = `${protocol}/${number}`;
    if (numbers.has(key)) errors.duplicate([...SPEC, "ports", index], shownPort(protocol, number));
    numbers.add(key);
  }
}

/** The API's internal record of a port, of which only the key is filled in. */
function shownPort(protocol: string, port: number): Fields {
  return {
    Name: "",
    Protocol: protocol,
    AppProtocol: null,
    Port: port,
    TargetPort: 0,
    NodePort: 0,
  };
}

function checkAffinity(errors: FieldErrors, spec: Fields): void {
  const affinity = textIn(spec, "sessionAffinity");
  requireOneOf(errors, [...SPEC, "sessionAffinity"], affinity, ["ClientIP", "None"]);
  const client = mapIn(mapIn(spec, "sessionAffinityConfig"), "clientIP");
  if (affinity !== "ClientIP" || client === null) return;
  const timeout = numberIn(client, "timeoutSeconds");
  if (timeout > 0 && timeout <= 86400) return;
  errors.invalid(
    [...SPEC, "sessionAffinityConfig", "clientIP", "timeoutSeconds"],
    timeout,
    "must be greater than 0 and less than 86400",
  );
}

function checkExternalIps(errors: FieldErrors, spec: Fields, before: readonly string[]): void {
  for (const [index, address] of textsIn(spec, "externalIPs").entries()) {
    const at = [...SPEC, "externalIPs", index];
    if (before.includes(address) || checkIp(errors, at, address)) {
      checkEndpointIp(errors, at, address);
    }
  }
}

function checkSourceRanges(
  errors: FieldErrors,
  spec: Fields,
  annotations: Fields | null,
  type: string,
): void {
  const ranges = textsIn(spec, "loadBalancerSourceRanges");
  if (ranges.length > 0) {
    const path = [...SPEC, "LoadBalancerSourceRanges"];
    if (type !== "LoadBalancer") errors.forbidden(path, ONLY_LOAD_BALANCER);
    for (const [index, range] of ranges.entries()) {
      checkNetwork(errors, [...path, index], range.trim());
    }
    return;
  }
  const annotation = annotations?.[SOURCE_RANGES];
  if (typeof annotation !== "string") return;
  const path = entryPath(["metadata", "annotations"], SOURCE_RANGES);
  if (type !== "LoadBalancer") errors.forbidden(path, ONLY_LOAD_BALANCER);
  if (annotation.trim() === "") return;
  for (const range of annotation.split(",")) checkNetwork(errors, path, range.trim());
}

function checkLoadBalancerClass(errors: FieldErrors, spec: Fields, type: string): void {
  const path = [...SPEC, "loadBalancerClass"];
  const name = spec["loadBalancerClass"];
  if (name === undefined) return;
  if (type === "LoadBalancer") checkText(errors, path, String(name), labelKeyProblems);
  else errors.forbidden(path, ONLY_LOAD_BALANCER);
}

function checkTrafficPolicies(errors: FieldErrors, spec: Fields, type: string): void {
  const external = textIn(spec, "externalTrafficPolicy");
  const path = [...SPEC, "externalTrafficPolicy"];
  const isReachable =
    isReachableFromOutside(type) ||
    (type === "ClusterIP" && textsIn(spec, "externalIPs").length > 0);
  if (isReachable) requireOneOf(errors, path, external, POLICIES);
  else if (external !== "") {
    errors.invalid(path, external, "may only be set for externally-accessible services");
  }
  const healthPort = numberIn(spec, "healthCheckNodePort");
  const healthPath = [...SPEC, "healthCheckNodePort"];
  if (healthPort !== 0 && needsHealthCheck(spec)) checkPort(errors, healthPath, healthPort);
  else if (healthPort !== 0) {
    errors.invalid(
      healthPath,
      healthPort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  checkOneOf(errors, [...SPEC, "internalTrafficPolicy"], spec["internalTrafficPolicy"], POLICIES);
  const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  checkOneOf(errors, [...SPEC, "trafficDistribution"], spec["trafficDistribution"], distributions);
}

function needsHealthCheck(spec: Fields): boolean {
  return spec["type"] === "LoadBalancer" && spec["externalTrafficPolicy"] === "Local";
}

function checkUpdate(errors: FieldErrors, spec: Fields, old: Fields): void {
  checkClusterIpsUpdate(errors, spec, old);
  checkFamiliesUpdate(errors, spec, old);
  if (
    spec["type"] === "LoadBalancer" &&
    old["type"] === "LoadBalancer" &&
    spec["loadBalancerClass"] !== old["loadBalancerClass"]
  ) {
    errors.invalid(
      [...SPEC, "loadBalancerClass"],
      spec["loadBalancerClass"],
      "may not change once set",
    );
  }
  if (
    needsHealthCheck(spec) &&
    needsHealthCheck(old) &&
    numberIn(spec, "healthCheckNodePort") !== numberIn(old, "healthCheckNodePort")
  ) {
    errors.forbidden([...SPEC, "healthCheckNodePort"], "field is immutable");
  }
}

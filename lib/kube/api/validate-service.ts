/**
 * What the API server checks of Services, EndpointSlices and Endpoints, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, core Service and Endpoints, discovery EndpointSlice.
 * Not modelled: dual-stack clusters.
 */
import { isLoopback, isMulticast } from "../../base/inet.ts";
import { isAddress, looksLikeIpv6, readCidr, readIpv4 } from "../addresses.ts";
import type { FieldPath } from "../schema.ts";
import { isReachableFromOutside } from "./defaults.ts";
import type { FieldErrors } from "./errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "./fields.ts";
import {
  checkLabels,
  checkPort,
  checkPortOrName,
  checkQualifiedName,
  checkText,
  RFC1123_LABEL,
  RFC1123_SUBDOMAIN,
} from "./validate-common.ts";

const ADDRESS_HINT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const SPEC: FieldPath = ["spec"];

/** A Service, after defaulting. */
export function checkService(errors: FieldErrors, service: Fields, old: Fields | null): void {
  const spec = mapIn(service, "spec");
  const type = textIn(spec, "type");
  const ports = mapsIn(spec, "ports");
  const headless = textsIn(spec, "clusterIPs")[0] === "None";
  if (ports.length === 0 && !headless && type !== "ExternalName") {
    errors.required([...SPEC, "ports"]);
  }
  checkType(errors, spec, type);
  checkPorts(errors, ports, headless, type);
  checkLabels(errors, [...SPEC, "selector"], mapIn(spec, "selector"));
  checkAffinity(errors, spec);
  checkFamilies(errors, spec, type);
  checkExternalAddresses(errors, spec);
  checkTrafficPolicies(errors, spec, type);
  checkLoadBalancer(errors, spec, type);
  if (old !== null) checkServiceUpdate(errors, spec, mapIn(old, "spec"));
}

function checkType(errors: FieldErrors, spec: Fields | null, type: string): void {
  const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
  if (!types.includes(type)) errors.notSupported([...SPEC, "type"], type, types);
  if (type !== "ExternalName") return;
  const name = textIn(spec, "externalName").replace(/\.$/, "");
  if (textIn(spec, "clusterIP") !== "" && textIn(spec, "clusterIP") !== "None") {
    errors.forbidden([...SPEC, "clusterIPs"], "may not be set for ExternalName services");
  }
  if (name === "") errors.required([...SPEC, "externalName"]);
  else checkText(errors, [...SPEC, "externalName"], name, RFC1123_SUBDOMAIN);
}

function checkPorts(errors: FieldErrors, ports: Fields[], headless: boolean, type: string): void {
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = [...SPEC, "ports", index];
    const name = textIn(port, "name");
    if (name === "") {
      if (ports.length > 1) errors.required([...at, "name"]);
    } else {
      checkText(errors, [...at, "name"], name, RFC1123_LABEL);
      if (names.has(name)) errors.duplicate([...at, "name"], name);
      names.add(name);
    }
    checkPort(errors, [...at, "port"], port["port"] ?? 0);
    const protocol = textIn(port, "protocol");
    if (protocol === "") errors.required([...at, "protocol"]);
    else if (!PROTOCOLS.includes(protocol)) {
      errors.notSupported([...at, "protocol"], protocol, PROTOCOLS);
    }
    checkPortOrName(errors, [...at, "targetPort"], port["targetPort"] ?? 0);
    if (port["appProtocol"] !== undefined) {
      checkQualifiedName(errors, [...at, "appProtocol"], textIn(port, "appProtocol"));
    }
    const nodePort = numberIn(port, "nodePort");
    if (nodePort !== 0) {
      if (!isReachableFromOutside(type)) {
        errors.forbidden([...at, "nodePort"], `may not be used when \`type\` is '${type}'`);
      }
      const key = `${protocol}/${nodePort}`;
      if (nodePorts.has(key)) errors.duplicate([...at, "nodePort"], nodePort);
      nodePorts.add(key);
    }
    const key = `${protocol}/${String(port["port"])}`;
    if (numbers.has(key)) {
      errors.list.push({
        path: at,
        text: `Duplicate value: ${JSON.stringify({ protocol, port: port["port"] })}`,
      });
    }
    numbers.add(key);
  }
  if (headless && isReachableFromOutside(type)) {
    errors.invalid(
      [...SPEC, "clusterIPs", 0],
      "None",
      `may not be set to 'None' for ${type} services`,
    );
  }
}

function checkAffinity(errors: FieldErrors, spec: Fields | null): void {
  const affinity = textIn(spec, "sessionAffinity");
  if (affinity !== "None" && affinity !== "ClientIP") {
    errors.notSupported([...SPEC, "sessionAffinity"], affinity, ["ClientIP", "None"]);
  }
  const client = mapIn(mapIn(spec, "sessionAffinityConfig"), "clientIP");
  const path = [...SPEC, "sessionAffinityConfig", "clientIP", "timeoutSeconds"];
  if (affinity === "ClientIP" && client !== null) {
    const timeout = numberIn(client, "timeoutSeconds");
    if (timeout <= 0 || timeout > 86400) {
      errors.invalid(path, timeout, "must be greater than 0 and less than 86400");
    }
  }
}

function checkFamilies(errors: FieldErrors, spec: Fields | null, type: string): void {
  if (type === "ExternalName") return;
  const policy = spec?.["ipFamilyPolicy"];
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  if (policy !== undefined && !policies.includes(String(policy))) {
    errors.notSupported([...SPEC, "ipFamilyPolicy"], policy, policies);
  }
  for (const [index, family] of textsIn(spec, "ipFamilies").entries()) {
    if (family !== "IPv4" && family !== "IPv6") {
      errors.notSupported([...SPEC, "ipFamilies", index], family, ["IPv4", "IPv6"]);
    }
  }
  const addresses = textsIn(spec, "clusterIPs");
  for (const [index, address] of addresses.entries()) {
    if (address === "None") {
      if (addresses.length > 1) {
        errors.invalid(
          [...SPEC, "clusterIPs"],
          addresses,
          "'None' must be the first and only value",
        );
      }
    } else if (!isAddress(address)) {
      errors.invalid([...SPEC, "clusterIPs", index], address, ADDRESS_HINT);
    }
  }
}

function checkExternalAddresses(errors: FieldErrors, spec: Fields | null): void {
  for (const [index, address] of textsIn(spec, "externalIPs").entries()) {
    const at = [...SPEC, "externalIPs", index];
    if (!isAddress(address)) errors.invalid(at, address, ADDRESS_HINT);
    else checkSpecialAddress(errors, at, address);
  }
}

function checkTrafficPolicies(errors: FieldErrors, spec: Fields | null, type: string): void {
  const external = textIn(spec, "externalTrafficPolicy");
  const reachable =
    isReachableFromOutside(type) ||
    (type === "ClusterIP" && textsIn(spec, "externalIPs").length > 0);
  const path = [...SPEC, "externalTrafficPolicy"];
  if (external !== "" && !reachable) {
    errors.invalid(path, external, "may only be set for externally-accessible services");
  } else if (external !== "" && external !== "Cluster" && external !== "Local") {
    errors.notSupported(path, external, ["Cluster", "Local"]);
  }
  const healthPort = spec?.["healthCheckNodePort"];
  if (
    healthPort !== undefined &&
    healthPort !== 0 &&
    !(type === "LoadBalancer" && external === "Local")
  ) {
    errors.invalid(
      [...SPEC, "healthCheckNodePort"],
      healthPort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  const internal = spec?.["internalTrafficPolicy"];
  if (internal !== undefined && internal !== "Cluster" && internal !== "Local") {
    errors.notSupported([...SPEC, "internalTrafficPolicy"], internal, ["Cluster", "Local"]);
  }
  const distribution = spec?.["trafficDistribution"];
  const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  if (distribution !== undefined && !distributions.includes(String(distribution))) {
    errors.notSupported([...SPEC, "trafficDistribution"], distribution, distributions);
  }
}

function checkLoadBalancer(errors: FieldErrors, spec: Fields | null, type: string): void {
  const ranges = textsIn(spec, "loadBalancerSourceRanges");
  if (ranges.length > 0 && type !== "LoadBalancer") {
    errors.forbidden(
      [...SPEC, "loadBalancerSourceRanges"],
      "may only be used when `type` is 'LoadBalancer'",
    );
  }
  for (const [index, range] of ranges.entries()) {
    if (readCidr(range.trim()) === null && !looksLikeIpv6(range.split("/")[0] ?? "")) {
      errors.invalid(
        [...SPEC, "loadBalancerSourceRanges", index],
        range,
        "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
      );
    }
  }
  if (spec?.["allocateLoadBalancerNodePorts"] !== undefined && type !== "LoadBalancer") {
    errors.forbidden(
      [...SPEC, "allocateLoadBalancerNodePorts"],
      "may only be used when `type` is 'LoadBalancer'",
    );
  }
  if (spec?.["loadBalancerClass"] !== undefined && type !== "LoadBalancer") {
    errors.forbidden(
      [...SPEC, "loadBalancerClass"],
      "may only be used when `type` is 'LoadBalancer'",
    );
  }
}

function checkServiceUpdate(errors: FieldErrors, spec: Fields | null, old: Fields | null): void {
  if (textIn(spec, "type") === "ExternalName" || textIn(old, "type") === "ExternalName") return;
  const before = textsIn(old, "clusterIPs");
  const after = textsIn(spec, "clusterIPs");
  if (before.length > 0 && before[0] !== after[0]) {
    errors.invalid([...SPEC, "clusterIPs", 0], after, "may not change once set");
  }
}

/** Addresses that no endpoint or external address may have. */
function checkSpecialAddress(errors: FieldErrors, path: FieldPath, text: string): void {
  const address = readIpv4(text);
  if (address === null) return;
  if (address === 0) errors.invalid(path, text, "may not be unspecified (0.0.0.0 or ::)");
  if (isLoopback(address)) {
    errors.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (address >>> 16 === 0xa9fe) {
    errors.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (isMulticast(address) && address >>> 8 === 0xe00000) {
    errors.invalid(
      path,
      text,
      "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
    );
  }
}

/** An EndpointSlice. */
export function checkEndpointSlice(errors: FieldErrors, slice: Fields, old: Fields | null): void {
  const type = textIn(slice, "addressType");
  const types = ["FQDN", "IPv4", "IPv6"];
  if (type === "") errors.required(["addressType"]);
  else if (!types.includes(type)) errors.notSupported(["addressType"], type, types);
  if (old !== null && old["addressType"] !== type) {
    errors.invalid(["addressType"], type, "field is immutable");
  }
  for (const [index, endpoint] of mapsIn(slice, "endpoints").entries()) {
    checkEndpoint(errors, ["endpoints", index], endpoint, type);
  }
  const names = new Set<string>();
  for (const [index, port] of mapsIn(slice, "ports").entries()) {
    const at = ["ports", index];
    const name = textIn(port, "name");
    if (name !== "") checkText(errors, [...at, "name"], name, RFC1123_LABEL);
    if (names.has(name)) errors.duplicate([...at, "name"], name);
    names.add(name);
    if (!PROTOCOLS.includes(textIn(port, "protocol"))) {
      errors.notSupported([...at, "protocol"], textIn(port, "protocol"), PROTOCOLS);
    }
  }
}

function checkEndpoint(errors: FieldErrors, path: FieldPath, endpoint: Fields, type: string): void {
  const addresses = textsIn(endpoint, "addresses");
  if (addresses.length === 0)
    errors.required([...path, "addresses"], "must contain at least 1 item");
  if (addresses.length > 100) {
    errors.list.push({
      path: [...path, "addresses"],
      text: `Too many: ${addresses.length}: must have at most 100 items`,
    });
  }
  for (const [index, address] of addresses.entries()) {
    const at = [...path, "addresses", index];
    if (type === "FQDN") {
      checkText(errors, at, address, RFC1123_SUBDOMAIN);
      continue;
    }
    if (!isAddress(address)) {
      errors.invalid(at, address, ADDRESS_HINT);
      continue;
    }
    const isV6 = looksLikeIpv6(address);
    if (isV6 !== (type === "IPv6")) {
      errors.invalid(at, address, `must be an ${type} address`);
      continue;
    }
    checkSpecialAddress(errors, at, address);
  }
  const hostname = textIn(endpoint, "hostname");
  if (hostname !== "") checkText(errors, [...path, "hostname"], hostname, RFC1123_LABEL);
}

/** Endpoints, as people still write them by hand. */
export function checkEndpoints(errors: FieldErrors, endpoints: Fields): void {
  for (const [index, subset] of mapsIn(endpoints, "subsets").entries()) {
    const at = ["subsets", index];
    const addresses = [...mapsIn(subset, "addresses"), ...mapsIn(subset, "notReadyAddresses")];
    if (addresses.length === 0) {
      errors.required(at, "must specify `addresses` or `notReadyAddresses`");
    }
    for (const list of ["addresses", "notReadyAddresses"]) {
      for (const [place, address] of mapsIn(subset, list).entries()) {
        const path = [...at, list, place, "ip"];
        const text = textIn(address, "ip");
        if (!isAddress(text)) errors.invalid(path, text, ADDRESS_HINT);
        else checkSpecialAddress(errors, path, text);
      }
    }
    const ports = mapsIn(subset, "ports");
    for (const [place, port] of ports.entries()) {
      const path = [...at, "ports", place];
      if (ports.length > 1 && textIn(port, "name") === "") errors.required([...path, "name"]);
      checkPort(errors, [...path, "port"], port["port"] ?? 0);
      if (!PROTOCOLS.includes(textIn(port, "protocol"))) {
        errors.notSupported([...path, "protocol"], textIn(port, "protocol"), PROTOCOLS);
      }
    }
  }
}

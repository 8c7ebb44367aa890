/**
 * What must hold for an object before the proxy reads it: the API server's checks of the fields
 * that matter here. A real kube-proxy trusts the API server; a file of manifests has none.
 *
 * Spec: Kubernetes API validation of v1 Service and Node, discovery.k8s.io/v1 EndpointSlice.
 */
import { isAddress, isNetwork, looksLikeIpv6, readIpv4 } from "./addresses.ts";
import {
  boolean,
  type Check,
  integer,
  isRecord,
  list,
  oneOf,
  record,
  required,
  string,
  stringMap,
  text,
} from "./schema.ts";

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

const name = text(
  (value) => NAME.test(value) && value.length <= 253,
  "a name",
  "lower-case letters, digits, - and .",
);
const address = text(isAddress, "an IP address", "for example 10.96.0.10");
const network = text(isNetwork, "a network", "for example 192.0.2.0/24");
const clusterIp = text(
  (value) => value === "" || value === "None" || isAddress(value),
  "a cluster IP",
  "an address, None or empty",
);
const port = integer(1, 65535);
const optionalPort = integer(0, 65535);
const protocol = oneOf("TCP", "UDP", "SCTP");
const portName = text(
  (value) => value === "" || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value),
  "a port name",
  "lower-case letters, digits and -",
);

const metadata = record({
  name: required(name),
  namespace: name,
  labels: stringMap,
  annotations: stringMap,
});

const service = record({
  metadata: required(metadata),
  spec: required(
    record({
      type: oneOf("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
      clusterIP: clusterIp,
      clusterIPs: list(clusterIp),
      ipFamilies: list(oneOf("IPv4", "IPv6")),
      ports: list(
        record({ name: portName, protocol, port: required(port), nodePort: optionalPort }),
      ),
      externalIPs: list(address),
      sessionAffinity: oneOf("None", "ClientIP"),
      sessionAffinityConfig: record({
        clientIP: record({ timeoutSeconds: integer(1, 86400) }),
      }),
      externalTrafficPolicy: oneOf("Cluster", "Local", ""),
      internalTrafficPolicy: oneOf("Cluster", "Local"),
      loadBalancerSourceRanges: list(network),
      healthCheckNodePort: optionalPort,
    }),
  ),
  status: record({
    loadBalancer: record({
      ingress: list(
        record({
          ip: text(
            (value) => value === "" || isAddress(value),
            "an IP address",
            "for example 203.0.113.10",
          ),
          hostname: string,
          ipMode: oneOf("VIP", "Proxy"),
        }),
      ),
    }),
  }),
});

const endpointSlice = record({
  metadata: required(metadata),
  addressType: required(oneOf("IPv4", "IPv6", "FQDN")),
  ports: list(record({ name: portName, protocol, port: optionalPort, appProtocol: string })),
  endpoints: list(
    record({
      addresses: required(list(string)),
      conditions: record({ ready: boolean, serving: boolean, terminating: boolean }),
      nodeName: string,
      zone: string,
      hints: record({
        forZones: list(record({ name: required(string) })),
        forNodes: list(record({ name: required(string) })),
      }),
    }),
  ),
});

const node = record({
  metadata: required(metadata),
  spec: record({
    podCIDR: network,
    podCIDRs: list(network),
    taints: list(record({ key: required(string), effect: string })),
  }),
  status: record({
    addresses: list(record({ type: required(string), address: required(string) })),
  }),
});

/** The check of an object of a kind, by the kind's name. */
export const OBJECT_CHECKS: ReadonlyMap<string, Check> = new Map([
  ["Service", all(service, distinctPorts)],
  ["EndpointSlice", all(endpointSlice, addressesFit)],
  ["Node", node],
]);

function all(...checks: readonly Check[]): Check {
  return (value, path, report) => {
    for (const check of checks) check(value, path, report);
  };
}

/** Ports of one Service have different names, and are all named if there are several. */
function distinctPorts(...[value, path, report]: Parameters<Check>): void {
  const ports = field(field(value, "spec"), "ports");
  if (!Array.isArray(ports)) return;
  const seen = new Set<unknown>();
  for (const [index, entry] of ports.entries()) {
    const own = field(entry, "name") ?? "";
    const at = [...path, "spec", "ports", index];
    if (own === "" && ports.length > 1) {
      report(at, "a port of several has no name", "give each port a name");
    } else if (seen.has(own)) {
      report([...at, "name"], `port name "${String(own)}" is there twice`, "give each its own");
    }
    seen.add(own);
  }
}

/** Endpoints' addresses are of the slice's address type. */
function addressesFit(...[value, path, report]: Parameters<Check>): void {
  const type = field(value, "addressType");
  const endpoints = field(value, "endpoints");
  if ((type !== "IPv4" && type !== "IPv6") || !Array.isArray(endpoints)) return;
  for (const [index, endpoint] of endpoints.entries()) {
    const addresses = field(endpoint, "addresses");
    if (!Array.isArray(addresses)) continue;
    const at = [...path, "endpoints", index, "addresses"];
    if (addresses.length === 0) report(at, "an endpoint has no address", "one address each");
    for (const [place, entry] of addresses.entries()) {
      if (typeof entry !== "string") continue;
      const fits = type === "IPv4" ? readIpv4(entry) !== null : looksLikeIpv6(entry);
      if (!fits)
        report([...at, place], `"${entry}" is not an ${type} address`, `addressType is ${type}`);
    }
  }
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? (value[name] ?? undefined) : undefined;
}

/**
 * On which of the node's addresses node ports answer (nodePortAddresses).
 *
 * Spec: Kubernetes pkg/proxy/util/nodeport_addresses.go.
 */
import { type Cidr, contains, formatIpv4, type Ipv4, ipv4 } from "../../base/inet.ts";
import { readCidr, readIpv4 } from "../addresses.ts";
import type { KubeProxyConfiguration } from "./config.ts";

const LOOPBACK_NET = ipv4(0x7f000000);

/** The addresses of a node at which node ports answer. */
export interface NodePortAddresses {
  /** Whether every address counts; then `networks` does not matter. */
  readonly all: boolean;
  readonly networks: readonly Cidr[];
}

/** The addresses a configuration means on a node with `nodeIp` ("primary"). */
export function nodePortAddresses(
  configuration: KubeProxyConfiguration,
  nodeIp: Ipv4,
): NodePortAddresses {
  const networks = configuration.nodePortAddresses
    .map((text) => (text === "primary" ? { address: nodeIp, prefixLength: 32 } : readCidr(text)))
    .filter((cidr) => cidr !== null);
  const all = networks.length === 0 || networks.some((cidr) => cidr.prefixLength === 0);
  return { all, networks };
}

/** Whether loopback addresses are among those meant. */
export function includesLoopback(addresses: NodePortAddresses): boolean {
  return (
    addresses.all ||
    addresses.networks.some((cidr) => cidr.address >>> 24 === 127 || contains(cidr, LOOPBACK_NET))
  );
}

/** Those of the node's addresses that are meant, each once, in the node's order. */
export function matchingAddresses(
  addresses: NodePortAddresses,
  ofNode: readonly string[],
): string[] {
  const found = new Set<string>();
  for (const text of ofNode) {
    const address = readIpv4(text);
    if (address === null) continue;
    if (addresses.all || addresses.networks.some((cidr) => contains(cidr, address))) {
      found.add(formatIpv4(address));
    }
  }
  return [...found];
}

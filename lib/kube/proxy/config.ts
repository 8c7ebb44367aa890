/**
 * KubeProxyConfiguration: the fields that are acted on and their defaults. Durations are
 * nanoseconds inside.
 *
 * Spec: kubeproxy.config.k8s.io/v1alpha1; Kubernetes pkg/proxy/apis/config.
 * Not modelled: flags, metrics, client connection, IPv6 and Windows settings.
 */
import { isLoopback } from "../../base/inet.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { readIpv4 } from "../addresses.ts";
import type { KubeProxyRelease } from "./release.ts";

/** How traffic of the node's own Pods is recognised. */
export type DetectLocalMode =
  | "ClusterCIDR"
  | "NodeCIDR"
  | "BridgeInterface"
  | "InterfaceNamePrefix";

/** Settings of connection tracking; 0 leaves the node's as they are. */
export interface ConntrackSettings {
  /** Most entries for each processor, and at least `min` of them. */
  readonly maxPerCore: number;
  readonly min: number;
  readonly tcpEstablishedTimeout: Ns;
  readonly tcpCloseWaitTimeout: Ns;
  readonly tcpBeLiberal: boolean;
  readonly udpTimeout: Ns;
  readonly udpStreamTimeout: Ns;
}

/** The configuration with all its defaults filled in. */
export interface KubeProxyConfiguration {
  readonly mode: string;
  readonly hostnameOverride: string;
  readonly bindAddress: string;
  /** "" or up to two networks with a comma between them. */
  readonly clusterCIDR: string;
  readonly detectLocalMode: DetectLocalMode;
  readonly bridgeInterface: string;
  readonly interfaceNamePrefix: string;
  readonly nodePortAddresses: readonly string[];
  readonly masqueradeAll: boolean;
  /** Bit of the packet mark that asks for masquerading, 0–31. */
  readonly masqueradeBit: number;
  readonly localhostNodePorts: boolean;
  readonly syncPeriod: Ns;
  readonly minSyncPeriod: Ns;
  /** Userspace mode: how long a UDP client's backend socket lives without a datagram. */
  readonly udpIdleTimeout: Ns;
  /** Userspace mode: ports of the proxy, first and last; null: the kernel picks. */
  readonly portRange: { readonly first: number; readonly last: number } | null;
  readonly conntrack: ConntrackSettings;
}

/** What kube-proxy does without a configuration. */
export const DEFAULT_CONFIGURATION: KubeProxyConfiguration = {
  mode: "iptables",
  hostnameOverride: "",
  bindAddress: "0.0.0.0",
  clusterCIDR: "",
  detectLocalMode: "ClusterCIDR",
  bridgeInterface: "",
  interfaceNamePrefix: "",
  nodePortAddresses: [],
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  syncPeriod: 30 * NS_PER_S,
  minSyncPeriod: NS_PER_S,
  udpIdleTimeout: 250 * NS_PER_MS,
  portRange: null,
  conntrack: {
    maxPerCore: 32768,
    min: 131072,
    tcpEstablishedTimeout: 24 * 3600 * NS_PER_S,
    tcpCloseWaitTimeout: 3600 * NS_PER_S,
    tcpBeLiberal: false,
    udpTimeout: 0,
    udpStreamTimeout: 0,
  },
};

/** What is wrong with a configuration for a release, or null. */
export function unfitFor(
  configuration: KubeProxyConfiguration,
  release: KubeProxyRelease,
): { readonly field: string; readonly problem: string; readonly hint: string } | null {
  const { detectLocalMode, mode, bindAddress } = configuration;
  const byInterface =
    detectLocalMode === "BridgeInterface" || detectLocalMode === "InterfaceNamePrefix";
  if (byInterface && !release.detectByInterface) {
    return {
      field: "detectLocalMode",
      problem: `${detectLocalMode} came in 1.24, this is ${release.version}`,
      hint: "ClusterCIDR or NodeCIDR",
    };
  }
  if (configuration.nodePortAddresses.includes("primary") && release.version !== "1.36") {
    return {
      field: "nodePortAddresses",
      problem: `primary came in 1.31, this is ${release.version}`,
      hint: "a network such as 172.18.0.0/16",
    };
  }
  const bind = readIpv4(bindAddress);
  if (mode === "userspace" && bind !== null && isLoopback(bind)) {
    return {
      field: "bindAddress",
      problem: `userspace mode cannot proxy on ${bindAddress}`,
      hint: "0.0.0.0 or an address of the node",
    };
  }
  return null;
}

/**
 * What kube-proxy finds out about its node before it starts, and keeps until it ends.
 *
 * Spec: Kubernetes cmd/kube-proxy/app/server_linux.go, pkg/util/node/node.go.
 * Not modelled: the restart when the Node's addresses or podCIDRs change.
 */

import { VethworkError } from "../../base/errors.ts";
import { type Ipv4, LOOPBACK_ADDRESS } from "../../base/inet.ts";
import { readIpv4 } from "../addresses.ts";
import { type Node, ZONE_LABEL } from "../objects.ts";
import { type KubeProxyConfiguration, unfitFor } from "./config.ts";
import { type LocalDetector, localDetector } from "./local-traffic.ts";
import type { ProxyNode } from "./node.ts";
import { type NodePortAddresses, nodePortAddresses } from "./node-port-addresses.ts";
import type { ObjectTracker } from "./object-tracker.ts";
import type { KubeProxyRelease } from "./release.ts";

/** What a kube-proxy is started with. */
export interface ProxyOptions {
  readonly configuration: KubeProxyConfiguration;
  readonly release: KubeProxyRelease;
  /** The machine. */
  readonly node: ProxyNode;
  readonly nodeName: string;
  /** The Node object, or null if the API server has none. */
  readonly nodeObject: Node | null;
  /**
   * What tells kube-proxies of Services and EndpointSlices in modes that write rules, if this one
   * is not told of them by itself; see `followsTracker`.
   */
  readonly tracker?: ObjectTracker;
}

/** The options with what follows from them. */
export interface ProxyStart extends ProxyOptions {
  /** 127.0.0.1 if the Node object tells no address. */
  readonly nodeIp: Ipv4;
  readonly detector: LocalDetector;
  readonly nodePortAddresses: NodePortAddresses;
}

/** Makes of the options what all modes start from. Throws `VW_USAGE` for what a release cannot. */
export function startOf(options: ProxyOptions): ProxyStart {
  const { configuration, nodeObject, release } = options;
  const unfit = unfitFor(configuration, release);
  if (unfit !== null) {
    throw new VethworkError("VW_USAGE", `${unfit.field}: ${unfit.problem}`, unfit.hint);
  }
  const nodeIp = nodeIpOf(configuration, nodeObject);
  return {
    ...options,
    nodeIp,
    detector: localDetector(configuration, nodeObject, release),
    nodePortAddresses: nodePortAddresses(configuration, nodeIp),
  };
}

/** The node's zone, "" if it has none. */
export function zoneOf(node: Node | null): string {
  return node?.metadata.labels?.[ZONE_LABEL] ?? "";
}

/** A bind address decides; else the first InternalIP, else the first ExternalIP. */
function nodeIpOf(configuration: KubeProxyConfiguration, node: Node | null): Ipv4 {
  const bound = readIpv4(configuration.bindAddress);
  if (bound !== null && bound !== 0) return bound;
  const addresses = node?.status?.addresses ?? [];
  for (const type of ["InternalIP", "ExternalIP"]) {
    for (const entry of addresses) {
      const address = entry.type === type ? readIpv4(entry.address) : null;
      if (address !== null) return address;
    }
  }
  return LOOPBACK_ADDRESS;
}

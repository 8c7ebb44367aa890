/**
 * How kube-proxy tells traffic of this node's pods from other traffic (detectLocalMode). What it
 * cannot tell, it neither masquerades nor short-circuits.
 *
 * Spec: Kubernetes pkg/proxy/util/localdetector.go, cmd/kube-proxy/app/server_linux.go.
 */
import { canonicalCidr, readCidr } from "../addresses.ts";
import type { Node } from "../objects.ts";
import type { KubeProxyConfiguration } from "./config.ts";
import type { KubeProxyRelease } from "./release.ts";

/** By what traffic of the node's own Pods is recognised. */
export type LocalDetector =
  | { readonly by: "cidr"; readonly cidr: string }
  | { readonly by: "interface"; readonly name: string }
  | { readonly by: "interface prefix"; readonly prefix: string }
  | { readonly by: "nothing" };

const NOTHING: LocalDetector = { by: "nothing" };

/** The detector that a configuration asks for on a node; `node` is null while it is unknown. */
export function localDetector(
  configuration: KubeProxyConfiguration,
  node: Node | null,
  release: KubeProxyRelease,
): LocalDetector {
  switch (configuration.detectLocalMode) {
    case "ClusterCIDR":
      return byCidr(configuration.clusterCIDR.split(","), release);
    case "NodeCIDR":
      return byCidr(podCidrs(node), release);
    case "BridgeInterface":
      return { by: "interface", name: configuration.bridgeInterface };
    case "InterfaceNamePrefix":
      return { by: "interface prefix", prefix: configuration.interfaceNamePrefix };
  }
}

function podCidrs(node: Node | null): readonly string[] {
  const { podCIDRs = [], podCIDR } = node?.spec ?? {};
  return podCIDRs.length > 0 || podCIDR === undefined ? podCIDRs : [podCIDR];
}

/** The first network of the family counts. */
function byCidr(networks: readonly string[], release: KubeProxyRelease): LocalDetector {
  const text = networks.map((network) => network.trim()).find((one) => readCidr(one) !== null);
  if (text === undefined) return NOTHING;
  return { by: "cidr", cidr: release.canonicalCidrs ? (canonicalCidr(text) ?? text) : text };
}

/** The configuration of a cluster's kube-proxies. */
import { formatCidr } from "../../base/inet.ts";
import { DEFAULT_CONFIGURATION, type KubeProxyConfiguration } from "../../kube/proxy/config.ts";
import { proxyConfigurationIn } from "../manifests.ts";
import type { Cluster } from "../schema/cluster.ts";

/** kind's configuration with what the lab says of it. */
export function proxyConfiguration({ networking, kubeProxy }: Cluster): KubeProxyConfiguration {
  const base: KubeProxyConfiguration = {
    ...DEFAULT_CONFIGURATION,
    mode: networking.kubeProxyMode,
    clusterCIDR: formatCidr(networking.podSubnet),
    conntrack: { ...DEFAULT_CONFIGURATION.conntrack, maxPerCore: 0, min: 0 },
  };
  return kubeProxy === null ? base : { ...proxyConfigurationIn(kubeProxy, base), mode: base.mode };
}

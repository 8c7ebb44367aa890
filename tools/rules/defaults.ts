/**
 * The configuration that `vethwork rules` starts from; a file given with --config is merged into
 * it. Networks are kind's; syncPeriod is long, so that nothing but the states makes a sync; limits of
 * connection tracking stay the node's.
 */
import { NS_PER_S } from "../../lib/base/units.ts";
import { DEFAULT_CONFIGURATION, type KubeProxyConfiguration } from "../../lib/kube/proxy/config.ts";

export const RULES_CONFIGURATION: KubeProxyConfiguration = {
  ...DEFAULT_CONFIGURATION,
  clusterCIDR: "10.244.0.0/16",
  syncPeriod: 3600 * NS_PER_S,
  portRange: { first: 10400, last: 10499 },
  conntrack: {
    ...DEFAULT_CONFIGURATION.conntrack,
    maxPerCore: 0,
    min: 0,
    tcpEstablishedTimeout: 0,
    tcpCloseWaitTimeout: 0,
  },
};

/** The node whose rules are printed unless another is named. */
export const DEFAULT_NODE = "node1";

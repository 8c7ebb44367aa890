/** Makes the kube-proxy of a mode and release on a node. */
import { VethworkError } from "../../base/errors.ts";
import { setConntrackSysctls } from "./conntrack-sysctls.ts";
import { IptablesMode } from "./iptables/mode.ts";
import { IptablesMode120 } from "./iptables/mode-1-20.ts";
import type { KubeProxy } from "./kube-proxy.ts";
import { RuleProxy } from "./rule-proxy.ts";
import { type ProxyOptions, startOf } from "./startup.ts";
import { UserspaceProxy } from "./userspace/proxy.ts";

/** Modes that are modelled. Not modelled: ipvs, nftables. */
export const PROXY_MODES: readonly string[] = ["iptables", "userspace"];

/** Whether kube-proxies of a mode can be told of Services and EndpointSlices by one tracker. */
export function followsTracker(mode: string): boolean {
  return mode === "iptables";
}

/**
 * Starts a kube-proxy, which at once makes its canaries or chains and then waits for objects.
 * Throws `VW_USAGE` if the release has no such mode.
 */
export function createKubeProxy(options: ProxyOptions): KubeProxy {
  const start = startOf(options);
  setConntrackSysctls(options.configuration.conntrack, options.node, options.release);
  const { mode } = options.configuration;
  const { version } = options.release;
  switch (mode) {
    case "iptables":
      return new RuleProxy(
        start,
        version === "1.20" ? new IptablesMode120(start) : new IptablesMode(start),
      );
    case "userspace":
      if (version === "1.20") return new UserspaceProxy(start);
      throw new VethworkError(
        "VW_USAGE",
        `kube-proxy ${version} has no userspace mode`,
        "1.20 has it; it was removed in 1.26",
      );
    default:
      throw new VethworkError(
        "VW_USAGE",
        `mode ${mode} is not modelled`,
        `one of ${PROXY_MODES.join(", ")}`,
      );
  }
}

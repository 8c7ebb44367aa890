/**
 * The limits and timeouts of connection tracking that kube-proxy sets when it starts: those that
 * are configured (not 0) and differ from what the node has.
 *
 * Spec: Kubernetes cmd/kube-proxy/app/server_linux.go (setupConntrack), cmd/kube-proxy/app/
 * conntrack.go.
 * Not modelled: the size of the hash table (module parameter hashsize).
 */
import { NS_PER_S } from "../../base/units.ts";
import type { ConntrackSettings } from "./config.ts";
import type { ProxyNode } from "./node.ts";
import type { KubeProxyRelease } from "./release.ts";

/** Sets what `settings` demand, in the real one's order. */
export function setConntrackSysctls(
  settings: ConntrackSettings,
  node: ProxyNode,
  release: KubeProxyRelease,
): void {
  const most =
    settings.maxPerCore === 0 ? 0 : Math.max(settings.maxPerCore * node.cpus, settings.min);
  const wanted: (readonly [string, number])[] = [
    ["nf_conntrack_max", most],
    ["nf_conntrack_tcp_timeout_established", seconds(settings.tcpEstablishedTimeout)],
    ["nf_conntrack_tcp_timeout_close_wait", seconds(settings.tcpCloseWaitTimeout)],
  ];
  if (release.version !== "1.20") {
    wanted.push(
      ["nf_conntrack_tcp_be_liberal", settings.tcpBeLiberal ? 1 : 0],
      ["nf_conntrack_udp_timeout", seconds(settings.udpTimeout)],
      ["nf_conntrack_udp_timeout_stream", seconds(settings.udpStreamTimeout)],
    );
  }
  for (const [name, value] of wanted) {
    const path = `net/netfilter/${name}`;
    if (value > 0 && node.sysctl(path) !== value) node.setSysctl(path, value);
  }
}

function seconds(ns: number): number {
  return Math.floor(ns / NS_PER_S);
}

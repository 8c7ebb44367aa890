/**
 * The limits and timeouts of connection tracking that kube-proxy sets when it starts: those that
 * are configured (not 0) and differ from what the node has.
 *
 * Spec: Kubernetes cmd/kube-proxy/app/server_linux.go (setupConntrack), cmd/kube-proxy/app/
 * conntrack.go; from 1.36 cmd/kube-proxy/app/sysctls.go, kubernetes/kubernetes#137002 (the limit
 * on what processors add up to).
 * Not modelled: the size of the hash table (module parameter hashsize).
 */
import { NS_PER_S } from "../../base/units.ts";
import type { ConntrackSettings } from "./config.ts";
import type { ProxyNode } from "./node.ts";
import type { KubeProxyRelease } from "./release.ts";

/** From 1.36 on processors add up to no more entries than this, whatever the minimum. */
const MOST_SCALED = 1_048_576;

/** Sets what `settings` demand, in the real one's order. */
export function setConntrackSysctls(
  settings: ConntrackSettings,
  node: ProxyNode,
  release: KubeProxyRelease,
): void {
  const wanted: (readonly [string, number])[] = [
    ["nf_conntrack_max", mostEntries(settings, node.cpus, release)],
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

/** The limit of the table; 0: as it is. */
function mostEntries(
  { maxPerCore, min }: ConntrackSettings,
  cpus: number,
  release: KubeProxyRelease,
): number {
  if (maxPerCore === 0) return 0;
  const scaled = maxPerCore * cpus;
  if (release.capsConntrackMax && scaled > MOST_SCALED) return MOST_SCALED;
  return Math.max(scaled, min);
}

function seconds(ns: number): number {
  return Math.floor(ns / NS_PER_S);
}

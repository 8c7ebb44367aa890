/**
 * Forgets UDP flows that would go on to endpoints that are gone. TCP finds out by itself; a UDP
 * sender keeps its entry alive with every datagram.
 *
 * Spec: Kubernetes pkg/proxy/conntrack/cleanup.go; until 1.31 pkg/proxy/iptables/proxier.go and
 * pkg/util/conntrack.
 */
import type { EndpointChange, ServiceUpdate } from "./backlog.ts";
import { type Endpoint, isOnNode } from "./endpoint.ts";
import type { EndpointsByPort } from "./endpoint-tracker.ts";
import type { ConntrackTool } from "./node.ts";
import type { KubeProxyRelease } from "./release.ts";
import type { ServicePort } from "./service-port.ts";

/** What a sync has changed, and the state it led to. */
export interface SyncedState {
  readonly ports: ReadonlyMap<string, ServicePort>;
  readonly endpoints: EndpointsByPort;
  readonly services: ServiceUpdate;
  readonly endpointChanges: readonly EndpointChange[];
  /** The proxy's own node. */
  readonly nodeName: string;
}

/** Deletes what a release deletes after a sync that has succeeded. */
export function cleanConntrack(
  state: SyncedState,
  conntrack: ConntrackTool,
  release: KubeProxyRelease,
): void {
  if (release.conntrack === "reconcile") {
    if (touchesUdp(state)) reconcile(state, conntrack);
    return;
  }
  for (const words of cleanupCommands(state, release)) conntrack.command(words);
}

/**
 * The commands up to 1.31: for UDP ports that are gone or have just got their first endpoint, all
 * entries to their addresses; for endpoints that are gone, the entries that lead to them.
 */
function cleanupCommands(state: SyncedState, release: KubeProxyRelease): string[][] {
  const old = release.conntrack === "changes-1.20";
  const addresses = new Set<string>();
  const nodePorts = new Set<number>();
  for (const port of state.services.deleted) {
    if (port.protocol === "udp") addresses.add(port.clusterIp);
  }
  for (const port of newlyActive(state)) {
    addresses.add(port.clusterIp);
    for (const address of port.externalIps) addresses.add(address);
    if (old) continue;
    for (const address of port.loadBalancerIps) addresses.add(address);
    if (port.nodePort !== 0) nodePorts.add(port.nodePort);
  }
  const commands: string[][] = [];
  for (const address of addresses) commands.push(deleteAddress(address));
  for (const port of nodePorts) commands.push(deletePort(port));
  for (const [port, endpoint] of goneEndpoints(state, old)) {
    commands.push(...deleteEndpoint(port, endpoint.ip));
  }
  return commands;
}

/** The command that forgets all UDP flows to a node port. */
export function deletePort(port: number): string[] {
  return ["-D", "-p", "udp", "--dport", String(port)];
}

/** The command that forgets all UDP flows to an address. */
export function deleteAddress(address: string): string[] {
  return ["-D", "--orig-dst", address, "-p", "udp"];
}

function deleteEndpoint(port: ServicePort, endpointIp: string): string[][] {
  const commands: string[][] = [];
  if (port.nodePort !== 0) {
    const dport = String(port.nodePort);
    commands.push(["-D", "-p", port.protocol, "--dport", dport, "--dst-nat", endpointIp]);
  }
  for (const address of [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps]) {
    commands.push(["-D", "--orig-dst", address, "--dst-nat", endpointIp, "-p", port.protocol]);
  }
  return commands;
}

/** UDP ports that had no serving endpoint before the sync and have one now. */
function newlyActive(state: SyncedState): ServicePort[] {
  const active: ServicePort[] = [];
  for (const { previous, current } of state.endpointChanges) {
    for (const [key, endpoints] of current) {
      const port = state.ports.get(key);
      if (port?.protocol !== "udp" || !endpoints.some((endpoint) => endpoint.serving)) continue;
      if (!(previous.get(key) ?? []).some((endpoint) => endpoint.serving)) active.push(port);
    }
  }
  return active;
}

/** Endpoints that served before the sync and are not the same any more; 1.20 also minds SCTP. */
function goneEndpoints(state: SyncedState, old: boolean): [ServicePort, Endpoint][] {
  const gone: [ServicePort, Endpoint][] = [];
  for (const { previous, current } of state.endpointChanges) {
    for (const [key, endpoints] of previous) {
      const port = state.ports.get(key);
      if (port === undefined || !(port.protocol === "udp" || (old && port.protocol === "sctp"))) {
        continue;
      }
      for (const endpoint of endpoints) {
        if (!endpoint.serving) continue;
        const now = current.get(key)?.find((other) => other.text === endpoint.text);
        const isSame = (other: Endpoint): boolean =>
          old
            ? isOnNode(other, state.nodeName) === isOnNode(endpoint, state.nodeName)
            : other.serving;
        const same = now !== undefined && isSame(now);
        if (!same) gone.push([port, endpoint]);
      }
    }
  }
  return gone;
}

function touchesUdp(state: SyncedState): boolean {
  return state.endpointChanges.some(({ previous, current }) =>
    [...previous.keys(), ...current.keys()].some((key) => key.endsWith(":UDP")),
  );
}

/**
 * From 1.32: every flow to a UDP port's address or node port that no serving endpoint answers is
 * deleted. Ports without serving endpoints are passed over, so their flows live on (an upstream
 * bug that 1.36 still has, kubernetes/kubernetes#139628).
 */
function reconcile(state: SyncedState, conntrack: ConntrackTool): void {
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  for (const port of state.ports.values()) {
    if (port.protocol !== "udp") continue;
    const serving = (state.endpoints.get(port.key) ?? []).filter((endpoint) => endpoint.serving);
    if (serving.length === 0) continue;
    const answers = new Set(serving.map((endpoint) => endpoint.text));
    for (const address of [port.clusterIp, ...port.loadBalancerIps, ...port.externalIps]) {
      byAddress.set(`${address}:${port.port}`, answers);
    }
    if (port.nodePort !== 0) byNodePort.set(port.nodePort, answers);
  }
  for (const flow of [...conntrack.udpFlows()]) {
    const { originalDestination, originalDestinationPort: port } = flow;
    const answer = `${flow.replySource}:${flow.replySourcePort}`;
    // A node port is known by its number alone: it is held against flows to any address.
    const frontends = [byAddress.get(`${originalDestination}:${port}`), byNodePort.get(port)];
    const isStale = frontends.some((answers) => answers !== undefined && !answers.has(answer));
    if (isStale) conntrack.deleteFlow(flow);
  }
}

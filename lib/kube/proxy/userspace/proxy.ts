/**
 * Userspace mode of 1.20: for each service port kube-proxy listens on a port of the node, and rules
 * lead the Service's traffic there. This file sees to ports, listeners and rules as Services come,
 * change and go.
 *
 * Services are handled in order of their changes, and their portals checked in code unit order of
 * keys (the real one's order is random).
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxier.go.
 * Not modelled: SCTP, which the real one refuses too.
 */
import { canonicalIpv4 } from "../../addresses.ts";
import { deepEqual } from "../../deep-equal.ts";
import {
  compareNames,
  type EndpointSlice,
  type Node,
  objectName,
  type Service,
} from "../../objects.ts";
import { deleteAddress } from "../conntrack.ts";
import { EndpointTracker } from "../endpoint-tracker.ts";
import type { KubeProxy } from "../kube-proxy.ts";
import type { IptablesTool, ProxySocket } from "../node.ts";
import { hasNoClusterIp, isOtherProxys, servicePortLabel } from "../service-port.ts";
import type { ProxyStart } from "../startup.ts";
import { SyncRunner } from "../sync-runner.ts";
import { Balancer } from "./balancer.ts";
import { PortClaims } from "./port-claims.ts";
import {
  type Portal,
  type PortalSettings,
  portalSettings,
  portalsOf,
  sameSettings,
} from "./portal-settings.ts";
import {
  externalPortalRules,
  nodePortRules,
  PORTAL_JUMPS,
  type PortalRule,
  type PortalTarget,
  portalRules,
} from "./portals.ts";
import { ProxyPorts } from "./proxy-ports.ts";

interface Proxied {
  readonly settings: PortalSettings;
  readonly socket: ProxySocket;
}

interface ServiceChange {
  readonly previous: Service | null;
  current: Service | null;
}

/** The kube-proxy of userspace mode. */
export class UserspaceProxy implements KubeProxy {
  readonly lastSyncAt = -1;
  readonly #options: ProxyStart;
  readonly #iptables: IptablesTool;
  readonly #ports: ProxyPorts;
  readonly #slices: EndpointTracker;
  readonly #balancer: Balancer;
  readonly #runner: SyncRunner;
  readonly #changes = new Map<string, ServiceChange>();
  /** By `namespace/name:port`. */
  readonly #proxied = new Map<string, Proxied>();
  readonly #claims: PortClaims;
  /** Addresses of the node as of the last sync; none before the first has ended. */
  #localAddresses: ReadonlySet<string> = new Set();
  #hasServices = false;
  #hasSlices = false;

  constructor(options: ProxyStart) {
    const { configuration, node } = options;
    this.#options = options;
    this.#iptables = node.iptables;
    this.#claims = new PortClaims(node.sockets);
    this.#ports = new ProxyPorts(configuration.portRange, (bound) => node.random("ports", bound));
    this.#slices = new EndpointTracker(options.release);
    this.#balancer = new Balancer(
      () => node.clock.now(),
      (bound) => node.random("endpoints", bound),
    );
    this.#runner = new SyncRunner(
      node.clock,
      {
        kind: "burst",
        minIntervalNs: configuration.minSyncPeriod,
        maxIntervalNs: configuration.syncPeriod,
        retryNs: configuration.syncPeriod,
      },
      () => this.#sync(),
    );
    this.#makeJumps();
    for (const { table, target } of PORTAL_JUMPS) this.#iptables.flushChain(table, target);
  }

  serviceChanged(previous: Service | null, current: Service | null): void {
    const either = current ?? previous;
    if (either === null) return;
    const name = objectName(either.metadata);
    const change = this.#changes.get(name) ?? { previous, current };
    change.current = current;
    this.#changes.set(name, change);
    if (deepEqual(change.previous, change.current)) this.#changes.delete(name);
    else if (this.#hasServices && this.#hasSlices) this.#runner.request();
  }

  /** Endpoints decide where the proxy connects to, at once; rules do not depend on them. */
  sliceChanged(previous: EndpointSlice | null, current: EndpointSlice | null): void {
    const isGone = current === null || isOtherProxys(current.metadata);
    const slice = isGone ? previous : current;
    const change = slice === null ? null : this.#slices.update(slice, isGone);
    if (change === null) return;
    const { nodeName } = this.#options;
    const endpointsNow = change.current.endpointsOn(nodeName);
    for (const [key, endpoints] of endpointsNow) {
      this.#balancer.setEndpoints(
        labelOfKey(key),
        endpoints.map(({ text }) => text),
      );
    }
    for (const key of change.previous.endpointsOn(nodeName).keys()) {
      if (!endpointsNow.has(key)) this.#balancer.reset(labelOfKey(key));
    }
  }

  nodeChanged(_node: Node | null): void {}

  servicesSynced(): void {
    this.#hasServices = true;
    this.#sync();
  }

  slicesSynced(): void {
    this.#hasSlices = true;
    this.#sync();
  }

  stop(): void {
    this.#runner.stop();
  }

  #sync(): boolean {
    if (!this.#hasServices || !this.#hasSlices) return true;
    this.#makeJumps();
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    for (const { previous, current } of changes) {
      const kept = this.#merge(current);
      this.#unmerge(previous, kept);
    }
    this.#localAddresses = new Set(this.#options.node.addresses());
    for (const label of [...this.#proxied.keys()].sort(compareNames)) {
      this.#openPortals(label);
      this.#balancer.expireSessions(label);
    }
    return true;
  }

  #makeJumps(): void {
    for (const { table, chain, target, where, rule } of PORTAL_JUMPS) {
      this.#iptables.ensureChain(table, target);
      this.#iptables.ensureRule(where, table, chain, rule);
    }
  }

  /** Starts and restarts the ports of a Service; returns the names of all it has. */
  #merge(service: Service | null): ReadonlySet<string> {
    const names = new Set<string>();
    if (service === null || !isProxied(service)) return names;
    for (const port of service.spec.ports ?? []) {
      const name = port.name ?? "";
      names.add(name);
      const settings = portalSettings(service, port);
      const label = servicePortLabel(objectName(service.metadata), name);
      const before = this.#proxied.get(label);
      if (before !== undefined && sameSettings(before.settings, settings)) continue;
      if (before !== undefined) this.#close(label, before);
      this.#open(label, settings);
    }
    return names;
  }

  /** Ends the ports that a Service had before and has no longer. */
  #unmerge(service: Service | null, kept: ReadonlySet<string>): void {
    if (service === null || !isProxied(service)) return;
    const staleIps = new Set<string>();
    for (const { name = "" } of service.spec.ports ?? []) {
      const label = servicePortLabel(objectName(service.metadata), name);
      const proxied = this.#proxied.get(label);
      if (kept.has(name) || proxied === undefined) continue;
      if (proxied.settings.protocol === "udp") staleIps.add(proxied.settings.clusterIp);
      this.#close(label, proxied);
      this.#balancer.deleteService(label);
    }
    for (const ip of staleIps) this.#options.node.conntrack.command(deleteAddress(ip));
  }

  #open(label: string, settings: PortalSettings): void {
    const { protocol } = settings;
    const port = protocol === "sctp" ? null : this.#ports.allocate();
    if (protocol === "sctp" || port === null) return;
    const address = this.#options.configuration.bindAddress;
    const socket = this.#options.node.sockets.listen(protocol, address, port, {
      next: (clientIp, afresh) => this.#balancer.nextEndpoint(label, clientIp, afresh),
    });
    if (socket === null) {
      this.#ports.release(port);
      return;
    }
    this.#proxied.set(label, { settings, socket });
    this.#openPortals(label);
    this.#balancer.addService(label, settings.affinity === "ClientIP", settings.affinitySeconds);
  }

  #close(label: string, proxied: Proxied): void {
    for (const portal of portalsOf(proxied.settings)) {
      for (const { table, chain, rule } of this.#rulesOf(label, proxied, portal)) {
        this.#iptables.deleteRule(table, chain, rule);
      }
      this.#claims.release(label, proxied.settings.protocol, portal.ip, portal.port);
    }
    this.#proxied.delete(label);
    proxied.socket.close();
    this.#ports.release(proxied.socket.port);
  }

  /** Makes the rules of a port's portals that are missing; ends at the first that fails. */
  #openPortals(label: string): void {
    const proxied = this.#proxied.get(label);
    if (proxied === undefined) return;
    for (const portal of portalsOf(proxied.settings)) {
      if (!this.#claim(label, proxied.settings, portal)) return;
      const made = this.#rulesOf(label, proxied, portal).every(({ table, chain, rule }) =>
        this.#iptables.ensureRule("append", table, chain, rule),
      );
      if (!made) return;
    }
  }

  #rulesOf(label: string, proxied: Proxied, portal: Portal): PortalRule[] {
    const target = this.#target(label, proxied);
    switch (portal.kind) {
      case "internal":
        return portalRules(target, portal.ip, portal.port);
      case "external":
        return externalPortalRules(target, portal.ip, portal.port);
      case "node port":
        return nodePortRules(target, portal.port);
    }
  }

  #target(label: string, { settings, socket }: Proxied): PortalTarget {
    const { configuration, node } = this.#options;
    const bound = canonicalIpv4(configuration.bindAddress) ?? "0.0.0.0";
    const listenIp = bound === "0.0.0.0" ? "" : bound;
    return {
      label,
      protocol: settings.protocol === "udp" ? "udp" : "tcp",
      proxyPort: socket.port,
      listenIp,
      hostIp: listenIp === "" ? (node.defaultAddress() ?? "") : listenIp,
    };
  }

  /** Holds the real port, if it is one of this node's; false: someone else has it. */
  #claim(owner: string, { protocol }: PortalSettings, { kind, ip, port }: Portal): boolean {
    const isHere = kind === "node port" || this.#localAddresses.has(ip);
    return !isHere || this.#claims.claim(owner, protocol, ip, port);
  }
}

/** The label of a service port's key, which has the protocol too. */
function labelOfKey(key: string): string {
  const [service = "", portName = ""] = key.split(":");
  return servicePortLabel(service, portName);
}

function isProxied(service: Service): boolean {
  return !isOtherProxys(service.metadata) && !hasNoClusterIp(service);
}

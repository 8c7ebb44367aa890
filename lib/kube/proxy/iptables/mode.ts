/**
 * iptables mode of 1.30 and 1.36. A full sync writes every chain; a partial one writes the shared
 * chains and those of Services that changed, and relies on the rest being there.
 *
 * Spec: Kubernetes v1.30, v1.36 pkg/proxy/iptables/proxier.go.
 * Differs: service ports are written in code unit order of their keys, `namespace/name:port:PROTO`,
 * where the real one's order is random at each sync. All other orders are the real one's.
 * Not modelled: metrics; localhost node ports of IPv6.
 */

import { isLoopback } from "../../../base/inet.ts";
import type { LineText } from "../../../base/line-text.ts";
import type { Ns } from "../../../base/units.ts";
import { readIpv4 } from "../../addresses.ts";
import { compareNames } from "../../objects.ts";
import { includesLoopback, matchingAddresses } from "../node-port-addresses.ts";
import type { RuleMode, SyncRequest } from "../rule-proxy.ts";
import type { ProxyStart } from "../startup.ts";
import { chooseEndpoints } from "../topology.ts";
import {
  FILTER_CHAINS,
  forwardKnownRule,
  forwardMarkedRule,
  INVALID_COUNTER,
  invalidRule,
  JUMPS,
  LOCALHOST_COUNTER,
  LOCALNET_RULE,
  NAT_CHAINS,
  natHead,
  nodePortsJump,
} from "./base-rules.ts";
import { Canary } from "./canary.ts";
import { ensureJumps } from "./jumps.ts";
import { FIREWALL, isServiceChain } from "./names.ts";
import { restoreText } from "./payload.ts";
import { formatMark, localMatches, type RuleContext } from "./rule-context.ts";
import { servicePortRules } from "./service-rules.ts";

/** Above this many endpoints, brevity comes before readability. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

/** What a sync that does not rewrite a port needs of it: lines and names of chains. */
interface WrittenPort {
  readonly filter: readonly string[];
  readonly shared: readonly string[];
  readonly chains: readonly string[];
}

/** A service port in its place among all. */
interface PortSlot {
  readonly key: string;
  /** null: it is to be written. */
  written: WrittenPort | null;
  /** Of any state. */
  endpoints: number;
}

export class IptablesMode implements RuleMode {
  private readonly options: ProxyStart;
  private readonly mark: string;
  private readonly localhostNodePorts: boolean;
  private readonly dropsInvalid: boolean;
  private readonly canary: Canary;
  private readonly activeChains = new Set<string>();
  /** All service ports in the order of their keys. */
  private slots: PortSlot[] = [];
  /** The same by `namespace/name` of their Service. */
  private readonly slotsOf = new Map<string, PortSlot[]>();
  private largeCluster = false;
  private lastCleanup: Ns = Number.NEGATIVE_INFINITY;
  private countsInvalid = false;
  private countsLocalhost = false;

  constructor(options: ProxyStart) {
    const { configuration, node } = options;
    this.options = options;
    this.mark = formatMark(configuration.masqueradeBit);
    this.localhostNodePorts =
      configuration.localhostNodePorts && includesLoopback(options.nodePortAddresses);
    if (this.localhostNodePorts) node.setSysctl("net/ipv4/conf/all/route_localnet", 1);
    this.dropsInvalid = (node.sysctl("net/netfilter/nf_conntrack_tcp_be_liberal") ?? 0) === 0;
    this.canary = new Canary(node.iptables, node.clock, configuration.syncPeriod);
  }

  start(resync: () => void): void {
    this.canary.watch(resync);
  }

  stop(): void {
    this.canary.stop();
  }

  isLargeCluster(): boolean {
    return this.largeCluster;
  }

  sync(request: SyncRequest): boolean {
    const { iptables } = this.options.node;
    if (request.full) {
      if (!ensureJumps(iptables, JUMPS)) return false;
      this.ensureCounters();
    }
    return iptables.restore(this.text(request));
  }

  /** The input of iptables-restore that brings the node from the last sync's state to the new. */
  private text(request: SyncRequest): LineText {
    this.forget(request);
    this.largeCluster = this.endpointCount() > LARGE_CLUSTER_ENDPOINTS;
    const context = this.context();
    const filter: string[] = [];
    const nat = natHead(this.mark);
    const natChains = [...NAT_CHAINS];
    if (this.localhostNodePorts) filter.push(LOCALNET_RULE);
    for (const slot of this.slots) {
      const kept = slot.written;
      if (kept !== null) for (const line of kept.shared) nat.push(line);
      const port = kept ?? this.write(slot, request, context, nat, natChains);
      for (const line of port.filter) filter.push(line);
    }
    if (this.dropsInvalid) filter.push(invalidRule(this.countsInvalid));
    filter.push(
      forwardMarkedRule(this.mark),
      forwardKnownRule("kubernetes forwarding conntrack rule"),
    );
    for (const chain of this.staleChains()) {
      natChains.push(chain);
      nat.push(`-X ${chain}`);
    }
    nat.push(...this.nodePortsJumps());
    const filterChains = this.localhostNodePorts ? [...FILTER_CHAINS, FIREWALL] : FILTER_CHAINS;
    return restoreText([
      { name: "filter", chains: filterChains, rules: filter },
      { name: "nat", chains: natChains, rules: nat },
    ]);
  }

  /** Forgets what is to be written anew: everything, or what belongs to changed Services. */
  private forget({ full, changed, portsChanged, ports, endpoints }: SyncRequest): void {
    if (full) {
      this.slots = [];
      this.activeChains.clear();
    }
    for (const service of changed) {
      for (const slot of this.slotsOf.get(service) ?? []) {
        for (const chain of slot.written?.chains ?? []) this.activeChains.delete(chain);
        slot.written = null;
        slot.endpoints = endpoints.get(slot.key)?.length ?? 0;
      }
    }
    if (full || portsChanged) this.arrange(ports, endpoints);
  }

  /** Gives each port its slot; those that had one keep it. */
  private arrange(ports: SyncRequest["ports"], endpoints: SyncRequest["endpoints"]): void {
    const known = new Map(this.slots.map((slot) => [slot.key, slot]));
    this.slots = [];
    this.slotsOf.clear();
    for (const key of [...ports.keys()].sort(compareNames)) {
      const count = endpoints.get(key)?.length ?? 0;
      const slot = known.get(key) ?? { key, written: null, endpoints: count };
      this.slots.push(slot);
      const service = serviceOfKey(key);
      const slots = this.slotsOf.get(service);
      if (slots === undefined) this.slotsOf.set(service, [slot]);
      else slots.push(slot);
    }
  }

  private endpointCount(): number {
    let count = 0;
    for (const { endpoints } of this.slots) count += endpoints;
    return count;
  }

  /** Writes all rules of a port and remembers those that later syncs repeat. */
  private write(
    slot: PortSlot,
    request: SyncRequest,
    context: RuleContext,
    nat: string[],
    natChains: string[],
  ): WrittenPort {
    const { key } = slot;
    const port = request.ports.get(key);
    if (port === undefined) return NOTHING;
    const endpoints = request.endpoints.get(key) ?? [];
    const choice = chooseEndpoints(endpoints, port, request.place, this.options.release);
    const rules = servicePortRules(port, choice, context);
    for (const rule of rules.shared) nat.push(rule);
    for (const rule of rules.own) nat.push(rule);
    for (const chain of rules.chains) {
      natChains.push(chain);
      this.activeChains.add(chain);
    }
    const { filter, shared, chains } = rules;
    slot.written = { filter, shared, chains };
    return slot.written;
  }

  /** Chains of service ports and endpoints that are gone. */
  private staleChains(): string[] {
    const { configuration, node } = this.options;
    const now = node.clock.now();
    if (this.largeCluster && now - this.lastCleanup <= configuration.syncPeriod) return [];
    const chains = node.iptables.chains("nat");
    if (chains === null) return [];
    this.lastCleanup = now;
    const stale: string[] = [];
    for (const chain of chains) {
      if (!this.activeChains.has(chain) && isServiceChain(chain)) stale.push(chain);
    }
    return stale;
  }

  private nodePortsJumps(): string[] {
    const { node, nodePortAddresses } = this.options;
    if (nodePortAddresses.all) {
      const others = this.localhostNodePorts ? "" : " ! -d 127.0.0.0/8";
      return [nodePortsJump(`-m addrtype --dst-type LOCAL${others}`)];
    }
    return matchingAddresses(nodePortAddresses, node.addresses())
      .filter((ip) => this.localhostNodePorts || !isLoopback(readIpv4(ip) ?? 0))
      .map((ip) => nodePortsJump(`-d ${ip}`));
  }

  private ensureCounters(): void {
    if (this.options.release.version !== "1.36") return;
    const { iptables } = this.options.node;
    this.countsInvalid = iptables.ensureCounter(INVALID_COUNTER);
    this.countsLocalhost = iptables.ensureCounter(LOCALHOST_COUNTER);
  }

  private context(): RuleContext {
    const { configuration, detector, nodeIp } = this.options;
    return {
      masqueradeAll: configuration.masqueradeAll,
      ...localMatches(detector),
      nodeIp,
      largeCluster: this.largeCluster,
      countLocalhost: this.countsLocalhost && this.localhostNodePorts,
    };
  }
}

const NOTHING: WrittenPort = { filter: [], shared: [], chains: [] };

/** `namespace/name` of a service port's key. */
function serviceOfKey(key: string): string {
  return key.slice(0, key.indexOf(":"));
}

/** Endpoints of all service ports, ready or not. */
export function endpointCount({ ports, endpoints }: SyncRequest): number {
  let count = 0;
  for (const key of ports.keys()) count += endpoints.get(key)?.length ?? 0;
  return count;
}

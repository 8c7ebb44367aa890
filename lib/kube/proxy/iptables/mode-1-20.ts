/**
 * iptables mode of 1.20. Every sync writes everything, and ports of the node that Services use are
 * held open, so that no other process takes them.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/iptables/proxier.go.
 */
import { LineBlock, type LineText } from "../../../base/line-text.ts";
import { compareNames } from "../../objects.ts";
import { deletePort } from "../conntrack.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Held } from "../node.ts";
import { matchingAddresses } from "../node-port-addresses.ts";
import type { RuleMode, SyncRequest } from "../rule-proxy.ts";
import type { ServicePort } from "../service-port.ts";
import type { ProxyStart } from "../startup.ts";
import {
  declare,
  FILTER_CHAINS_1_20,
  forwardKnownRule,
  forwardMarkedRule,
  invalidRule,
  JUMPS_1_20,
  NAT_CHAINS,
  natHead,
  nodePortsJump,
} from "./base-rules.ts";
import { Canary } from "./canary.ts";
import { ensureJumps } from "./jumps.ts";
import { endpointCount, LARGE_CLUSTER_ENDPOINTS } from "./mode.ts";
import { isServiceChain120, MARK_DROP } from "./names.ts";
import { blockOf, declarations, restoreText } from "./payload.ts";
import { type PortBlocks, portBlocks, sharedBlocks } from "./port-blocks.ts";
import type { PortRules } from "./port-rules.ts";
import { formatMark, localMatches, settingsOf } from "./rule-context.ts";
import { type RuleContext120, servicePortRules120 } from "./service-rules-1-20.ts";

const NO_ENDPOINTS: readonly Endpoint[] = [];

/** The iptables mode of release 1.20. */
export class IptablesMode120 implements RuleMode {
  readonly #options: ProxyStart;
  readonly #mark: string;
  readonly #canary: Canary;
  /** Held ports of the node, by `heldKey`. */
  #held = new Map<string, Held>();

  constructor(options: ProxyStart) {
    const { configuration, node } = options;
    this.#options = options;
    this.#mark = formatMark(configuration.masqueradeBit);
    node.setSysctl("net/ipv4/conf/all/route_localnet", 1);
    this.#canary = new Canary(node.iptables, node.clock, configuration.syncPeriod);
  }

  start(resync: () => void): void {
    this.#canary.watch(resync);
  }

  stop(): void {
    this.#canary.stop();
  }

  isLargeCluster(): boolean {
    return false;
  }

  sync(request: SyncRequest): boolean {
    const { iptables } = this.#options.node;
    if (!ensureJumps(iptables, JUMPS_1_20) || !iptables.ensureChain("nat", MARK_DROP)) return false;
    const order = [...request.ports.keys()].sort(compareNames);
    const ports = order.map((key) => request.ports.get(key)).filter((port) => port !== undefined);
    const holding = this.#hold(ports);
    if (!iptables.restore(this.#text(request, ports, holding))) {
      closeExcept(holding, this.#held);
      return false;
    }
    closeExcept(this.#held, holding);
    this.#held = holding;
    return true;
  }

  #text(
    request: SyncRequest,
    ports: readonly ServicePort[],
    holding: ReadonlyMap<string, Held>,
  ): LineText {
    const context = this.#context(request, holding);
    const filter: LineBlock[] = [];
    const nat: LineBlock[] = [];
    const declared: LineBlock[] = [];
    const active = new Set<string>();
    for (const port of ports) {
      const blocks = this.#write(port, request.endpoints.get(port.key) ?? NO_ENDPOINTS, context);
      if (blocks.filter !== null) filter.push(blocks.filter);
      if (blocks.shared !== null) nat.push(blocks.shared);
      if (blocks.declared !== null) declared.push(blocks.declared);
      for (const chain of blocks.chains) active.add(chain);
    }
    const tail = [
      invalidRule(false),
      forwardMarkedRule(this.#mark),
      forwardKnownRule("kubernetes forwarding conntrack pod source rule"),
      forwardKnownRule("kubernetes forwarding conntrack pod destination rule"),
    ];
    const stale = [...(this.#options.node.iptables.chains("nat") ?? [])].filter(
      (chain) => isServiceChain120(chain) && !active.has(chain),
    );
    return restoreText([
      { name: "filter", blocks: [declarations(FILTER_CHAINS_1_20), ...filter, blockOf(tail)] },
      {
        name: "nat",
        blocks: [
          declarations(NAT_CHAINS),
          ...declared,
          new LineBlock(stale.map(declare)),
          blockOf(natHead(this.#mark)),
          ...nat,
          new LineBlock(stale.map((chain) => `-X ${chain}`)),
          blockOf(this.#nodePortsJumps()),
        ],
      },
    ]);
  }

  #write(port: ServicePort, endpoints: readonly Endpoint[], context: RuleContext120): PortBlocks {
    const write = (): PortRules => servicePortRules120(port, endpoints, context);
    const isOwn =
      port.sourceRanges.length > 0 || port.externalIps.length > 0 || port.externalPolicyLocal;
    if (isOwn) return portBlocks(write());
    const { release } = this.#options;
    const settings = `${settingsOf(context, release)} ${context.hasNodePortAddress}`;
    return sharedBlocks({ port, endpoints: [endpoints], settings }, write);
  }

  #context(request: SyncRequest, holding: ReadonlyMap<string, Held>): RuleContext120 {
    const { configuration, detector, nodeIp } = this.#options;
    const here = new Set(this.#options.node.addresses());
    return {
      masqueradeAll: configuration.masqueradeAll,
      ...localMatches(detector),
      nodeIp,
      largeCluster: endpointCount(request) > LARGE_CLUSTER_ENDPOINTS,
      countLocalhost: false,
      nodeName: this.#options.nodeName,
      hasNodePortAddress: this.#nodePortIps().length > 0,
      unheld: (port, ip) =>
        port.protocol !== "sctp" && here.has(ip) && !holding.has(externalKey(port, ip)),
    };
  }

  #nodePortsJumps(): string[] {
    if (this.#options.nodePortAddresses.all) return [nodePortsJump("-m addrtype --dst-type LOCAL")];
    return this.#nodePortIps().map((ip) => nodePortsJump(`-d ${ip}`));
  }

  /** Addresses that node ports answer on; "" stands for any. */
  #nodePortIps(): string[] {
    const { node, nodePortAddresses } = this.#options;
    return nodePortAddresses.all ? [""] : matchingAddresses(nodePortAddresses, node.addresses());
  }

  /** Holds what is to be held from now on; what was held before stays open. */
  #hold(ports: readonly ServicePort[]): Map<string, Held> {
    const here = new Set(this.#options.node.addresses());
    const holding = new Map<string, Held>();
    for (const port of ports) {
      if (port.protocol === "sctp") continue;
      for (const ip of port.externalIps) {
        if (here.has(ip)) this.#holdOne(holding, externalKey(port, ip), port, ip, port.port);
      }
      if (port.nodePort === 0) continue;
      for (const ip of this.#nodePortIps()) {
        const isNew = this.#holdOne(holding, nodePortKey(port, ip), port, ip, port.nodePort);
        if (isNew && port.protocol === "udp") {
          this.#options.node.conntrack.command(deletePort(port.nodePort));
        }
      }
    }
    return holding;
  }

  /** Whether the port was opened now. */
  #holdOne(
    holding: Map<string, Held>,
    key: string,
    port: ServicePort,
    ip: string,
    number: number,
  ): boolean {
    const before = this.#held.get(key);
    const held = before ?? this.#options.node.sockets.hold(port.protocol, ip, number);
    if (held !== null) holding.set(key, held);
    return before === undefined && held !== null;
  }
}

function externalKey(port: ServicePort, ip: string): string {
  return `externalIP for ${port.label} ${ip} ${port.port} ${port.protocol}`;
}

function nodePortKey(port: ServicePort, ip: string): string {
  return `nodePort for ${port.label} ${ip} ${port.nodePort} ${port.protocol}`;
}

/** Closes what is in `these` and not in `those`. */
function closeExcept(these: ReadonlyMap<string, Held>, those: ReadonlyMap<string, Held>): void {
  for (const [key, held] of these) {
    if (!those.has(key)) held.close();
  }
}

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
import { LineBlock, type LineText } from "../../../base/line-text.ts";
import type { Ns } from "../../../base/units.ts";
import { readIpv4 } from "../../addresses.ts";
import type { Endpoint } from "../endpoint.ts";
import { includesLoopback, matchingAddresses } from "../node-port-addresses.ts";
import type { RuleMode, SyncRequest } from "../rule-proxy.ts";
import { rangesCover } from "../service-port.ts";
import type { ProxyStart } from "../startup.ts";
import { chooseEndpoints, dependsOnNode } from "../topology.ts";
import {
  declare,
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
import { blockOf, declarations, restoreText } from "./payload.ts";
import { NO_BLOCKS, sharedBlocks } from "./port-blocks.ts";
import { formatMark, localMatches, type RuleContext, settingsOf } from "./rule-context.ts";
import { servicePortRules } from "./service-rules.ts";
import { type PortInput, type PortWriter, WrittenPorts } from "./written-ports.ts";

/** Above this many endpoints, brevity comes before readability. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

const NO_ENDPOINTS: readonly Endpoint[] = [];
const NO_CHAINS: readonly string[] = [];

/** Blocks that every input has. */
interface Frame {
  readonly filterHead: readonly LineBlock[];
  readonly filterTail: LineBlock;
  readonly natDeclared: LineBlock;
  readonly natHead: LineBlock;
}

/** The iptables mode of releases from 1.30. */
export class IptablesMode implements RuleMode {
  readonly #options: ProxyStart;
  readonly #mark: string;
  readonly #localhostNodePorts: boolean;
  readonly #dropsInvalid: boolean;
  readonly #canary: Canary;
  /** What `IptablesTool.chainChanges` said after the last sync; NaN: it does not matter. */
  #chainChanges = Number.NaN;
  #written = WrittenPorts.NONE;
  #frame: Frame;
  #largeCluster = false;
  #lastCleanup: Ns = Number.NEGATIVE_INFINITY;
  #countsInvalid = false;
  #countsLocalhost = false;

  constructor(options: ProxyStart) {
    const { configuration, node } = options;
    this.#options = options;
    this.#mark = formatMark(configuration.masqueradeBit);
    this.#localhostNodePorts =
      configuration.localhostNodePorts && includesLoopback(options.nodePortAddresses);
    if (this.#localhostNodePorts) node.setSysctl("net/ipv4/conf/all/route_localnet", 1);
    this.#dropsInvalid = (node.sysctl("net/netfilter/nf_conntrack_tcp_be_liberal") ?? 0) === 0;
    this.#frame = this.#frameOf();
    this.#canary = new Canary(node.iptables, node.clock, configuration.syncPeriod);
  }

  start(resync: () => void): void {
    this.#canary.watch(resync);
  }

  stop(): void {
    this.#canary.stop();
  }

  isLargeCluster(): boolean {
    return this.#largeCluster;
  }

  sync(request: SyncRequest): boolean {
    const { iptables } = this.#options.node;
    if (request.full) {
      if (!ensureJumps(iptables, JUMPS)) return false;
      this.#ensureCounters();
    }
    const isDone = iptables.restore(this.#text(request));
    this.#chainChanges = isDone ? iptables.chainChanges() : Number.NaN;
    return isDone;
  }

  /** The input of iptables-restore that brings the node from the last sync's state to the new. */
  #text(request: SyncRequest): LineText {
    const draft = this.#written.draft(request, (key) => request.endpoints.get(key)?.length ?? 0);
    this.#largeCluster = draft.endpoints > LARGE_CLUSTER_ENDPOINTS;
    if (request.full) this.#chainChanges = Number.NaN;
    const step = draft.write(this.#writer(request));
    this.#written = step.next;
    const stale = this.#staleChains();
    const jumps = blockOf(this.#nodePortsJumps());
    const { filterHead, filterTail, natDeclared, natHead } = this.#frame;
    const madeFrom = [...filterHead, filterTail, natDeclared, natHead, jumps, ...stale];
    const known = step.texts.find((one) => sameItems(one.madeFrom, madeFrom));
    if (known !== undefined) return known.text;
    const text = inputText(this.#frame, step.input, stale, jumps);
    step.texts.push({ madeFrom, text });
    return text;
  }

  /** What stands around the rules of service ports; other counters lead to another. */
  #frameOf(): Frame {
    const tail = [
      ...(this.#dropsInvalid ? [invalidRule(this.#countsInvalid)] : []),
      forwardMarkedRule(this.#mark),
      forwardKnownRule("kubernetes forwarding conntrack rule"),
    ];
    const head = this.#localhostNodePorts
      ? [declarations([...FILTER_CHAINS, FIREWALL]), blockOf([LOCALNET_RULE])]
      : [declarations(FILTER_CHAINS)];
    return {
      filterHead: head,
      filterTail: blockOf(tail),
      natDeclared: declarations(NAT_CHAINS),
      natHead: blockOf(natHead(this.#mark)),
    };
  }

  #writer({ ports, endpoints, place }: SyncRequest): PortWriter {
    const { release } = this.#options;
    const context = this.#context();
    const settings = settingsOf(context, release);
    const endpointsOf = (key: string): readonly Endpoint[] => endpoints.get(key) ?? NO_ENDPOINTS;
    return {
      settings,
      isOwn: (key) => {
        const port = ports.get(key);
        if (port === undefined) return false;
        const isOthers = port.sourceRanges.length > 0 || endpoints.differs(key);
        return isOthers || dependsOnNode(endpointsOf(key), port, release);
      },
      write: (key) => {
        const port = ports.get(key);
        if (port === undefined) return NO_BLOCKS;
        const choice = chooseEndpoints(endpointsOf(key), port, place, release);
        const { cluster, local, reachable, hasAny } = choice;
        const own = `${settings} ${hasAny} ${rangesCover(port, context.nodeIp)}`;
        const from = { port, endpoints: [cluster, local, reachable], settings: own };
        return sharedBlocks(from, () => servicePortRules(port, choice, context));
      },
    };
  }

  /** Chains of service ports and endpoints that are gone. */
  #staleChains(): readonly string[] {
    const { configuration, node } = this.#options;
    const now = node.clock.now();
    if (this.#largeCluster && now - this.#lastCleanup <= configuration.syncPeriod) return NO_CHAINS;
    if (node.iptables.chainChanges() !== this.#chainChanges) {
      const chains = node.iptables.chains("nat");
      if (chains === null) return NO_CHAINS;
      this.#lastCleanup = now;
      const needed = this.#written.chains;
      return [...chains].filter((chain) => isServiceChain(chain) && !needed.has(chain));
    }
    // Nobody else has made any: they are those that were left, in the order in which they came.
    this.#lastCleanup = now;
    const { left } = this.#written;
    this.#written = this.#written.swept();
    return left.size === 0 ? NO_CHAINS : byAge(left);
  }

  #nodePortsJumps(): string[] {
    const { node, nodePortAddresses } = this.#options;
    if (nodePortAddresses.all) {
      const others = this.#localhostNodePorts ? "" : " ! -d 127.0.0.0/8";
      return [nodePortsJump(`-m addrtype --dst-type LOCAL${others}`)];
    }
    return matchingAddresses(nodePortAddresses, node.addresses())
      .filter((ip) => this.#localhostNodePorts || !isLoopback(readIpv4(ip) ?? 0))
      .map((ip) => nodePortsJump(`-d ${ip}`));
  }

  #ensureCounters(): void {
    if (this.#options.release.version !== "1.36") return;
    const { iptables } = this.#options.node;
    this.#countsInvalid = iptables.ensureCounter(INVALID_COUNTER);
    this.#countsLocalhost = iptables.ensureCounter(LOCALHOST_COUNTER);
    this.#frame = this.#frameOf();
  }

  #context(): RuleContext {
    const { configuration, detector, nodeIp } = this.#options;
    return {
      masqueradeAll: configuration.masqueradeAll,
      ...localMatches(detector),
      nodeIp,
      largeCluster: this.#largeCluster,
      countLocalhost: this.#countsLocalhost && this.#localhostNodePorts,
    };
  }
}

/** Puts an input together. */
function inputText(
  { filterHead, filterTail, natDeclared, natHead }: Frame,
  { filter, declared, nat }: PortInput,
  stale: readonly string[],
  jumps: LineBlock,
): LineText {
  const gone = stale.length === 0 ? [] : [new LineBlock(stale.map((chain) => `-X ${chain}`))];
  const emptied = stale.length === 0 ? [] : [new LineBlock(stale.map(declare))];
  return restoreText([
    { name: "filter", blocks: [...filterHead, ...filter, filterTail] },
    {
      name: "nat",
      blocks: [natDeclared, ...declared, ...emptied, natHead, ...nat, ...gone, jumps],
    },
  ]);
}

/** Chains by their numbers. */
function byAge(chains: ReadonlyMap<string, number>): string[] {
  const sorted = [...chains].sort(([, a], [, b]) => a - b);
  return sorted.map(([chain]) => chain);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** Endpoints of all service ports, ready or not. */
export function endpointCount({ ports, endpoints }: SyncRequest): number {
  let count = 0;
  for (const key of ports.keys()) count += endpoints.get(key)?.length ?? 0;
  return count;
}

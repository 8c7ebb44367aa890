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
import { type PortBlocks, portBlocks, sharedBlocks } from "./port-blocks.ts";
import { type PortChunk, PortChunks, type PortSlot } from "./port-chunks.ts";
import type { PortRules } from "./port-rules.ts";
import { formatMark, localMatches, type RuleContext, settingsOf } from "./rule-context.ts";
import { servicePortRules } from "./service-rules.ts";

/** Above this many endpoints, brevity comes before readability. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

const NO_ENDPOINTS: readonly Endpoint[] = [];
const NOTHING: PortBlocks = { filter: null, shared: null, own: null, declared: null, chains: [] };

/** Blocks that every input has. */
interface Frame {
  readonly filterHead: readonly LineBlock[];
  readonly filterTail: LineBlock;
  readonly natDeclared: LineBlock;
  readonly natHead: LineBlock;
}

/** Blocks of an input, as they come together. */
interface Input {
  readonly filter: LineBlock[];
  readonly declared: LineBlock[];
  readonly nat: LineBlock[];
}

/** The iptables mode of releases from 1.30. */
export class IptablesMode implements RuleMode {
  readonly #options: ProxyStart;
  readonly #mark: string;
  readonly #localhostNodePorts: boolean;
  readonly #dropsInvalid: boolean;
  readonly #canary: Canary;
  /** The chains of service ports that the last sync left, in the order in which they were made. */
  readonly #activeChains = new Map<string, number>();
  /** Those that syncs since then no longer need, likewise. */
  readonly #leftChains = new Map<string, number>();
  #chainsMade = 0;
  /** What `IptablesTool.chainChanges` said after the last sync; NaN: it does not matter. */
  #chainChanges = Number.NaN;
  readonly #ports = new PortChunks();
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
    this.#forget(request);
    this.#largeCluster = this.#ports.endpoints > LARGE_CLUSTER_ENDPOINTS;
    const context = this.#context();
    const input: Input = { filter: [], declared: [], nat: [] };
    for (const chunk of this.#ports.chunks) this.#writeChunk(chunk, request, context, input);
    const stale = this.#staleChains();
    const gone = stale.length === 0 ? [] : [new LineBlock(stale.map((chain) => `-X ${chain}`))];
    const { filterHead, filterTail, natDeclared, natHead } = this.#frame;
    const filter = [...filterHead, ...input.filter, filterTail];
    const nat = [
      natDeclared,
      ...input.declared,
      ...(stale.length === 0 ? [] : [new LineBlock(stale.map(declare))]),
      natHead,
      ...input.nat,
      ...gone,
      blockOf(this.#nodePortsJumps()),
    ];
    return restoreText([
      { name: "filter", blocks: filter },
      { name: "nat", blocks: nat },
    ]);
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

  /** Forgets what is to be written anew: everything, or what belongs to changed Services. */
  #forget({ full, changed, portsChanged, ports, endpoints }: SyncRequest): void {
    if (full) {
      this.#ports.clear();
      this.#activeChains.clear();
      this.#leftChains.clear();
      this.#chainChanges = Number.NaN;
    }
    for (const service of changed) {
      for (const slot of this.#ports.ofService(service)) {
        for (const chain of slot.written?.chains ?? []) {
          this.#leftChains.set(chain, this.#activeChains.get(chain) ?? 0);
          this.#activeChains.delete(chain);
        }
        this.#ports.forget(slot, endpoints.get(slot.key)?.length ?? 0);
      }
    }
    if (!full && !portsChanged) return;
    this.#ports.arrange(ports.keys(), (key) => endpoints.get(key)?.length ?? 0);
  }

  /** Writes those ports of a chunk that have changed; of the others their shared lines suffice. */
  #writeChunk(
    chunk: PortChunk,
    request: SyncRequest,
    context: RuleContext,
    { filter, declared, nat }: Input,
  ): void {
    if (chunk.isDirty) {
      for (const slot of chunk.slots) {
        const kept = slot.written;
        const port = kept ?? this.#write(slot, request, context);
        if (port.shared !== null) nat.push(port.shared);
        if (kept !== null) continue;
        if (port.own !== null) nat.push(port.own);
        if (port.declared !== null) declared.push(port.declared);
      }
      chunk.close();
    } else if (chunk.shared !== null) {
      nat.push(chunk.shared);
    }
    if (chunk.filter !== null) filter.push(chunk.filter);
  }

  /** Writes all rules of a port and remembers those that later syncs repeat. */
  #write(slot: PortSlot, request: SyncRequest, context: RuleContext): PortBlocks {
    const { key } = slot;
    const { release } = this.#options;
    const port = request.ports.get(key);
    if (port === undefined) return NOTHING;
    const endpoints = request.endpoints.get(key) ?? NO_ENDPOINTS;
    const write = (): PortRules =>
      servicePortRules(port, chooseEndpoints(endpoints, port, request.place, release), context);
    const isOwn = port.sourceRanges.length > 0 || dependsOnNode(endpoints, port, release);
    const settings = settingsOf(context, release);
    const blocks = isOwn ? portBlocks(write()) : sharedBlocks({ port, endpoints, settings }, write);
    for (const chain of blocks.chains) this.#activate(chain);
    slot.written = blocks;
    return blocks;
  }

  #activate(chain: string): void {
    const before = this.#leftChains.get(chain) ?? this.#activeChains.get(chain);
    if (before === undefined) this.#chainsMade += 1;
    this.#leftChains.delete(chain);
    this.#activeChains.set(chain, before ?? this.#chainsMade);
  }

  /** Chains of service ports and endpoints that are gone. */
  #staleChains(): string[] {
    const { configuration, node } = this.#options;
    const now = node.clock.now();
    if (this.#largeCluster && now - this.#lastCleanup <= configuration.syncPeriod) return [];
    if (node.iptables.chainChanges() !== this.#chainChanges) {
      const chains = node.iptables.chains("nat");
      if (chains === null) return [];
      this.#lastCleanup = now;
      return [...chains].filter((chain) => isServiceChain(chain) && !this.#activeChains.has(chain));
    }
    // Nobody else has made any: they are those that were left, in the order in which they came.
    this.#lastCleanup = now;
    const left = [...this.#leftChains].sort(([, a], [, b]) => a - b);
    this.#leftChains.clear();
    return left.map(([chain]) => chain);
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

/** Endpoints of all service ports, ready or not. */
export function endpointCount({ ports, endpoints }: SyncRequest): number {
  let count = 0;
  for (const key of ports.keys()) count += endpoints.get(key)?.length ?? 0;
  return count;
}

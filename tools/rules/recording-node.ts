/**
 * A node for kube-proxy to run on: an emulated host, of which only the rules, addresses and routes
 * matter here. It writes down what the proxy does.
 */

import { NetfilterIptables } from "../../lib/kube/netfilter-iptables.ts";
import type {
  Backends,
  ConntrackTool,
  HealthAnswer,
  Held,
  IptablesTool,
  ProxyNode,
  ProxySocket,
  SocketTool,
  TableName,
} from "../../lib/kube/proxy/node.ts";
import { SimClock } from "../../lib/kube/proxy/sim-clock.ts";
import { RandomStream } from "../../lib/sim/random.ts";
import type { Scheduler } from "../../lib/sim/scheduler.ts";
import { NodeHost, type SetupCommand } from "./node-host.ts";

/** A node that keeps what kube-proxy writes. */
export class RecordingNode implements ProxyNode {
  /** The rules of an emulated host, as iptables sees them. */
  readonly rules: NetfilterIptables;
  readonly clock: SimClock;
  readonly iptables: IptablesTool;
  readonly conntrack: ConntrackTool;
  readonly sockets: SocketTool;
  readonly cpus = 2;
  /** Inputs of iptables-restore, in order. */
  readonly restores: string[] = [];
  /** Words of invocations of conntrack, in order. */
  readonly conntrackCommands: string[] = [];
  readonly sysctls = new Map<string, number>([
    ["net/ipv4/conf/all/route_localnet", 0],
    ["net/netfilter/nf_conntrack_tcp_be_liberal", 0],
  ]);
  /** Who answers on which health check port. */
  readonly healthChecks = new Map<number, () => HealthAnswer>();
  /** What listeners of the userspace proxy connect to, by port. */
  readonly listeners = new Map<number, Backends>();
  readonly #host: NodeHost;
  readonly #seed: number;
  readonly #streams = new Map<string, RandomStream>();
  readonly #taken = new Set<string>();

  constructor(scheduler: Scheduler, seed: number, setup: readonly SetupCommand[] = []) {
    this.#host = new NodeHost(scheduler, seed, setup);
    this.rules = new NetfilterIptables(this.#host.netfilter);
    this.clock = new SimClock(scheduler);
    this.#seed = seed;
    this.iptables = this.#recordingIptables();
    this.sockets = this.#recordingSockets();
    this.conntrack = {
      command: (words) => this.conntrackCommands.push(`conntrack ${words.join(" ")}`),
      udpFlows: () => [],
      deleteFlow: () => {},
    };
  }

  addresses(): readonly string[] {
    return this.#host.addresses();
  }

  defaultAddress(): string | null {
    return this.#host.defaultAddress();
  }

  sysctl(name: string): number | null {
    return this.sysctls.get(name) ?? null;
  }

  setSysctl(name: string, value: number): void {
    this.sysctls.set(name, value);
  }

  random(stream: string, bound: number): number {
    const random =
      this.#streams.get(stream) ?? new RandomStream(this.#seed, `kube-proxy:${stream}`);
    this.#streams.set(stream, random);
    return random.below(bound);
  }

  #recordingIptables(): IptablesTool {
    const { rules } = this;
    return {
      restore: (text) => {
        this.restores.push(text.text);
        return rules.restore(text);
      },
      ensureChain: (table: TableName, chain: string) => rules.ensureChain(table, chain),
      ensureRule: (where, table, chain, rule) => rules.ensureRule(where, table, chain, rule),
      deleteRule: (table, chain, rule) => rules.deleteRule(table, chain, rule),
      flushChain: (table, chain) => rules.flushChain(table, chain),
      chains: (table) => rules.chains(table),
      chainChanges: () => rules.chainChanges(),
      hasChain: (table, chain) => rules.hasChain(table, chain),
      ensureCounter: () => true,
    };
  }

  #recordingSockets(): SocketTool {
    return {
      hold: (protocol, address, port) => this.#take(`${protocol} ${address}:${port}`),
      listen: (protocol, address, port, backends) =>
        this.#listen(protocol, address, port, backends),
      serveHttp: (port, answer) => {
        if (this.healthChecks.has(port)) return null;
        this.healthChecks.set(port, answer);
        return { close: () => this.healthChecks.delete(port) };
      },
    };
  }

  #listen(protocol: string, address: string, port: number, backends: Backends): ProxySocket | null {
    const chosen = port === 0 ? 32768 + this.random("ephemeral", 28232) : port;
    const held = this.#take(`${protocol} ${address}:${chosen}`);
    if (held === null) return null;
    this.listeners.set(chosen, backends);
    const close = (): void => {
      this.listeners.delete(chosen);
      held.close();
    };
    return { port: chosen, close };
  }

  #take(name: string): Held | null {
    if (this.#taken.has(name)) return null;
    this.#taken.add(name);
    return { close: () => this.#taken.delete(name) };
  }
}

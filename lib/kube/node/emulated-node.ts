/**
 * An emulated host as kube-proxy's node: iptables is the host's netfilter, conntrack its table,
 * sysctls its own, and sockets are sockets of its TCP and UDP, served by programs in virtual time.
 */
import { ANY_ADDRESS, formatIpv4, type Ipv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import { Table } from "../../net/fib-table.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { Program } from "../../sim/process.ts";
import { type Transports, transportsOf } from "../../transport/stack.ts";
import { NetfilterIptables } from "../netfilter-iptables.ts";
import type {
  Backends,
  HealthAnswer,
  Held,
  IptablesTool,
  ProxyNode,
  ProxySocket,
  SocketTool,
} from "../proxy/node.ts";
import type { RuleProtocol } from "../proxy/service-port.ts";
import { SimClock } from "../proxy/sim-clock.ts";
import { ConntrackTable } from "./conntrack-table.ts";
import { holdPort } from "./held-ports.ts";
import { type HttpAnswer, openHttpPort } from "./http-port.ts";
import { type InvocationListener, ToldIptables, ToldPort } from "./invocation.ts";
import { RelayCounters } from "./relay-counters.ts";
import { TcpRelay } from "./tcp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";

/** What a node is to kube-proxy beside its host. */
export interface EmulatedNodeOptions {
  /** Userspace mode: how long a UDP client's socket lives without a datagram; 250 ms by default. */
  readonly udpIdleTimeout?: Ns;
  /** Told of everything that changes rules, settings or the connection table. */
  readonly onInvocation?: InvocationListener;
}

const DEFAULT_IDLE: Ns = 250 * NS_PER_MS;
/** Processors of the emulated machine, as far as kube-proxy asks. */
const CPUS = 2;

/** kube-proxy's node on an emulated host. */
export class EmulatedNode implements ProxyNode, SocketTool {
  readonly iptables: IptablesTool;
  readonly conntrack: ConntrackTable;
  readonly sockets: SocketTool = this;
  readonly clock: SimClock;
  readonly cpus = CPUS;
  /** What userspace mode has cost so far. */
  readonly counters = new RelayCounters();
  readonly #host: ShellHost;
  readonly #stack: Transports;
  readonly #udpIdleNs: Ns;
  readonly #onInvocation: InvocationListener;

  /** The host is borrowed. */
  constructor(host: ShellHost, options: EmulatedNodeOptions = {}) {
    this.#host = host;
    this.#stack = transportsOf(host.namespace);
    this.#udpIdleNs = options.udpIdleTimeout ?? DEFAULT_IDLE;
    this.#onInvocation = options.onInvocation ?? (() => {});
    const iptables = new NetfilterIptables(host.netfilter);
    this.iptables = new ToldIptables(iptables, this.#onInvocation);
    this.conntrack = new ConntrackTable(host, this.#onInvocation);
    this.clock = new SimClock(host.namespace.cpu.scheduler);
  }

  addresses(): readonly string[] {
    return this.#host.namespace
      .inetDevices()
      .flatMap(({ addresses }) => addresses.map(({ local }) => formatIpv4(local)));
  }

  defaultAddress(): string | null {
    const { namespace } = this.#host;
    const entries = namespace.fib.tables.get(Table.MAIN)?.entries() ?? [];
    const route = entries.find(({ prefixLength }) => prefixLength === 0);
    const device = route?.info.nexthops[0]?.device ?? null;
    if (device === null) return null;
    const [first] = namespace.inet(device).addresses;
    return first === undefined ? null : formatIpv4(first.local);
  }

  sysctl(name: string): number | null {
    const value = this.#host.namespace.sysctls.read(name);
    return value === null ? null : Number(value);
  }

  setSysctl(name: string, value: number): void {
    this.#onInvocation({ run: `sysctl -w ${name.replaceAll("/", ".")}=${value}`, stdin: null });
    this.#host.namespace.sysctls.write(name, String(value));
  }

  random(stream: string, bound: number): number {
    const { name, namespace } = this.#host;
    return namespace.random.stream(`${name}:kube-proxy:${stream}`).below(bound);
  }

  hold(protocol: RuleProtocol, address: string, port: number): Held | null {
    return holdPort(this.#stack, protocol, readAddress(address), port);
  }

  listen(
    protocol: "tcp" | "udp",
    address: string,
    port: number,
    backends: Backends,
  ): ProxySocket | null {
    const at = readAddress(address);
    const place = { protocol, address: formatIpv4(at), idleNs: this.#udpIdleNs };
    return ToldPort.open(place, backends, this.#onInvocation, (told) => {
      const { counters } = this;
      const context = { stack: this.#stack, backends: told, spawn: this.#spawn, counters };
      return protocol === "tcp"
        ? TcpRelay.open(context, at, port)
        : UdpRelay.open(context, at, port, this.#udpIdleNs);
    });
  }

  serveHttp(port: number, answer: () => HealthAnswer): Held | null {
    return this.servePaths(port, answer);
  }

  /** Answers HTTP on a port of all addresses, by path; null: the port is taken. */
  servePaths(port: number, handler: (path: string) => HttpAnswer): Held | null {
    const { epochSeconds } = this.#host;
    return openHttpPort({ stack: this.#stack, port, handler, spawn: this.#spawn, epochSeconds });
  }

  readonly #spawn = (name: string, program: Program<number>): void => {
    this.#host.processes.spawn(name, program);
  };
}

function readAddress(text: string): Ipv4 {
  return text === "" ? ANY_ADDRESS : parseIpv4(text);
}

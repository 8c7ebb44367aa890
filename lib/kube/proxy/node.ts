/**
 * What kube-proxy needs of the machine it runs on. The proxy declares it, and the emulated node
 * plugs it in; text is made elsewhere, effects happen only through here.
 */
import type { LineText } from "../../base/line-text.ts";
import type { Ns } from "../../base/units.ts";
import type { RuleProtocol } from "./service-port.ts";

/** The tables that kube-proxy writes. */
export type TableName = "filter" | "nat" | "mangle";

/** iptables, iptables-restore and iptables-save. Rules are words, as in a shell's argv. */
export interface IptablesTool {
  /**
   * `iptables-restore --noflush --counters`; false: refused. Tables whose COMMIT came before the
   * error have changed.
   */
  restore(text: LineText): boolean;
  /** `iptables -N`, unless the chain is there. False: failed. */
  ensureChain(table: TableName, chain: string): boolean;
  /** `iptables -C`, then `-I` or `-A` unless the rule is there. False: failed. */
  ensureRule(
    where: "prepend" | "append",
    table: TableName,
    chain: string,
    rule: readonly string[],
  ): boolean;
  /** `iptables -C`, then `-D` if the rule is there. False: failed. */
  deleteRule(table: TableName, chain: string, rule: readonly string[]): boolean;
  /** `iptables -F`. False: failed. */
  flushChain(table: TableName, chain: string): boolean;
  /** The chains that `iptables-save -t` lists; null: failed. */
  chains(table: TableName): Iterable<string> | null;
  /** Another number whenever any chain may have come or gone. */
  chainChanges(): number;
  /** Whether `iptables -S` finds the chain. */
  hasChain(table: TableName, chain: string): boolean;
  /** `nfacct add`, unless the counter is there; false where the kernel has no nfacct. */
  ensureCounter(name: string): boolean;
}

/** One UDP entry of the connection table, as far as the proxy looks at it. */
export interface UdpFlow {
  /** Where the client sent to. */
  readonly originalDestination: string;
  readonly originalDestinationPort: number;
  /** Who answers: the endpoint, if the flow was DNATed. */
  readonly replySource: string;
  readonly replySourcePort: number;
}

/** The conntrack tool, and the same table through netlink. */
export interface ConntrackTool {
  /** `conntrack WORDS`; nothing to delete is no failure. */
  command(words: readonly string[]): void;
  udpFlows(): Iterable<UdpFlow>;
  deleteFlow(flow: UdpFlow): void;
}

/** Something held open until `close`. */
export interface Held {
  close(): void;
}

/** Tells a listener of the userspace proxy where its clients' second connections go. */
export interface Backends {
  /**
   * The endpoint `ip:port` for a client, or null if there is none; `afresh` after a dial to the
   * last one has failed.
   */
  next(clientIp: string, afresh: boolean): string | null;
}

/** A listening socket of the userspace proxy. */
export interface ProxySocket extends Held {
  /** The local port, chosen by the kernel if it was asked for 0. */
  readonly port: number;
}

/** What a health check port answers to any request. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Opens ports on the node. */
export interface SocketTool {
  /** Holds a port, so that no one else takes it; null: it is taken. `address` "": any. */
  hold(protocol: RuleProtocol, address: string, port: number): Held | null;
  /**
   * Listens for clients of the userspace proxy and connects each to what `backends` says; null:
   * the port is taken. How long dials and idle UDP clients last is the listener's matter.
   */
  listen(
    protocol: "tcp" | "udp",
    address: string,
    port: number,
    backends: Backends,
  ): ProxySocket | null;
  /** Answers HTTP on a port of all addresses; null: it is taken. */
  serveHttp(port: number, answer: () => HealthAnswer): Held | null;
}

/** A timer that its owner arms again and again. */
export interface ProxyTimer {
  /** Fires once after `delayNs`, instead of at any time set before. */
  arm(delayNs: Ns): void;
  cancel(): void;
}

/** Time and timers. */
export interface ProxyClock {
  /** Virtual time in ns. */
  now(): Ns;
  timer(fire: () => void): ProxyTimer;
}

/** All that a kube-proxy asks of its node. */
export interface ProxyNode {
  readonly iptables: IptablesTool;
  readonly conntrack: ConntrackTool;
  readonly sockets: SocketTool;
  readonly clock: ProxyClock;
  /** Number of processors. */
  readonly cpus: number;
  /** Addresses of all interfaces, in the order of `ip addr`. */
  addresses(): readonly string[];
  /** The address by which the default route leaves, or null. */
  defaultAddress(): string | null;
  /** The value of a sysctl such as `net/ipv4/ip_forward`; null: there is none. */
  sysctl(name: string): number | null;
  setSysctl(name: string, value: number): void;
  /** A whole number from 0 to `bound` - 1, from a random stream of that name. */
  random(stream: string, bound: number): number;
}

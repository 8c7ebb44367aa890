/**
 * The transports of a namespace: TCP and UDP plugged into its IPv4, their sysctls into its tree.
 *
 * Kernel: net/ipv4/af_inet.c (inet_init), 6.18.
 */

import { type Ipv4, isMulticast } from "../base/inet.ts";
import {
  Flow,
  type PacketFields,
  type TransportProtocol,
  type TransportProtocols,
} from "../net/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Route } from "../net/route.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Frame } from "../wire/frame.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_PORT } from "../wire/icmp.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import type {
  IpSettings,
  TransportEnvironment,
  TransportFlow,
  TransportRoute,
} from "./environment.ts";
import { defineTransportSysctls } from "./sysctl-tree.ts";
import { TransportSysctls } from "./sysctls.ts";
import { Tcp } from "./tcp/tcp.ts";
import { Udp } from "./udp.ts";

/** TCP and UDP of one host. */
export interface Transports {
  readonly env: TransportEnvironment;
  readonly tcp: Tcp;
  readonly udp: Udp;
}

/** The transports of a namespace, installed at the first call. */
export function transportsOf(namespace: Namespace): Transports {
  const { transports } = namespace;
  return transports instanceof HostTransports ? transports : installTransports(namespace);
}

/** Plugs TCP and UDP into a namespace. */
export function installTransports(namespace: Namespace): Transports {
  const env = new NamespaceEnvironment(namespace);
  const transports = new HostTransports(env);
  namespace.transports = transports;
  const { sysctls } = namespace;
  sysctls.defineLater(() => defineTransportSysctls(sysctls, env.sysctls));
  return transports;
}

/** Each is made for its first socket or packet. */
class HostTransports implements Transports, TransportProtocols {
  readonly env: TransportEnvironment;
  #tcp: Tcp | null = null;
  #udp: Udp | null = null;

  constructor(env: TransportEnvironment) {
    this.env = env;
  }

  get tcp(): Tcp {
    this.#tcp ??= new Tcp(this.env);
    return this.#tcp;
  }

  get udp(): Udp {
    this.#udp ??= new Udp(this.env);
    return this.#udp;
  }

  find(protocol: number): TransportProtocol | null {
    if (protocol === IPPROTO_TCP) return this.tcp;
    return protocol === IPPROTO_UDP ? this.udp : null;
  }
}

/** One for all hosts: a look-up ends before the next begins. */
const ipFlow = new Flow();

/** A namespace as the transports see it. */
class NamespaceEnvironment implements TransportEnvironment {
  readonly name: string;
  readonly cpu;
  readonly random;
  readonly pool;
  readonly drops;
  readonly sysctls = new TransportSysctls();
  readonly ip: IpSettings;
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.name = namespace.name;
    this.ip = namespace.conf;
    this.cpu = namespace.cpu;
    this.random = namespace.random;
    this.pool = namespace.pool;
    this.drops = namespace.drops;
  }

  routeOutput(wanted: TransportFlow): TransportRoute | number {
    const flow = ipFlow.reset();
    flow.destination = wanted.destination;
    flow.source = wanted.source;
    flow.destinationPort = wanted.destinationPort;
    flow.sourcePort = wanted.sourcePort;
    flow.protocol = wanted.protocol;
    flow.tos = wanted.tos & 0x1e;
    flow.mark = wanted.mark;
    flow.outputIndex = wanted.outputIndex;
    const route = this.#namespace.routing.output(flow);
    if (typeof route !== "number") wanted.source = flow.source;
    return route;
  }

  output(frame: Frame, route: TransportRoute, fields: PacketFields): number {
    // Routes of this environment come from `routeOutput` alone.
    return this.#namespace.ipOutput.queueXmit(frame, route as Route, fields);
  }

  isLocalAddress(address: number): boolean {
    return this.#namespace.fib.addressType(address as Ipv4) === AddressType.LOCAL;
  }

  isBroadcast(address: number): boolean {
    return this.#namespace.fib.addressType(address as Ipv4) === AddressType.BROADCAST;
  }

  isMulticast(address: number): boolean {
    return isMulticast(address);
  }

  portUnreachable(frame: Frame): void {
    this.#namespace.icmp.sendError(frame, ICMP_UNREACHABLE, UNREACHABLE_PORT, 0);
  }

  updatePmtu(route: TransportRoute, destination: number, mtu: number): void {
    const flow = ipFlow.reset();
    flow.destination = destination as Ipv4;
    this.#namespace.pathMtu.update(route as Route, flow, mtu);
  }
}

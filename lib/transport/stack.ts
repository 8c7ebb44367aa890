/**
 * The transports of a namespace: TCP and UDP plugged into its IPv4, their sysctls into its tree.
 *
 * Kernel: net/ipv4/af_inet.c (inet_init), 6.18.
 */

import { EINVAL } from "../base/errno.ts";
import { type Ipv4, isMulticast } from "../base/inet.ts";
import { Flow, type PacketFields } from "../net/inet.ts";
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
import { TransportSysctls } from "./sysctls.ts";
import { Tcp } from "./tcp/tcp.ts";
import { Udp } from "./udp.ts";

/** TCP and UDP of one host. */
export interface Transports {
  readonly env: TransportEnvironment;
  readonly tcp: Tcp;
  readonly udp: Udp;
}

const installed = new WeakMap<Namespace, Transports>();

/** The transports of a namespace, installed at the first call. */
export function transportsOf(namespace: Namespace): Transports {
  const known = installed.get(namespace);
  return known ?? installTransports(namespace);
}

/** Plugs TCP and UDP into a namespace. */
export function installTransports(namespace: Namespace): Transports {
  const env = new NamespaceEnvironment(namespace);
  const transports = { env, tcp: new Tcp(env), udp: new Udp(env) };
  namespace.transports.set(IPPROTO_TCP, transports.tcp);
  namespace.transports.set(IPPROTO_UDP, transports.udp);
  defineSysctls(namespace, env.sysctls);
  installed.set(namespace, transports);
  return transports;
}

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
  readonly #flow = new Flow();

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
    const flow = this.#flow.reset();
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
    const flow = this.#flow.reset();
    flow.destination = destination as Ipv4;
    this.#namespace.pathMtu.update(route as Route, flow, mtu);
  }
}

const CORE: readonly (readonly [
  string,
  "rmemMax" | "wmemMax" | "rmemDefault" | "wmemDefault" | "somaxconn",
])[] = [
  ["net.core.rmem_max", "rmemMax"],
  ["net.core.wmem_max", "wmemMax"],
  ["net.core.rmem_default", "rmemDefault"],
  ["net.core.wmem_default", "wmemDefault"],
  ["net.core.somaxconn", "somaxconn"],
];

function defineSysctls(namespace: Namespace, sysctls: TransportSysctls): void {
  const tree = namespace.sysctls;
  tree.defineFields("net.ipv4", sysctls, { only: (field) => field.startsWith("tcp") });
  for (const [name, field] of CORE) {
    tree.define(name, {
      read: () => String(sysctls[field]),
      write: (text) => {
        if (!/^\s*[0-9]+\s*$/.test(text)) return -EINVAL;
        sysctls[field] = Number(text);
        return 0;
      },
    });
  }
  defineTriple(
    namespace,
    "net.ipv4.tcp_rmem",
    () => sysctls.tcpRmem,
    (value) => {
      sysctls.tcpRmem = value;
    },
  );
  defineTriple(
    namespace,
    "net.ipv4.tcp_wmem",
    () => sysctls.tcpWmem,
    (value) => {
      sysctls.tcpWmem = value;
    },
  );
  tree.define("net.ipv4.ip_local_port_range", {
    read: () => sysctls.ipLocalPortRange.join("\t"),
    write: (text) => {
      const [first = 0, second, ...rest] = numbers(text);
      // One number alone is the lower end.
      const [low, high] = [first, second ?? sysctls.ipLocalPortRange[1]];
      if (rest.length > 0 || low < 1 || high > 65535 || low > high) return -EINVAL;
      sysctls.ipLocalPortRange = [low, high];
      return 0;
    },
  });
  tree.define("net.ipv4.tcp_congestion_control", {
    read: () => sysctls.tcpCongestionControl,
    write: (text) => {
      sysctls.tcpCongestionControl = text.trim();
      return 0;
    },
  });
}

type Triple = readonly [number, number, number];

function defineTriple(
  namespace: Namespace,
  name: string,
  get: () => Triple,
  set: (value: Triple) => void,
): void {
  namespace.sysctls.define(name, {
    read: () => get().join("\t"),
    write: (text) => {
      const [a, b, c, ...rest] = numbers(text);
      if (a === undefined || rest.length > 0 || !(a > 0)) return -EINVAL;
      const now = get();
      set([a, b ?? now[1], c ?? now[2]]);
      return 0;
    },
  });
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

/**
 * What a route leads to: one next hop or several, with their metrics, and what was learnt about
 * single destinations behind a next hop.
 *
 * Kernel: include/net/ip_fib.h (fib_info, fib_nh, fib_nh_exception), net/ipv4/fib_semantics.c, 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import type { AddressType } from "../netfilter/hooks.ts";
import type { RouteMetrics } from "./route.ts";

/** `RTPROT_*`: who made a route. */
export const RouteProtocol = { REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4 } as const;

/** Something learnt about one destination: a smaller path MTU, or a better gateway. */
export interface RouteException {
  /** 0 if only the MTU was learnt. */
  gateway: Ipv4;
  /** 0 if only the gateway was learnt. */
  mtu: number;
  mtuLocked: boolean;
  expiresAt: Ns;
  /** Whether a route was made with it: only then it is shown. */
  isUsed: boolean;
}

/** One way to go. */
export class Nexthop {
  /** Null for routes that lead nowhere (unreachable, blackhole). */
  device: NetDevice | null;
  gateway: Ipv4;
  weight: number;
  /** `onlink`: the gateway is taken to be on the link. */
  onlink: boolean;
  scope = 0;
  /** Its device went down. */
  dead = false;
  /** Its device has no carrier. */
  linkdown = false;
  /** Its route was removed or replaced; whoever holds it looks up another one when next sending. */
  released = false;
  /** Largest hash that chooses it among several. */
  upperBound = -1;
  /** By destination; null until something is learnt. */
  exceptions: Map<number, RouteException> | null = null;

  constructor(device: NetDevice | null, gateway: Ipv4, weight = 1, onlink = false) {
    this.device = device;
    this.gateway = gateway;
    this.weight = weight;
    this.onlink = onlink;
  }
}

/** What routes with the same outcome share. */
export interface FibInfo {
  readonly protocol: number;
  readonly scope: number;
  /** The metric: lower is better. */
  readonly priority: number;
  /** `src`, or 0. */
  readonly prefSource: Ipv4;
  readonly nexthops: readonly Nexthop[];
  readonly metrics: RouteMetrics;
}

/** One line of a routing table. */
export interface FibEntry {
  readonly destination: Ipv4;
  readonly prefixLength: number;
  readonly tos: number;
  readonly type: AddressType;
  readonly table: number;
  readonly info: FibInfo;
}

/** The result of a look-up: one reused object. */
export class FibResult {
  entry: FibEntry | null = null;
  nexthop: Nexthop | null = null;

  clear(): void {
    this.entry = null;
    this.nexthop = null;
  }
}

/** Sets the hash ranges of the next hops that are alive, by weight (`fib_rebalance`). */
export function rebalance(info: FibInfo): void {
  let total = 0;
  for (const nexthop of info.nexthops) if (!nexthop.dead) total += nexthop.weight;
  let weight = 0;
  for (const nexthop of info.nexthops) {
    if (nexthop.dead) {
      nexthop.upperBound = -1;
      continue;
    }
    weight += nexthop.weight;
    nexthop.upperBound = Math.round((weight * 2 ** 31) / total) - 1;
  }
}

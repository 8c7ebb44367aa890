/**
 * The outcome of a route look-up: by which device a packet leaves, to which next hop, or that it is
 * for this host. Transports keep one beside their connection and ask it whether it still holds.
 *
 * Kernel: include/net/dst.h, include/net/route.h (struct rtable), net/ipv4/route.c (ipv4_mtu,
 * ipv4_default_advmss), 6.18.
 */
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Cpu } from "../sim/cpu.ts";
import { type Frame, FrameAttachment } from "../wire/frame.ts";
import type { Neighbour } from "./neighbour.ts";

/** How far a destination is away (`enum rt_scope_t`). */
export const Scope = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;
export type Scope = number;

/** Metrics of a route, as `ip route` sets them; 0 and "" are "not set". */
export interface RouteMetrics {
  readonly mtu: number;
  /** `mtu lock`: no path MTU discovery, no DF. */
  readonly mtuLocked: boolean;
  readonly advmss: number;
  readonly initcwnd: number;
  readonly initrwnd: number;
  readonly rtoMinNs: Ns;
  readonly congestion: string;
  readonly quickack: boolean;
  readonly ecn: boolean;
  readonly hoplimit: number;
  readonly window: number;
  /** What connections that have nothing to go by begin with: RTT in 1/8 ms, variation in 1/4 ms. */
  readonly rtt: number;
  readonly rttvar: number;
  readonly ssthresh: number;
  readonly cwnd: number;
  readonly reordering: number;
  readonly fastopenNoCookie: number;
  /** Which metrics stay as they are (`lock`), as bits `1 << MetricBit.…`; the MTU's is above. */
  readonly locks: number;
}

/** RTAX_* of metrics that can be locked. */
export const MetricBit = {
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  initrwnd: 14,
  congestion: 16,
} as const;

/** A route without metrics. */
export const NO_METRICS: RouteMetrics = {
  mtu: 0,
  mtuLocked: false,
  advmss: 0,
  initcwnd: 0,
  initrwnd: 0,
  rtoMinNs: 0,
  congestion: "",
  quickack: false,
  ecn: false,
  hoplimit: 0,
  window: 0,
  rtt: 0,
  rttvar: 0,
  ssthresh: 0,
  cwnd: 0,
  reordering: 0,
  fastopenNoCookie: 0,
  locks: 0,
};

/** What a host's routes have in common; a change of anything that routes depend on counts it up. */
export class RouteEpoch {
  generation = 0;
  readonly cpu: Cpu;
  /** `net.ipv4.route.min_adv_mss`. */
  minAdvMss = 256;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
  }

  /** All routes that were looked up must be looked up again (`rt_genid_bump`). */
  bump(): void {
    this.generation += 1;
  }
}

/** ETH_MIN_MTU. */
const MIN_MTU = 68;
/** An IPv4 packet is at most this long. */
const IP_MAX_MTU = 0xffff;

/** A route. Immutable but for its neighbour, which is found when first used. */
export class Route extends FrameAttachment {
  readonly epoch: RouteEpoch;
  readonly device: NetDevice;
  readonly type: AddressType;
  /** The next hop, or 0 when the destination is on the link. */
  gateway: Ipv4 = ANY_ADDRESS;
  /** What the routing table prefers as source of packets that this host makes. */
  source: Ipv4 = ANY_ADDRESS;
  readonly metrics: RouteMetrics;
  /** Made for a packet that came in (`rt_is_input_route`). */
  isInput = false;
  /** The packet is, among others, for this host (RTCF_LOCAL). */
  isLocal = false;
  /** A positive errno for what cannot be routed, or 0. */
  error = 0;
  /** The next hop is on the device that it came in by, and the sender should know (DOREDIRECT). */
  redirects = false;
  /** The table that it was found in. */
  table = 254;
  /** The gateway is one that a router named (RTCF_REDIRECTED). */
  redirected = false;
  /** Path MTU that was learnt for the destination, or 0, and until when it holds. */
  pathMtu = 0;
  pathMtuLocked = false;
  expiresAt: Ns = Number.POSITIVE_INFINITY;
  /** Who is next, once that was asked. */
  neighbour: Neighbour | null = null;
  /** What the routing table has of it, or null if it is not from there. */
  entryHop: { readonly released: boolean } | null = null;
  readonly #generation: number;

  constructor(epoch: RouteEpoch, device: NetDevice, type: AddressType, metrics: RouteMetrics) {
    super();
    this.epoch = epoch;
    this.device = device;
    this.type = type;
    this.metrics = metrics;
    this.#generation = epoch.generation;
  }

  /** Index of the output device. */
  get deviceIndex(): number {
    return this.device.index;
  }

  /** Whether packets stay on this host. */
  get loopback(): boolean {
    return this.device.kind === "loopback";
  }

  get isBroadcast(): boolean {
    return this.type === AddressType.BROADCAST;
  }

  get isMulticast(): boolean {
    return this.type === AddressType.MULTICAST;
  }

  /** Whether it must be looked up again (`dst_check` fails). @hot */
  get obsolete(): boolean {
    return this.#generation !== this.epoch.generation || this.epoch.cpu.now >= this.expiresAt;
  }

  /** Path MTU in bytes (`dst_mtu`): learnt, set, or the device's. @hot */
  get mtu(): number {
    if (this.pathMtu !== 0 && this.epoch.cpu.now < this.expiresAt) return this.pathMtu;
    return Math.min(this.#configuredMtu(), IP_MAX_MTU);
  }

  /** What a forwarded packet may measure: learnt path MTUs count only if they are locked. @hot */
  forwardMtu(usePmtu: boolean): number {
    return usePmtu || this.mtuLocked ? this.mtu : Math.min(this.#configuredMtu(), IP_MAX_MTU);
  }

  /** Whether packets must not carry DF because the path MTU is fixed (`ip_mtu_locked`). @hot */
  get mtuLocked(): boolean {
    return this.metrics.mtuLocked || this.pathMtuLocked;
  }

  /** MSS to advertise (`ipv4_default_advmss`). */
  get advmss(): number {
    if (this.metrics.advmss !== 0) return this.metrics.advmss;
    return Math.min(Math.max(this.mtu - 40, this.epoch.minAdvMss), IP_MAX_MTU - 40);
  }

  get initcwnd(): number {
    return this.metrics.initcwnd;
  }

  get initrwnd(): number {
    return this.metrics.initrwnd;
  }

  get window(): number {
    return this.metrics.window;
  }

  get rtoMinNs(): Ns {
    return this.metrics.rtoMinNs;
  }

  get quickack(): boolean {
    return this.metrics.quickack;
  }

  get congestion(): string {
    return this.metrics.congestion;
  }

  get ecn(): boolean {
    return this.metrics.ecn;
  }

  /** The address that ARP resolves for a packet to `destination` (`rt_nexthop`). @hot */
  nexthop(destination: number): Ipv4 {
    return this.gateway !== 0 ? this.gateway : (destination as Ipv4);
  }

  #configuredMtu(): number {
    if (this.metrics.mtu !== 0) return this.metrics.mtu;
    // The kernel hangs a route that is gone on a device that swallows all (`blackhole_netdev`).
    const mtu = this.entryHop?.released === true ? MIN_MTU : this.device.mtu;
    return this.mtuLocked && this.gateway !== 0 && mtu > 576 ? 576 : mtu;
  }
}

/** The route of a frame, or null. The one cast of `frame.route`. @hot */
export function routeOf(frame: Frame): Route | null {
  return frame.route as Route | null;
}

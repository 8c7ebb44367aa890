/**
 * How many ICMP errors a host sends: a bucket for all destinations together, one for each
 * destination, and the pace of redirects, all in ticks.
 *
 * Kernel: net/ipv4/icmp.c (icmp_global_allow, icmpv4_xrlim_allow), net/ipv4/inetpeer.c
 * (inet_peer_xrlim_allow), net/ipv4/route.c (ip_error, ip_rt_send_redirect), 6.18.
 */

import type { Cpu } from "../sim/cpu.ts";
import { HZ, msToJiffies } from "../sim/jiffies.ts";
import type { RandomStream } from "../sim/random.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../wire/icmp.ts";
import type { Ipv4Conf, RouteConf } from "./ipv4-conf.ts";
import type { Namespace } from "./namespace.ts";
import type { Snmp } from "./snmp.ts";

const HIGHEST_TYPE = 18;
/** Errors that a destination may save up. */
const BURST_FACTOR = 6;
/** How many destinations are remembered (`inet_peer_threshold`). */
const MAX_PEERS = 65_664;

/** What is remembered about a destination of ICMP messages (`struct inet_peer`). */
interface Peer {
  tokens: number;
  lastTick: number;
  redirects: number;
}

/** The limits of one host. */
export class IcmpLimit {
  readonly #cpu: Cpu;
  readonly #conf: Ipv4Conf;
  readonly #routeConf: RouteConf;
  readonly #snmp: Snmp;
  readonly #random: RandomStream;
  readonly #peers = new Map<number, Peer>();
  #credit = 0;
  #creditTick = 0;

  constructor({ name, cpu, conf, routeConf, snmp, random }: Namespace) {
    this.#cpu = cpu;
    this.#conf = conf;
    this.#routeConf = routeConf;
    this.#snmp = snmp;
    this.#random = random.stream(`${name}:icmp:credit`);
    this.#creditTick = -HZ;
  }

  /** Whether a message is of a kind that is limited at all. */
  isLimited(type: number, code: number): boolean {
    if (type > HIGHEST_TYPE) return false;
    if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED) return false;
    return ((1 << type) & this.#conf.icmpRatemask) !== 0;
  }

  /** Whether the host as a whole may send one more; counts it if not. */
  allowsGlobally(): boolean {
    const delta = Math.min(this.#tick - this.#creditTick, HZ);
    if (delta >= HZ / 50) {
      const gained = Math.floor((this.#conf.icmpMsgsPerSec * delta) / HZ);
      if (gained > 0) {
        this.#creditTick = this.#tick;
        this.#credit = Math.min(this.#credit + gained, this.#conf.icmpMsgsBurst);
      }
    }
    if (this.#credit > 0) return true;
    this.#snmp.icmp.OutRateLimitGlobal += 1;
    return false;
  }

  /** Whether one more may go to `destination`; takes from both buckets or counts it. */
  allows(destination: number, overLoopback: boolean): boolean {
    const jiffies = msToJiffies(this.#conf.icmpRatelimit);
    if (!overLoopback && !this.#peerAllows(destination, jiffies)) {
      this.#snmp.icmp.OutRateLimitHost += 1;
      return false;
    }
    // Not always one, so that nobody can count a host's errors from outside.
    this.#credit -= this.#random.below(3);
    return true;
  }

  /** Whether "no route" may be told to the sender (`ip_error`). */
  allowsRouteError(sender: number): boolean {
    const peer = this.#peer(sender);
    const { errorBurst, errorCost } = this.#routeConf;
    peer.tokens = Math.min(peer.tokens + this.#tick - peer.lastTick, errorBurst);
    peer.lastTick = this.#tick;
    if (peer.tokens < errorCost) return false;
    peer.tokens -= errorCost;
    return true;
  }

  /** Whether a redirect may be sent now: ever more slowly to one who does not listen. */
  allowsRedirect(sender: number): boolean {
    const peer = this.#peer(sender);
    const { redirectLoad, redirectNumber, redirectSilence } = this.#routeConf;
    if (this.#tick > peer.lastTick + redirectSilence) {
      peer.tokens = 0;
      peer.redirects = 0;
    }
    if (peer.redirects >= redirectNumber) {
      peer.lastTick = this.#tick;
      return false;
    }
    const pause = redirectLoad * 2 ** peer.redirects;
    if (peer.redirects > 0 && this.#tick <= peer.lastTick + pause) return false;
    peer.lastTick = this.#tick;
    peer.redirects += 1;
    return true;
  }

  get #tick(): number {
    return this.#cpu.jiffies;
  }

  #peerAllows(destination: number, jiffies: number): boolean {
    const peer = this.#peer(destination);
    const delta = this.#tick - peer.lastTick;
    if (delta > 0) {
      peer.lastTick = this.#tick;
      peer.tokens = Math.min(peer.tokens + delta, BURST_FACTOR * jiffies);
    }
    if (peer.tokens < jiffies) return false;
    peer.tokens -= jiffies;
    return true;
  }

  #peer(address: number): Peer {
    let peer = this.#peers.get(address);
    if (peer === undefined) {
      if (this.#peers.size >= MAX_PEERS) {
        for (const oldest of this.#peers.keys()) {
          this.#peers.delete(oldest);
          break;
        }
      }
      peer = { tokens: 0, lastTick: this.#tick - 60 * HZ, redirects: 0 };
      this.#peers.set(address, peer);
    }
    return peer;
  }
}

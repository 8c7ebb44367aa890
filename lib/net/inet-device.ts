/**
 * What IPv4 keeps about a device: its addresses, parameters and neighbours.
 *
 * Kernel: include/linux/inetdevice.h (struct in_device, IN_DEV_* macros), 6.18.
 */
import { ANY_ADDRESS, type Ipv4, networkOf } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import type { DeviceConf, NeighbourConf } from "./ipv4-conf.ts";
import type { Neighbour } from "./neighbour.ts";
import { Scope } from "./route.ts";

/** An address of a device, as `ip addr` shows it. */
export interface InterfaceAddress {
  /** The host's own address (IFA_LOCAL). */
  readonly local: Ipv4;
  /** The same, or the other end's on a point-to-point line (IFA_ADDRESS). */
  readonly address: Ipv4;
  readonly prefixLength: number;
  /** 0 if none is set. */
  readonly broadcast: Ipv4;
  readonly scope: number;
  readonly label: string;
  /** `metric` of the prefix route. */
  readonly metric: number;
  /** `noprefixroute`. */
  readonly noPrefixRoute: boolean;
  /** Not the first one of its network: it is never chosen as source. */
  secondary: boolean;
}

const NOBODY: ReadonlyMap<number, Neighbour> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

/** A device with IPv4 on it. */
export class InetDevice {
  readonly device: NetDevice;
  readonly conf: DeviceConf;
  readonly neighbourConf: NeighbourConf;
  /** Primary addresses first. */
  readonly addresses: InterfaceAddress[] = [];
  /** How long a confirmation holds: 0.5 to 1.5 times the base, drawn anew every 300 s. */
  reachableTimeNs: Ns = 0;
  /** Names of parameters that were set for this device: the default no longer changes them. */
  touched = NOTHING;
  /** Whether none of them do any more. */
  isConfSet = false;
  /** Whether any route has led by it: if not, nothing need be looked for when it changes. */
  isRouted = false;
  /** State at the last notification, to see what changed. */
  wasUp = false;
  hadCarrier = false;
  lastMac = 0;
  lastMtu = 0;
  readonly #all: DeviceConf;
  /** By address; made for the first one, as most devices have none. */
  #neighbours: Map<number, Neighbour> | null = null;

  constructor(device: NetDevice, conf: DeviceConf, all: DeviceConf, neighbourConf: NeighbourConf) {
    this.device = device;
    this.conf = conf;
    this.#all = all;
    this.neighbourConf = neighbourConf;
  }

  get neighbours(): ReadonlyMap<number, Neighbour> {
    return this.#neighbours ?? NOBODY;
  }

  addNeighbour(neighbour: Neighbour): void {
    this.#neighbours ??= new Map();
    this.#neighbours.set(neighbour.address, neighbour);
  }

  removeNeighbour(neighbour: Neighbour): void {
    this.#neighbours?.delete(neighbour.address);
  }

  /** Notes that a parameter was set for this device. */
  touch(name: string): void {
    this.touched = new Set([...this.touched, name]);
  }

  get forwarding(): boolean {
    return this.conf.forwarding !== 0;
  }

  get rpFilter(): number {
    return Math.max(this.#all.rpFilter, this.conf.rpFilter);
  }

  get acceptLocal(): boolean {
    return this.#all.acceptLocal !== 0 || this.conf.acceptLocal !== 0;
  }

  get routeLocalnet(): boolean {
    return this.#all.routeLocalnet !== 0 || this.conf.routeLocalnet !== 0;
  }

  get acceptSourceRoute(): boolean {
    return this.#all.acceptSourceRoute !== 0 && this.conf.acceptSourceRoute !== 0;
  }

  get logMartians(): boolean {
    return this.#all.logMartians !== 0 || this.conf.logMartians !== 0;
  }

  get sendRedirects(): boolean {
    return this.#all.sendRedirects !== 0 || this.conf.sendRedirects !== 0;
  }

  /** A router needs both switches, a host one of them. */
  get acceptRedirects(): boolean {
    const all = this.#all.acceptRedirects !== 0;
    const own = this.conf.acceptRedirects !== 0;
    return this.forwarding ? all && own : all || own;
  }

  get secureRedirects(): boolean {
    return this.#all.secureRedirects !== 0 || this.conf.secureRedirects !== 0;
  }

  get sharedMedia(): boolean {
    return this.#all.sharedMedia !== 0 || this.conf.sharedMedia !== 0;
  }

  get srcValidMark(): boolean {
    return this.#all.srcValidMark !== 0 || this.conf.srcValidMark !== 0;
  }

  get bcForwarding(): boolean {
    return this.#all.bcForwarding !== 0 && this.conf.bcForwarding !== 0;
  }

  get dropUnicastInL2Multicast(): boolean {
    return this.#all.dropUnicastInL2Multicast !== 0 || this.conf.dropUnicastInL2Multicast !== 0;
  }

  get ignoreRoutesWithLinkdown(): boolean {
    return this.#all.ignoreRoutesWithLinkdown !== 0 || this.conf.ignoreRoutesWithLinkdown !== 0;
  }

  get promoteSecondaries(): boolean {
    return this.#all.promoteSecondaries !== 0 || this.conf.promoteSecondaries !== 0;
  }

  get arpIgnore(): number {
    return Math.max(this.#all.arpIgnore, this.conf.arpIgnore);
  }

  get arpAnnounce(): number {
    return Math.max(this.#all.arpAnnounce, this.conf.arpAnnounce);
  }

  get arpAccept(): number {
    return Math.max(this.#all.arpAccept, this.conf.arpAccept);
  }

  get arpNotify(): boolean {
    return this.#all.arpNotify !== 0 || this.conf.arpNotify !== 0;
  }

  get arpFilter(): boolean {
    return this.#all.arpFilter !== 0 || this.conf.arpFilter !== 0;
  }

  get arpEvictNocarrier(): boolean {
    return this.#all.arpEvictNocarrier !== 0 && this.conf.arpEvictNocarrier !== 0;
  }

  get proxyArp(): boolean {
    return this.#all.proxyArp !== 0 || this.conf.proxyArp !== 0;
  }

  get proxyArpPvlan(): boolean {
    return this.conf.proxyArpPvlan !== 0;
  }

  get dropGratuitousArp(): boolean {
    return this.#all.dropGratuitousArp !== 0 || this.conf.dropGratuitousArp !== 0;
  }

  /** The address entry with this local address, or null. */
  addressOf(local: number): InterfaceAddress | null {
    return this.addresses.find((entry) => entry.local === local) ?? null;
  }

  /** Whether both addresses lie in the network of one of this device's addresses. */
  isOnLink(a: number, b: number): boolean {
    for (const entry of this.addresses) {
      if (entry.secondary || !inNetwork(entry, a)) continue;
      if (b === 0 || inNetwork(entry, b)) return true;
    }
    return false;
  }

  /**
   * The device's own address that suits a packet to `destination` (0: any) with at most this scope,
   * or 0 (the first half of `inet_select_addr`).
   */
  selectAddress(destination: number, scope: Scope): Ipv4 {
    const localnetScope = this.routeLocalnet ? Scope.LINK : Scope.HOST;
    let first: Ipv4 = ANY_ADDRESS;
    for (const entry of this.addresses) {
      if (entry.secondary || Math.min(entry.scope, localnetScope) > scope) continue;
      if (destination === 0 || inNetwork(entry, destination)) return entry.local;
      if (first === 0) first = entry.local;
    }
    return first;
  }
}

/** Whether `address` is in the network of an interface's address. */
export function inNetwork(entry: InterfaceAddress, address: number): boolean {
  return networkOf(entry.address, entry.prefixLength) === networkOf(address, entry.prefixLength);
}

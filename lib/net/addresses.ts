/**
 * The addresses of a host: what `ip addr add` and `ip addr del` do, with primary and secondary
 * addresses, and the choice of a source address.
 *
 * Kernel: net/ipv4/devinet.c (__inet_insert_ifa, __inet_del_ifa, inet_select_addr), 6.18.
 * Not modelled: lifetimes; addresses here are permanent.
 */
import { EADDRNOTAVAIL, EEXIST, EINVAL } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4, networkOf } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { addAddressRoutes, removeAddressRoutes } from "./fib-addresses.ts";
import { type Refusal, refuse } from "./inet.ts";
import { type InetDevice, type InterfaceAddress, inNetwork } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { Scope } from "./route.ts";

/** What `ip addr add` says. */
export interface AddressSpec {
  readonly local: Ipv4;
  readonly prefixLength: number;
  readonly peer?: Ipv4;
  readonly broadcast?: Ipv4;
  readonly scope?: number;
  readonly label?: string;
  readonly metric?: number;
  readonly noPrefixRoute?: boolean;
}

/** All addresses of one host. */
export class Addresses {
  readonly #namespace: Namespace;
  /** Every local address with the number of devices that have it. */
  readonly #local = new Map<number, number>();

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Whether some device has this address (`inet_lookup_ifaddr_rcu`). @hot */
  has(address: number): boolean {
    return this.#local.has(address);
  }

  /** `ip addr add`. */
  add(device: NetDevice, spec: AddressSpec): Refusal | null {
    const owner = this.#namespace.inet(device);
    const entry: InterfaceAddress = {
      local: spec.local,
      address: spec.peer ?? spec.local,
      prefixLength: spec.prefixLength,
      broadcast: spec.broadcast ?? ANY_ADDRESS,
      scope: spec.scope ?? Scope.UNIVERSE,
      label: spec.label ?? device.name,
      metric: spec.metric ?? 0,
      noPrefixRoute: spec.noPrefixRoute === true,
      secondary: false,
    };
    let lastPrimary = -1;
    for (const [index, other] of owner.addresses.entries()) {
      if (!other.secondary && entry.scope <= other.scope) lastPrimary = index;
      if (other.prefixLength !== entry.prefixLength || !inNetwork(other, entry.address)) continue;
      if (other.local === entry.local) return refuse(EEXIST, "ipv4: Address already assigned");
      if (other.scope !== entry.scope) return refuse(EINVAL, "ipv4: Invalid scope value");
      entry.secondary = true;
    }
    const at = entry.secondary ? owner.addresses.length : lastPrimary + 1;
    owner.addresses.splice(at, 0, entry);
    this.#local.set(entry.local, (this.#local.get(entry.local) ?? 0) + 1);
    this.#namespace.markConfSet(owner);
    addAddressRoutes(this.#namespace.fib, owner, entry);
    this.#namespace.epoch.bump();
    return null;
  }

  /** `ip addr del`: with a primary address go its secondaries, unless they are promoted. */
  remove(device: NetDevice, local: Ipv4, prefixLength: number): Refusal | null {
    const owner = this.#namespace.inet(device);
    const entry = owner.addresses.find(
      (other) => other.local === local && other.prefixLength === prefixLength,
    );
    if (entry === undefined) return refuse(EADDRNOTAVAIL, "ipv4: Address not found");
    const followers = entry.secondary
      ? []
      : owner.addresses.filter((other) => other.secondary && isSameNetwork(other, entry));
    if (!owner.promoteSecondaries) for (const other of followers) this.#takeOff(owner, other);
    const [promoted, ...rest] = owner.promoteSecondaries ? followers : [];
    if (promoted !== undefined) promote(owner, entry, promoted);
    this.#takeOff(owner, entry);
    if (promoted !== undefined) {
      // The others' routes had the old primary as source: the kernel makes them anew.
      for (const other of [promoted, ...rest]) {
        removeAddressRoutes(this.#namespace.fib, owner, other);
        addAddressRoutes(this.#namespace.fib, owner, other);
      }
    }
    if (owner.addresses.length === 0) this.#namespace.lastAddressGone(device);
    this.#namespace.epoch.bump();
    return null;
  }

  /** `ip addr flush dev`. */
  flush(device: NetDevice): void {
    const owner = this.#namespace.inet(device);
    for (let first = owner.addresses[0]; first !== undefined; first = owner.addresses[0]) {
      this.remove(device, first.local, first.prefixLength);
    }
  }

  /**
   * The source address for a packet that leaves by `device` towards `destination` (0: any):
   * the device's own, or else another device's; 0 if there is none (`inet_select_addr`).
   */
  select(device: NetDevice, destination: number, scope: Scope): Ipv4 {
    const own = this.#namespace.inet(device).selectAddress(destination, scope);
    if (own !== 0) return own;
    for (const owner of this.#namespace.inetDevices()) {
      for (const entry of owner.addresses) {
        if (entry.secondary || entry.scope === Scope.LINK || entry.scope > scope) continue;
        return entry.local;
      }
    }
    return ANY_ADDRESS;
  }

  #takeOff(owner: InetDevice, entry: InterfaceAddress): void {
    owner.addresses.splice(owner.addresses.indexOf(entry), 1);
    const count = (this.#local.get(entry.local) ?? 1) - 1;
    if (count === 0) this.#local.delete(entry.local);
    else this.#local.set(entry.local, count);
    removeAddressRoutes(this.#namespace.fib, owner, entry);
    this.#namespace.netfilter.addressRemoved(owner.device, entry.local);
  }
}

function isSameNetwork(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.prefixLength === b.prefixLength && inNetwork(a, networkOf(b.address, b.prefixLength));
}

/** A secondary address takes the place of `old`, which goes: behind the last primary before it. */
function promote(owner: InetDevice, old: InterfaceAddress, entry: InterfaceAddress): void {
  const { addresses } = owner;
  const from = addresses.indexOf(old) + 1;
  const to = addresses.indexOf(entry);
  entry.secondary = false;
  if (to === from) return;
  let behind = 0;
  for (let index = from; index < to; index += 1) {
    const other = addresses[index];
    if (other?.secondary === false && old.scope <= other.scope) behind = index;
  }
  addresses.splice(to, 1);
  addresses.splice(behind + 1, 0, entry);
}

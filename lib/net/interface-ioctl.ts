/**
 * Addresses of interfaces as the old ioctls set them, on which `ifconfig` rests: each call changes
 * one property of the address that has the label. A change takes the address out and puts it in
 * again, with all that follows for its routes.
 *
 * Kernel: net/ipv4/devinet.c (devinet_ioctl, inet_abc_len), 6.18.
 */
import { EADDRNOTAVAIL, EINVAL, ENODEV } from "../base/errno.ts";
import {
  ANY_ADDRESS,
  broadcastOf,
  type Ipv4,
  isLoopback,
  isMulticast,
  isZeroNet,
  LIMITED_BROADCAST,
  prefixLengthOf,
} from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import type { InterfaceAddress } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { Scope } from "./route.ts";

/** From this length on a network has no broadcast address. */
const POINT_TO_POINT_LENGTH = 31;

/** The calls, each with a positive errno or 0 as its answer; a label is `eth0` or `eth0:1`. */
export class InterfaceIoctl {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** The device that a label belongs to, or null. */
  device(label: string): NetDevice | null {
    return this.#namespace.devices.get(label.split(":")[0] ?? "") ?? null;
  }

  /** The address with that label, or null. */
  find(label: string): InterfaceAddress | null {
    const device = this.device(label);
    if (device === null) return null;
    return this.#namespace.inet(device).addresses.find((one) => one.label === label) ?? null;
  }

  /** SIOCSIFADDR: the length of the prefix is that of the address's class; 0.0.0.0 is no address. */
  setAddress(label: string, local: Ipv4): number {
    const device = this.device(label);
    if (device === null) return ENODEV;
    const prefixLength = classLength(local);
    if (prefixLength < 0) return EINVAL;
    const old = this.find(label);
    if (old !== null) {
      if (old.local === local) return 0;
      this.#remove(device, old);
    }
    const hasBroadcast = device.kind !== "loopback" && prefixLength < POINT_TO_POINT_LENGTH;
    return this.#add(device, {
      local,
      address: local,
      prefixLength,
      broadcast: hasBroadcast ? broadcastOf(local, prefixLength) : ANY_ADDRESS,
      scope: isLoopback(local) ? Scope.HOST : Scope.UNIVERSE,
      label,
      metric: 0,
      noPrefixRoute: false,
      secondary: false,
    });
  }

  /** SIOCSIFNETMASK: a broadcast address that followed from the old mask follows the new one. */
  setNetmask(label: string, mask: number): number {
    const device = this.device(label);
    if (device === null) return ENODEV;
    const old = this.find(label);
    if (old === null) return EADDRNOTAVAIL;
    const prefixLength = prefixLengthOf(mask);
    if (prefixLength < 0) return EINVAL;
    if (prefixLength === old.prefixLength) return 0;
    const follows =
      device.kind !== "loopback" &&
      prefixLength < POINT_TO_POINT_LENGTH &&
      old.broadcast === broadcastOf(old.local, old.prefixLength);
    const broadcast = follows ? broadcastOf(old.local, prefixLength) : old.broadcast;
    this.#remove(device, old);
    return this.#add(device, { ...old, prefixLength, broadcast });
  }

  /** SIOCSIFBRDADDR. */
  setBroadcast(label: string, broadcast: Ipv4): number {
    const device = this.device(label);
    if (device === null) return ENODEV;
    const old = this.find(label);
    if (old === null) return EADDRNOTAVAIL;
    if (old.broadcast === broadcast) return 0;
    this.#remove(device, old);
    return this.#add(device, { ...old, broadcast });
  }

  /** SIOCSIFFLAGS with or without IFF_UP: an alias that goes down is taken away. */
  setUp(label: string, up: boolean): number {
    const device = this.device(label);
    if (device === null) return ENODEV;
    if (!label.includes(":")) {
      device.setUp(up);
      return 0;
    }
    const alias = this.find(label);
    if (alias === null) return EADDRNOTAVAIL;
    if (!up) this.#remove(device, alias);
    return 0;
  }

  #remove(device: NetDevice, entry: InterfaceAddress): void {
    this.#namespace.addresses.remove(device, entry.local, entry.prefixLength);
  }

  #add(device: NetDevice, entry: InterfaceAddress): number {
    if (entry.local === 0) return 0;
    const { address, ...spec } = entry;
    return this.#namespace.addresses.add(device, { ...spec, peer: address })?.errno ?? 0;
  }
}

/** The prefix length of the class that an address is of, or -1 (`inet_abc_len`). */
function classLength(address: Ipv4): number {
  if (isZeroNet(address) || address === LIMITED_BROADCAST) return 0;
  if (isMulticast(address)) return -1;
  const first = address >>> 24;
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : 32;
}

/**
 * The neighbours of a host on all its links, and who is thrown out when they become too many.
 *
 * Kernel: net/core/neighbour.c (___neigh_create, neigh_forced_gc, neigh_periodic_work),
 * net/ipv4/arp.c (arp_constructor), 6.18.
 */
import { type Ipv4, isMulticast, LIMITED_BROADCAST } from "../base/inet.ts";
import { BROADCAST_MAC, type Mac } from "../base/mac.ts";
import { NS_PER_MS, NS_PER_S } from "../base/units.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { RandomStream } from "../sim/random.ts";
import { type Timer, WheelTimer } from "../sim/timer.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { Neighbour } from "./neighbour.ts";
import { Nud } from "./nud.ts";
import { ProxyNeighbours } from "./proxy-neighbours.ts";

/** How often the reachable times are drawn anew. */
const REDRAW_NS = 300 * NS_PER_S;
/** 01:00:5e:00:00:00, with the lower 23 bits of the group behind it. */
const MULTICAST_MAC = 0x01005e000000;

/** The table. */
export class NeighbourTable {
  readonly proxies = new ProxyNeighbours();
  readonly #namespace: Namespace;
  readonly #random: RandomStream;
  readonly #timer: WheelTimer;
  #count = 0;
  #drawnAt = 0;
  #flushedAt = 0;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#random = namespace.random.stream(`${namespace.name}:neigh`);
    this.#timer = new WheelTimer(namespace.cpu, this);
  }

  /** Draws how long a confirmation holds on a device that is new, or whose base has changed. */
  drawReachableTime(owner: InetDevice): void {
    const base = owner.neighbourConf.baseReachableTimeMs;
    owner.reachableTimeNs = (this.#random.below(base) + Math.floor(base / 2)) * NS_PER_MS;
  }

  /** The neighbour with that address, or null. */
  find(device: NetDevice, address: number): Neighbour | null {
    return this.#namespace.inet(device).neighbours.get(address) ?? null;
  }

  /** The neighbour with that address, made if it is new; null when the table is full. */
  get(device: NetDevice, address: Ipv4): Neighbour | null {
    const owner = this.#namespace.inet(device);
    const key = device.kind === "loopback" ? 0 : address;
    const found = owner.neighbours.get(key);
    if (found !== undefined) return found;
    if (!this.#makeRoom()) return null;
    const neighbour = new Neighbour(this.#namespace, owner, key as Ipv4);
    this.#construct(neighbour);
    owner.addNeighbour(neighbour);
    this.#count += 1;
    if (!this.#timer.armed) this.#armTimer();
    return neighbour;
  }

  /** `ip neigh add|replace`: an entry by hand. */
  set(device: NetDevice, address: Ipv4, mac: Mac, state: Nud): void {
    this.get(device, address)?.update(mac, state, { override: true, admin: true });
  }

  /** `ip neigh del`. Returns whether there was one. */
  remove(device: NetDevice, address: number): boolean {
    const neighbour = this.find(device, address);
    if (neighbour === null) return false;
    neighbour.update(null, Nud.FAILED, { override: true, admin: true });
    this.#take(neighbour);
    return true;
  }

  /** The device went down or has no address any more (`neigh_ifdown`). */
  deviceDown(device: NetDevice): void {
    this.flush(device, false);
    this.proxies.removeDevice(device);
  }

  /** The device got another address or lost its carrier (`neigh_changeaddr`, `neigh_carrier_down`). */
  flush(device: NetDevice, keepPermanent: boolean): void {
    for (const neighbour of [...this.#namespace.inet(device).neighbours.values()]) {
      if (keepPermanent && (neighbour.state & Nud.PERMANENT) !== 0) continue;
      this.#take(neighbour);
    }
  }

  /** All entries, by device. */
  entries(): Neighbour[] {
    return this.#namespace.inetDevices().flatMap((owner) => [...owner.neighbours.values()]);
  }

  /** For the wheel timer: throws out what is stale and unused. */
  expired(_timer: Timer): void {
    const { now } = this.#namespace.cpu;
    if (now - this.#drawnAt >= REDRAW_NS) {
      this.#drawnAt = now;
      for (const owner of this.#namespace.inetDevices()) this.drawReachableTime(owner);
    }
    if (this.#count >= this.#namespace.neighbourGc.gcThresh1) {
      for (const neighbour of this.entries()) {
        if ((neighbour.state & (Nud.PERMANENT | Nud.NOARP)) !== 0) continue;
        const staleTime = neighbour.owner.neighbourConf.gcStaleTime * NS_PER_S;
        const used = Math.max(neighbour.usedAt, neighbour.confirmedAt);
        if ((neighbour.state & Nud.FAILED) !== 0 || now > used + staleTime) this.#take(neighbour);
      }
    }
    if (this.#count > 0) this.#armTimer();
  }

  #construct(neighbour: Neighbour): void {
    const { device, address } = neighbour;
    if (device.kind === "loopback" || device.noArp) {
      neighbour.state = Nud.NOARP;
      neighbour.mac = device.mac;
    } else if (isMulticast(address)) {
      neighbour.state = Nud.NOARP;
      neighbour.mac = (MULTICAST_MAC + (address & 0x7fffff)) as Mac;
    } else if (
      address === LIMITED_BROADCAST ||
      this.#namespace.fib.addressType(address) === AddressType.BROADCAST
    ) {
      neighbour.state = Nud.NOARP;
      neighbour.mac = BROADCAST_MAC;
    }
    neighbour.confirmedAt = this.#namespace.cpu.now - 2 * neighbour.owner.reachableTimeNs;
  }

  #makeRoom(): boolean {
    const { gcThresh2, gcThresh3 } = this.#namespace.neighbourGc;
    const { now } = this.#namespace.cpu;
    const full = this.#count >= gcThresh3;
    if (full || (this.#count >= gcThresh2 && now > this.#flushedAt + 5 * NS_PER_S)) {
      this.#flushedAt = now;
      let surplus = this.#count - gcThresh2;
      for (const neighbour of this.entries()) {
        if (surplus <= 0) break;
        const resting = (neighbour.state & (Nud.PERMANENT | Nud.INCOMPLETE)) === 0;
        if (!resting || neighbour.queued > 0 || now < neighbour.updatedAt + 5 * NS_PER_S) continue;
        this.#take(neighbour);
        surplus -= 1;
      }
    }
    return this.#count < gcThresh3;
  }

  #take(neighbour: Neighbour): void {
    neighbour.owner.removeNeighbour(neighbour);
    this.#count -= 1;
    neighbour.destroy();
  }

  #armTimer(): void {
    const base = this.#namespace.neighbourDefault.baseReachableTimeMs;
    this.#timer.armNs(Math.floor(base / 2) * NS_PER_MS);
  }
}

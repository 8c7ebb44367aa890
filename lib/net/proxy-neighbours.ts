/**
 * Addresses for which a router answers ARP in the place of others (`ip neigh add proxy`).
 *
 * Kernel: net/core/neighbour.c (pneigh_lookup, pneigh_delete, pneigh_ifdown_and_unlock), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";

/** One address; `device` is where it is answered for, null for everywhere. */
export interface ProxyNeighbour {
  readonly address: Ipv4;
  readonly device: NetDevice | null;
}

/** The proxy entries of one host. */
export class ProxyNeighbours {
  #entries: ProxyNeighbour[] = [];

  /** Adds an entry unless it is there. */
  add(address: Ipv4, device: NetDevice | null): void {
    if (this.#find(address, device) === -1) this.#entries.push({ address, device });
  }

  /** Removes an entry; returns whether there was one. */
  remove(address: Ipv4, device: NetDevice | null): boolean {
    const index = this.#find(address, device);
    if (index === -1) return false;
    this.#entries.splice(index, 1);
    return true;
  }

  /** Whether the host answers for the address on that device. O(entries), of which there are few. */
  has(device: NetDevice, address: number): boolean {
    return this.#entries.some(
      (entry) => entry.address === address && (entry.device === null || entry.device === device),
    );
  }

  /** Forgets the entries of a device that went down. */
  removeDevice(device: NetDevice): void {
    this.#entries = this.#entries.filter((entry) => entry.device !== device);
  }

  /** All entries, the oldest first. */
  entries(): readonly ProxyNeighbour[] {
    return this.#entries;
  }

  #find(address: Ipv4, device: NetDevice | null): number {
    return this.#entries.findIndex((entry) => entry.address === address && entry.device === device);
  }
}

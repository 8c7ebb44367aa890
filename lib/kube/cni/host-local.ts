/**
 * Which Pod of a node has which address: the next free one behind the last that was given, round
 * and round, so that an address is not given again at once.
 *
 * Spec: CNI host-local IPAM plugin (allocator.go, range.go), v1.9.
 * Not modelled: several ranges, requested addresses.
 */
import { type Cidr, formatIpv4, type Ipv4, ipv4 } from "../../base/inet.ts";
import { CniError } from "./pod-network.ts";

/** The addresses of one network. */
export class HostLocal {
  readonly subnet: Cidr;
  /** The first address: the bridge's. */
  readonly gateway: Ipv4;
  readonly #first: number;
  readonly #count: number;
  readonly #owners = new Map<number, string>();
  #last = 0;

  constructor(subnet: Cidr) {
    this.subnet = subnet;
    this.gateway = ipv4(subnet.address + 1);
    // The network's own address and the broadcast address are nobody's.
    this.#first = (subnet.address >>> 0) + 1;
    this.#count = 2 ** (32 - subnet.prefixLength) - 2;
    this.#last = this.#first - 1;
  }

  /** Gives an address to `owner`. Throws `CniError` if none is free. Amortised O(1). */
  reserve(owner: string): Ipv4 {
    let candidate = this.#last;
    for (let tried = 0; tried < this.#count; tried += 1) {
      candidate = candidate === this.#first + this.#count - 1 ? this.#first : candidate + 1;
      const address = ipv4(candidate);
      if (address === this.gateway || this.#owners.has(address)) continue;
      this.#owners.set(address, owner);
      this.#last = candidate;
      return address;
    }
    const range = `${formatIpv4(this.#first)}-${formatIpv4(this.#first + this.#count - 1)}`;
    throw new CniError(`no IP addresses available in range set: ${range}`);
  }

  /** Takes back what `owner` had. */
  release(owner: string): void {
    for (const [address, holder] of this.#owners) {
      if (holder === owner) this.#owners.delete(address);
    }
  }
}

/**
 * Addresses and ports that the API server gives to Services. Those that are not asked for come
 * from the upper band of the range, so that the lower stays free for ones that are.
 *
 * Spec: Kubernetes, "Service ClusterIP allocation" and "Avoiding collisions" of node ports.
 */
import { type Cidr, contains, formatCidr, formatIpv4, ipv4 } from "../../base/inet.ts";
import type { RandomStream } from "../../sim/random.ts";
import { readIpv4 } from "../addresses.ts";

/** Numbers of a range, each given once. */
class NumberAllocator {
  readonly first: number;
  readonly size: number;
  readonly #staticBand: number;
  readonly #taken = new Set<number>();
  readonly #random: RandomStream;

  constructor(first: number, size: number, staticBand: number, random: RandomStream) {
    this.first = first;
    this.size = size;
    this.#staticBand = staticBand;
    this.#random = random;
  }

  /** Takes one number; false if it has been taken. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false;
    this.#taken.add(number);
    return true;
  }

  /** Takes any number, or null if none is left. */
  next(): number | null {
    return this.#nextIn(this.#staticBand, this.size) ?? this.#nextIn(0, this.#staticBand);
  }

  release(number: number): void {
    this.#taken.delete(number);
  }

  has(number: number): boolean {
    return number >= this.first && number < this.first + this.size;
  }

  #nextIn(from: number, to: number): number | null {
    const count = to - from;
    if (count <= 0) return null;
    const start = this.#random.below(count);
    for (let step = 0; step < count; step += 1) {
      const number = this.first + from + ((start + step) % count);
      if (this.take(number)) return number;
    }
    return null;
  }
}

/** The addresses of the Service network; the first and last are left out. */
export class ClusterIpAllocator {
  readonly cidr: Cidr;
  readonly #numbers: NumberAllocator;

  constructor(cidr: Cidr, random: RandomStream) {
    this.cidr = cidr;
    const size = 2 ** (32 - cidr.prefixLength) - 2;
    const band = Math.min(Math.max(16, Math.floor(size / 16)), 256);
    this.#numbers = new NumberAllocator((cidr.address >>> 0) + 1, size, band, random);
  }

  /** Takes one address; says why it cannot be had, null if it is taken now. */
  take(address: string): string | null {
    const number = (readIpv4(address) ?? 0) >>> 0;
    if (this.#numbers.has(number)) {
      return this.#numbers.take(number) ? null : "provided IP is already allocated";
    }
    if (!contains(this.cidr, number)) {
      return "the provided network does not match the current range";
    }
    return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${formatCidr(this.cidr)}`;
  }

  next(): string | null {
    const number = this.#numbers.next();
    return number === null ? null : formatIpv4(ipv4(number));
  }

  release(address: string): void {
    this.#numbers.release((readIpv4(address) ?? 0) >>> 0);
  }
}

/** Node ports, 30000 to 32767. */
export class NodePortAllocator {
  static readonly FIRST = 30_000;
  static readonly LAST = 32_767;
  readonly #numbers: NumberAllocator;

  constructor(random: RandomStream) {
    const size = NodePortAllocator.LAST - NodePortAllocator.FIRST + 1;
    const band = Math.min(Math.max(16, Math.floor(size / 32)), 128);
    this.#numbers = new NumberAllocator(NodePortAllocator.FIRST, size, band, random);
  }

  /** Takes one port; says why it cannot be had, null if it is taken now. */
  take(port: number): string | null {
    if (!this.#numbers.has(port)) {
      const { FIRST, LAST } = NodePortAllocator;
      return `provided port is not in the valid range. The range of valid ports is ${FIRST}-${LAST}`;
    }
    return this.#numbers.take(port) ? null : "provided port is already allocated";
  }

  next(): number | null {
    return this.#numbers.next();
  }

  release(port: number): void {
    this.#numbers.release(port);
  }
}

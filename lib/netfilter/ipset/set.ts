/**
 * One IP set: its elements, and which of them a packet is in.
 *
 * Kernel: net/netfilter/ipset/ip_set_core.c (ip_set_test), ip_set_hash_gen.h, ip_set_bitmap_port.c,
 * 6.18.
 */
import { maskOf } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { IPPROTO_ICMP } from "../../wire/protocol-numbers.ts";
import { hasPorts } from "../conntrack/tuple.ts";
import type { Packet } from "../packet.ts";
import {
  DEFAULT_SET_OPTIONS,
  emptyElement,
  keyOf,
  type SetElement,
  type SetOptions,
  type SetType,
} from "./element.ts";

/** Elements go when their time is over, by this clock. */
export interface SetClock {
  /** Nanoseconds. */
  readonly now: number;
}

/** One set. */
export class IpSet {
  name: string;
  readonly type: SetType;
  /** Rules and sets that use it. */
  references = 0;
  /** Whether elements count what they match. */
  counters: boolean;
  options: SetOptions;
  #elements = new Map<string, SetElement>();
  /** Prefix lengths in use, the longest first. */
  #prefixes: number[] = [];
  readonly #clock: SetClock;

  constructor(
    clock: SetClock,
    name: string,
    type: SetType,
    counters = false,
    options = DEFAULT_SET_OPTIONS,
  ) {
    this.#clock = clock;
    this.name = name;
    this.type = type;
    this.counters = counters;
    this.options = options;
  }

  /** How many elements there are. */
  get size(): number {
    this.#forget();
    return this.#elements.size;
  }

  /** Whether networks are among its elements. */
  get hasNetworks(): boolean {
    return this.type === "hash:net" || this.type === "hash:ip,port,net";
  }

  /** The element written exactly so, or undefined. */
  get(element: SetElement): SetElement | undefined {
    const found = this.#elements.get(keyOf(element));
    return found === undefined || this.#isOver(found) ? undefined : found;
  }

  /** Adds an element; false if it is there already. */
  add(element: SetElement): boolean {
    if (this.get(element) !== undefined) return false;
    this.put(element);
    return true;
  }

  /** Adds an element, or puts it in the place of the one that is written so. */
  put(element: SetElement): void {
    this.#elements.set(keyOf(element), element);
    if (!this.#prefixes.includes(element.prefix)) {
      this.#prefixes = [...this.#prefixes, element.prefix].sort((a, b) => b - a);
    }
  }

  /** When an element that is added now goes, if it lives that many seconds. */
  expiry(seconds = this.options.timeout): number {
    return this.options.timeout === -1 || seconds <= 0 ? 0 : this.#clock.now + seconds * NS_PER_S;
  }

  /** Whole seconds that an element has left, 1 at least; 0: it stays. */
  secondsLeft({ expires }: SetElement): number {
    if (expires === 0) return 0;
    return Math.max(1, Math.floor((expires - this.#clock.now) / NS_PER_S));
  }

  #isOver({ expires }: SetElement): boolean {
    return expires !== 0 && expires <= this.#clock.now;
  }

  /** Takes out the elements whose time is over. */
  #forget(): void {
    if (this.options.timeout === -1) return;
    for (const [key, element] of this.#elements) {
      if (this.#isOver(element)) this.#elements.delete(key);
    }
  }

  /** Takes an element out; false if it was not there. */
  delete(element: SetElement): boolean {
    return this.get(element) !== undefined && this.#elements.delete(keyOf(element));
  }

  /** `ipset swap`: rules that know this set by its name meet the other's elements from now on. */
  exchange(other: IpSet): void {
    const { counters, options } = this;
    const elements = this.#elements;
    const prefixes = this.#prefixes;
    this.counters = other.counters;
    this.options = other.options;
    this.#elements = other.#elements;
    this.#prefixes = other.#prefixes;
    other.counters = counters;
    other.options = options;
    other.#elements = elements;
    other.#prefixes = prefixes;
  }

  flush(): void {
    this.#elements.clear();
    this.#prefixes = [];
  }

  /** The elements in the order in which they came. */
  elements(): SetElement[] {
    this.#forget();
    return [...this.#elements.values()];
  }

  /** How many words of `src` and `dst` the type takes. */
  get dimensions(): number {
    return this.type.split(",").length;
  }

  /**
   * The element that the packet is in, or null. `sources` says for each dimension whether the
   * source (true) or the destination counts.
   */
  find(packet: Packet, sources: readonly boolean[]): SetElement | null {
    const wanted = this.elementOf(packet, sources);
    return wanted === null ? null : this.lookUp(wanted);
  }

  /** The element that an address without a network is in: of networks the longest. */
  lookUp(wanted: SetElement): SetElement | null {
    if (!this.hasNetworks) return this.get(wanted) ?? null;
    for (const prefix of this.#prefixes) {
      const found = this.get(this.#cut(wanted, prefix));
      if (found !== undefined) return found;
    }
    return null;
  }

  /** The element that the packet would be; null if it has no port and the type asks for one. */
  elementOf(packet: Packet, sources: readonly boolean[]): SetElement | null {
    const side = (index: number): boolean => sources[index] ?? sources[sources.length - 1] ?? true;
    const address = (index: number): number => (side(index) ? packet.source : packet.destination);
    const first = address(0) & this.options.mask;
    const base = emptyElement();
    switch (this.type) {
      case "hash:ip":
      case "hash:net":
        return { ...base, address: first };
      case "bitmap:port": {
        const port = portOf(packet, side(0));
        return port === -1 || packet.protocol === IPPROTO_ICMP
          ? null
          : { ...base, address: 0, port };
      }
      default: {
        const port = portOf(packet, side(1));
        if (port === -1) return null;
        const address2 = this.type === "hash:ip,port" ? 0 : address(2);
        return { ...base, address: first, protocol: packet.protocol, port, address2 };
      }
    }
  }

  #cut(element: SetElement, prefix: number): SetElement {
    const mask = maskOf(prefix);
    return this.type === "hash:net"
      ? { ...element, address: element.address & mask, prefix }
      : { ...element, address2: element.address2 & mask, prefix };
  }
}

/** The port, of ICMP type and code; -1 if there is none. */
function portOf(packet: Packet, source: boolean): number {
  if (packet.fragmentOffset !== 0 || packet.transportLength < 4) return -1;
  if (packet.protocol === IPPROTO_ICMP) return packet.view.getUint16(packet.l4);
  if (!hasPorts(packet.protocol)) return 0;
  return packet.view.getUint16(source ? packet.l4 : packet.l4 + 2);
}

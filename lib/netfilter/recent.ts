/**
 * The named lists of addresses that -m recent keeps: when each address was last seen.
 *
 * Kernel: net/netfilter/xt_recent.c, 6.18.
 */
import { HZ } from "../sim/jiffies.ts";
import type { NetfilterHost } from "./hooks.ts";

/** Addresses in one list (ip_list_tot). */
const LIST_LIMIT = 100;
/** Time stamps kept of one address at most (ip_pkt_list_tot, raised to the largest hitcount). */
const STAMP_LIMIT = 256;

/** An address of a list. */
export interface RecentEntry {
  readonly address: number;
  ttl: number;
  /** Ticks at which it was seen; the newest is at `index - 1`. */
  readonly stamps: number[];
  index: number;
}

/** One named list. */
export class RecentList {
  readonly name: string;
  readonly mask: number;
  /** How many rules use it. */
  references = 0;
  /** How many time stamps of an address are kept: a power of two. */
  stampCount: number;
  /** By address, the least recently seen first. */
  readonly entries = new Map<number, RecentEntry>();

  constructor(name: string, mask: number, stampCount: number) {
    this.name = name;
    this.mask = mask;
    this.stampCount = stampCount;
  }

  /** A new entry seen at `tick`; the oldest goes if the list is full. */
  add(address: number, ttl: number, tick: number): RecentEntry {
    if (this.entries.size >= LIST_LIMIT) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    const entry = { address, ttl, stamps: [tick], index: 1 };
    this.entries.set(address, entry);
    return entry;
  }

  /** Notes that the address was seen at `tick`. */
  touch(entry: RecentEntry, tick: number): void {
    entry.index %= this.stampCount;
    entry.stamps[entry.index] = tick;
    entry.index += 1;
    this.entries.delete(entry.address);
    this.entries.set(entry.address, entry);
  }

  /** Drops the oldest address if it was not seen since `tick`. */
  reap(tick: number): void {
    for (const entry of this.entries.values()) {
      const last = entry.stamps[entry.index - 1] ?? 0;
      if (last < tick) this.entries.delete(entry.address);
      return;
    }
  }
}

/** All lists of a host. */
export class RecentLists {
  readonly #host: NetfilterHost;
  readonly #lists = new Map<string, RecentList>();

  constructor(host: NetfilterHost) {
    this.#host = host;
  }

  /** Now, in ticks. */
  get tick(): number {
    return this.#host.cpu.jiffies;
  }

  /** Ticks of a number of seconds. */
  ticks(seconds: number): number {
    return seconds * HZ;
  }

  /** A rule begins to use a list; the first one makes it. */
  open(name: string, mask: number, hitcount: number): RecentList {
    let list = this.#lists.get(name);
    const wanted = Math.min(nextPowerOfTwo(hitcount + 1), STAMP_LIMIT);
    if (list === undefined) {
      list = new RecentList(name, mask, wanted);
      this.#lists.set(name, list);
    }
    if (hitcount >= list.stampCount) list.stampCount = wanted;
    list.references += 1;
    return list;
  }

  /** A rule is gone; the last one takes the list along. */
  close(list: RecentList): void {
    list.references -= 1;
    if (list.references === 0) this.#lists.delete(list.name);
  }

  /** A list by name, or undefined. */
  get(name: string): RecentList | undefined {
    return this.#lists.get(name);
  }
}

function nextPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

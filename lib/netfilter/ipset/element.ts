/**
 * What sets consist of: their types, the elements of each, and the options of `ipset create`.
 *
 * Kernel: net/netfilter/ipset/ip_set_core.c, ip_set_hash_*.c, ip_set_bitmap_port.c, 6.18.
 */

/** The types of sets. */
export const SET_TYPES = [
  "hash:ip",
  "hash:ip,port",
  "hash:ip,port,ip",
  "hash:ip,port,net",
  "bitmap:port",
  "hash:net",
] as const;
export type SetType = (typeof SET_TYPES)[number];

/** One element; what the type does not have is 0. */
export interface SetElement {
  readonly address: number;
  /** IANA number of the protocol that `port` belongs to. */
  readonly protocol: number;
  readonly port: number;
  readonly address2: number;
  /** Prefix length of the network, 32 for a single address. */
  readonly prefix: number;
  /** hash:net and hash:ip,port,net: an exception from a larger network. */
  readonly nomatch: boolean;
  /** When it goes, in ns; 0: never. */
  expires: number;
  packets: number;
  bytes: number;
  comment: string;
  /** What `-j SET --map-set` gives to packets. */
  mapping: SetMapping;
}

/** Values for packets that an element matches (skbinfo). */
export interface SetMapping {
  readonly mark: number;
  /** Which bits of the packet's mark are replaced. */
  readonly mask: number;
  readonly priority: number;
  readonly queue: number;
}

/** No values. */
export const NO_MAPPING: SetMapping = { mark: 0, mask: 0, priority: 0, queue: 0 };

/** An element of nothing yet. */
export function emptyElement(): SetElement {
  return {
    address: 0,
    protocol: 0,
    port: 0,
    address2: 0,
    prefix: 32,
    nomatch: false,
    expires: 0,
    packets: 0,
    bytes: 0,
    comment: "",
    mapping: NO_MAPPING,
  };
}

/** What a set was created with, as far as it is only kept and printed. */
export interface SetOptions {
  readonly hashSize: number;
  /** Most elements that a hash takes. */
  readonly maxElements: number;
  /** Seconds that elements live if they say nothing else, 0 for ever; -1: they have no timeouts. */
  readonly timeout: number;
  /** What the kernel draws for its hash. */
  readonly initval: number;
  /** bitmap:port: the first and the last port that it can hold. */
  readonly firstPort: number;
  readonly lastPort: number;
  /** Whether elements have comments, and values for packets. */
  readonly comment: boolean;
  readonly mapping: boolean;
  /** Whether a full hash gives up an element for a new one. */
  readonly forceAdd: boolean;
  readonly bucketSize: number;
  /** hash:ip and hash:ip,port: the part of the address that counts; -1: all of it. */
  readonly mask: number;
  /** Whether the mask was given as a prefix length. */
  readonly isNetmask: boolean;
}

/** The kernel's defaults. */
export const DEFAULT_SET_OPTIONS: SetOptions = {
  hashSize: 1024,
  maxElements: 65536,
  timeout: -1,
  initval: 0,
  firstPort: 0,
  lastPort: 65535,
  comment: false,
  mapping: false,
  forceAdd: false,
  bucketSize: 12,
  mask: -1,
  isNetmask: false,
};

/** What an element is told from others of its set by. */
export function keyOf(element: SetElement): string {
  const { address, protocol, port, address2, prefix } = element;
  return `${address} ${protocol} ${port} ${address2} ${prefix}`;
}

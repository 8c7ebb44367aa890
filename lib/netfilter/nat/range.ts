/**
 * To what a NAT target may translate: addresses, ports, and how to choose among them.
 *
 * Kernel: include/uapi/linux/netfilter/nf_nat.h (struct nf_nat_range2), 6.18.
 */

/** What is translated: the source (SNAT) or the destination (DNAT). */
export const Manip = { SOURCE: 0, DESTINATION: 1 } as const;
export type Manip = (typeof Manip)[keyof typeof Manip];

/** A range of translations. */
export interface NatRange {
  /** Whether there are addresses. */
  readonly hasAddresses: boolean;
  readonly minAddress: number;
  readonly maxAddress: number;
  /** Whether there are ports (or ICMP identifiers). */
  readonly hasPorts: boolean;
  readonly minPort: number;
  readonly maxPort: number;
  /** --random: do not keep the port, though it might be kept. */
  readonly random: boolean;
  /** --random-fully: likewise, and from the whole range. */
  readonly randomFully: boolean;
  /** --persistent: a client gets the same address whatever it talks to. */
  readonly persistent: boolean;
  /** `:1000-2000/500`: ports are shifted, this is the first; -1: not. */
  readonly basePort: number;
}

/** A range that allows everything. */
export const ANY_RANGE: NatRange = {
  hasAddresses: false,
  minAddress: 0,
  maxAddress: 0,
  hasPorts: false,
  minPort: 0,
  maxPort: 0,
  random: false,
  randomFully: false,
  persistent: false,
  basePort: -1,
};

/** The range of one address, ports as they fit. */
export function singleAddress(address: number): NatRange {
  return { ...ANY_RANGE, hasAddresses: true, minAddress: address, maxAddress: address };
}

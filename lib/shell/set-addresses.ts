/**
 * Addresses and networks of a set's elements: `10.0.0.1`, `10.0.0.1-10.0.0.9`, `10.0.0.0/24`.
 *
 * Spec: ipset 7.17, lib/parse.c (ipset_parse_ip4_net).
 * Kernel: lib/net_utils.c (ip_set_range_to_cidr), 6.18.
 */
import { formatIpv4, maskOf, prefixLengthOf } from "../base/inet.ts";
import type { IpSet } from "../netfilter/ipset/set.ts";
import { tryHost } from "../netfilter/text/values.ts";
import { numberIn, setProblem } from "./set-problem.ts";

const BAD_PREFIX = "The value of the CIDR parameter of the IP address is invalid";

/** Addresses as they were written: from one to another, or a network. */
export interface AddressRange {
  /** Unsigned. */
  readonly first: number;
  readonly last: number;
  /** Of a network; -1: written as two addresses. */
  readonly prefix: number;
  /** Whether a prefix length was written. */
  readonly isNetwork: boolean;
  /** As the tool calls it, host bits and all. */
  readonly text: string;
}

/** `1.2.3.4`, `1.2.3.0/30`, `1.2.3.4-1.2.3.9` */
export function addressRange(text: string): AddressRange {
  const dash = text.indexOf("-");
  if (dash !== -1) {
    const from = addressOf(text.slice(0, dash)) >>> 0;
    const to = addressOf(text.slice(dash + 1)) >>> 0;
    const shown = `${formatIpv4(from)}-${formatIpv4(to)}`;
    const [first, last] = from <= to ? [from, to] : [to, from];
    return { first, last, prefix: -1, isNetwork: false, text: shown };
  }
  const slash = text.indexOf("/");
  const prefix = slash === -1 ? 32 : numberIn(text.slice(slash + 1), 0, 32);
  const address = addressOf(slash === -1 ? text : text.slice(0, slash));
  const mask = maskOf(prefix);
  const shown = formatIpv4(address) + (prefix === 32 ? "" : `/${prefix}`);
  const [first, last] = [(address & mask) >>> 0, (address | ~mask) >>> 0];
  return { first, last, prefix, isNetwork: slash !== -1, text: shown };
}

/** The addresses of a range, as far as the set looks at them. */
export function* addressesOf({ type, options }: IpSet, range: AddressRange): Generator<number> {
  if (range.prefix === 0) throw setProblem(BAD_PREFIX);
  const step = options.isNetmask ? 2 ** (32 - prefixLengthOf(options.mask)) : 1;
  for (let at = range.first; at <= range.last; at += step) {
    const address = at & options.mask;
    if (type === "hash:ip" && address === 0) {
      throw setProblem("Null-valued element, cannot be stored in a hash type of set");
    }
    if (type === "hash:ip,port" && address === 0) {
      throw setProblem("Kernel error received: Invalid argument");
    }
    yield address;
  }
}

/** A network, or the fewest that make up a range. */
export function* networks({
  first,
  last,
  prefix,
}: AddressRange): Generator<{ address: number; prefix: number }> {
  if (prefix === 0) throw setProblem(BAD_PREFIX);
  if (prefix !== -1) {
    yield { address: first | 0, prefix };
    return;
  }
  for (let at = first; at <= last; ) {
    let length = 32;
    for (let size = 2; length > 1; size *= 2, length -= 1) {
      if (at % size !== 0 || at + size - 1 > last) break;
    }
    yield { address: at | 0, prefix: length };
    at += 2 ** (32 - length);
  }
}

function addressOf(text: string): number {
  const address = tryHost(text);
  if (address !== undefined) return address;
  throw setProblem(`Syntax error: cannot parse ${text}: resolving to IPv4 address failed`);
}

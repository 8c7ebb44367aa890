/**
 * The two files that tell a host's resolver what it knows: `/etc/resolv.conf` and `/etc/hosts`.
 *
 * Spec: resolv.conf(5), hosts(5) of glibc 2.36.
 */
import { type Ipv4, isIpv4, LOOPBACK_ADDRESS, parseIpv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";

/** MAXNS, and the caps of `options`. */
const MAX_NAMESERVERS = 3;
const MAX_NDOTS = 15;
const MAX_TIMEOUT_S = 30;
const MAX_ATTEMPTS = 5;

/** What `/etc/resolv.conf` says. */
export interface ResolvConf {
  readonly nameservers: readonly Ipv4[];
  readonly search: readonly string[];
  readonly ndots: number;
  readonly timeoutNs: Ns;
  readonly attempts: number;
  /** `rotate`: begin with any of the name servers. */
  readonly rotate: boolean;
  /** `single-request`: the AAAA question waits for the answer to the first. */
  readonly singleRequest: boolean;
  /** `single-request-reopen`: and comes from a socket of its own. */
  readonly singleRequestReopen: boolean;
  /** `use-vc`: TCP alone. */
  readonly useTcp: boolean;
}

/** Reads `/etc/resolv.conf`; what it does not say has glibc's default, as with an empty file. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: Ipv4[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (/^[#;]/.test(line)) continue;
    const [keyword = "", ...words] = line.trim().split(/\s+/);
    const [first = ""] = words;
    if (keyword === "nameserver" && isIpv4(first)) nameservers.push(parseIpv4(first));
    else if (keyword === "search") search = words;
    else if (keyword === "domain") search = words.slice(0, 1);
    else if (keyword === "options") {
      for (const word of words) {
        const [name = "", value = ""] = word.split(":");
        options.set(name, value);
      }
    }
  }
  if (nameservers.length === 0) nameservers.push(LOOPBACK_ADDRESS);
  const number = (name: string, absent: number, most: number): number => {
    const value = options.get(name) ?? "";
    return /^[0-9]+$/.test(value) ? Math.min(Number(value), most) : absent;
  };
  return {
    nameservers: nameservers.slice(0, MAX_NAMESERVERS),
    search: search.map((domain) => domain.replace(/\.$/, "")),
    ndots: number("ndots", 1, MAX_NDOTS),
    timeoutNs: Math.max(number("timeout", 5, MAX_TIMEOUT_S), 1) * NS_PER_S,
    attempts: Math.max(number("attempts", 2, MAX_ATTEMPTS), 1),
    rotate: options.has("rotate"),
    singleRequest: options.has("single-request"),
    singleRequestReopen: options.has("single-request-reopen"),
    useTcp: options.has("use-vc"),
  };
}

/** The addresses of a name in the text of `/etc/hosts`, in its order; case does not matter. */
export function addressesInHosts(text: string, name: string): Ipv4[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  return hostsEntries(text).flatMap(({ address, names }) =>
    names.some((known) => known.toLowerCase() === wanted) ? [address] : [],
  );
}

/** The first name of an address in the text of `/etc/hosts`, or null. */
export function nameInHosts(text: string, address: Ipv4): string | null {
  return hostsEntries(text).find((entry) => entry.address === address)?.names[0] ?? null;
}

function hostsEntries(text: string): { readonly address: Ipv4; readonly names: string[] }[] {
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return isIpv4(address) ? [{ address: parseIpv4(address), names }] : [];
  });
}

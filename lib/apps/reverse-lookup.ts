/**
 * The name of an address, as `getnameinfo` finds it: by `/etc/hosts`, then by a PTR record.
 *
 * Spec: glibc 2.36, inet/getnameinfo.c, resolv/nss_dns/dns-host.c (gethostbyaddr); RFC 1035 §3.5.
 */
import { formatIpv4, type Ipv4 } from "../base/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import { NameServers } from "./dns-exchange.ts";
import type { DnsQuery } from "./dns-message.ts";
import { nameInHosts, parseResolvConf } from "./resolv-conf.ts";
import type { ResolverFiles } from "./resolver.ts";

/** What hosts without the file know all the same. */
const LOCALHOST = "127.0.0.1 localhost";

/** The name of an address; null if nobody knows one. May ask over the network. */
export function* nameOfAddress(
  namespace: Namespace,
  { hosts, resolvConf }: ResolverFiles,
  address: Ipv4,
): Program<string | null> {
  const local = nameInHosts(hosts ?? LOCALHOST, address);
  if (local !== null) return local;
  const query: DnsQuery = {
    id: namespace.random.stream(`${namespace.name}:dns:id`).below(0x10000),
    recursionDesired: true,
    question: { name: reverseName(address), type: "PTR" },
    ednsSize: null,
  };
  const answers = yield* new NameServers(namespace, parseResolvConf(resolvConf ?? "")).ask([query]);
  const [answer] = typeof answers === "string" ? [] : answers;
  const record = answer?.answers.find(({ type }) => type === "PTR");
  return record?.type === "PTR" ? record.data : null;
}

/** `2.0.0.10.in-addr.arpa` for 10.0.0.2. */
export function reverseName(address: Ipv4): string {
  return `${formatIpv4(address).split(".").reverse().join(".")}.in-addr.arpa`;
}

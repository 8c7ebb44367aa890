/**
 * A host's stub resolver: what `getaddrinfo` does with a name. `/etc/hosts` is asked first, then
 * the name servers, for each name that the search list makes, A and AAAA at once.
 *
 * Spec: glibc 2.36, nss/getaddrinfo.c, resolv/res_query.c (__res_context_search),
 * resolv/nss_dns/dns-host.c; nsswitch.conf(5) with `hosts: files dns`.
 * Not modelled: IPv6 addresses (they are asked for, as the real one does, but not handed out),
 * nscd, the order of RFC 6724 between several addresses.
 */
import { type Ipv4, LOOPBACK_ADDRESS, parseAton, parseIpv4 } from "../base/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import { exchange } from "./dns-exchange.ts";
import { type DnsQuery, type DnsRecord, type DnsResponse, Rcode } from "./dns-message.ts";
import { addressesInHosts, parseResolvConf, type ResolvConf } from "./resolv-conf.ts";

/** EAI_NONAME: nobody knows it; EAI_NODATA: it has no address; EAI_AGAIN: nobody could be asked. */
export type ResolveError = "EAI_NONAME" | "EAI_NODATA" | "EAI_AGAIN";

/** AF_UNSPEC, AF_INET, AF_INET6: which questions are asked. */
export type Families = "any" | "ipv4" | "ipv6";

/** What `getaddrinfo` finds: addresses in the order of the answer, and the name they belong to. */
export interface ResolvedName {
  readonly canonicalName: string;
  readonly addresses: readonly Ipv4[];
  /** The name that was asked for is another name for it. */
  readonly isAlias: boolean;
}

/** The texts of the two files; null if there is none. */
export interface ResolverFiles {
  readonly resolvConf: string | null;
  readonly hosts: string | null;
}

/** How many aliases are followed inside of one answer. */
const MAX_ALIASES = 16;

/** `gai_strerror`. */
export function resolveErrorText(error: ResolveError): string {
  switch (error) {
    case "EAI_NONAME":
      return "Name or service not known";
    case "EAI_NODATA":
      return "No address associated with hostname";
    default:
      return "Temporary failure in name resolution";
  }
}

/**
 * Resolves a name or dotted quad to IPv4 addresses. `families` says what the caller asked for:
 * `any` (AF_UNSPEC) sends an AAAA question beside the one for A.
 */
export function* resolveName(
  namespace: Namespace,
  files: ResolverFiles,
  name: string,
  families: Families = "any",
): Program<ResolvedName | ResolveError> {
  const written = parseAton(name);
  if (written !== null) return { canonicalName: name, addresses: [written], isAlias: false };
  const local = addressesInHosts(files.hosts ?? "", name);
  if (local.length > 0) return { canonicalName: name, addresses: local, isAlias: false };
  if (isLocalhost(name))
    return { canonicalName: name, addresses: [LOOPBACK_ADDRESS], isAlias: false };
  if (!isHostName(name)) return "EAI_NONAME";
  return yield* searchDns(namespace, parseResolvConf(files.resolvConf ?? ""), name, families);
}

/** Asks for the name and, by the search list, for longer ones. */
function* searchDns(
  namespace: Namespace,
  conf: ResolvConf,
  name: string,
  families: Families,
): Program<ResolvedName | ResolveError> {
  let noData = false;
  let serverFailed = false;
  for (const candidate of searchNames(conf, name)) {
    const found = yield* queryDns(namespace, conf, candidate, families);
    if (typeof found !== "string") return found;
    if (found === "EAI_NODATA") noData = true;
    else if (found === "SERVFAIL") serverFailed = true;
    else if (found === "EAI_AGAIN") return found;
  }
  if (noData) return "EAI_NODATA";
  return serverFailed ? "EAI_AGAIN" : "EAI_NONAME";
}

/** The names that are asked for, in order, without the dot at their end. */
export function searchNames(conf: Pick<ResolvConf, "search" | "ndots">, name: string): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const longer = conf.search.map((domain) => (domain === "" ? name : `${name}.${domain}`));
  return [...new Set(dots >= conf.ndots ? [name, ...longer] : [...longer, name])];
}

function* queryDns(
  namespace: Namespace,
  conf: ResolvConf,
  name: string,
  families: Families,
): Program<ResolvedName | ResolveError | "SERVFAIL"> {
  const ask = questions(namespace, name, families);
  const answers: DnsResponse[] = [];
  for (const group of conf.singleRequest ? ask.map((query) => [query]) : [ask]) {
    const result = yield* exchange(namespace, conf, group);
    if (result === "server-failure") return "SERVFAIL";
    if (typeof result === "string") return "EAI_AGAIN";
    answers.push(...result);
  }
  const [first] = answers;
  const addresses = first === undefined ? null : addressesOf(first.answers, name);
  if (addresses !== null && addresses.addresses.length > 0) return addresses;
  return answers.some(({ rcode }) => rcode === Rcode.NOERROR) ? "EAI_NODATA" : "EAI_NONAME";
}

/** One question per family, each with a random id of its own. */
function questions(namespace: Namespace, name: string, families: Families): DnsQuery[] {
  const ids = namespace.random.stream(`${namespace.name}:dns:id`);
  const first = ids.below(0x10000);
  let second = ids.below(0x10000);
  while (second === first) second = ids.below(0x10000);
  const a: DnsQuery = {
    id: first,
    recursionDesired: true,
    question: { name, type: "A" },
    ednsSize: null,
  };
  if (families === "ipv4") return [a];
  const aaaa: DnsQuery = { ...a, question: { name, type: "AAAA" } };
  return families === "ipv6" ? [aaaa] : [a, { ...aaaa, id: second }];
}

/** Follows the aliases of an answer and takes the addresses at their end. */
function addressesOf(records: readonly DnsRecord[], name: string): ResolvedName {
  let canonicalName = name;
  for (let step = 0; step < MAX_ALIASES; step += 1) {
    const alias = records.find(
      (record) => record.type === "CNAME" && sameName(record.name, canonicalName),
    );
    if (alias?.type !== "CNAME") break;
    canonicalName = alias.data;
  }
  const addresses = records.flatMap((record) =>
    record.type === "A" && sameName(record.name, canonicalName) ? [parseIpv4(record.data)] : [],
  );
  return { canonicalName, addresses, isAlias: canonicalName !== name };
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** RFC 6761 §6.3; nss_myhostname and the C library answer for it without a file. */
function isLocalhost(name: string): boolean {
  return name.toLowerCase().replace(/\.$/, "") === "localhost";
}

/** Labels of 1 to 63 bytes, 253 in all: anything else is not asked for. */
function isHostName(name: string): boolean {
  const labels = name.replace(/\.$/, "").split(".");
  return name.length <= 254 && labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
}

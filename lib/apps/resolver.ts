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
import { NameServers } from "./dns-exchange.ts";
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

/** What a search came to: an answer, which may have no address, or why there is none. */
type Found = ResolvedName | ResolveError | "SERVFAIL" | "refused";

/**
 * Asks for the name and, by the search list, for longer ones. If the name itself was tried first,
 * what came of that is also what the whole search comes to.
 */
function* searchDns(
  namespace: Namespace,
  conf: ResolvConf,
  name: string,
  families: Families,
): Program<ResolvedName | ResolveError> {
  const servers = new NameServers(namespace, conf);
  const ask = (candidate: string): Program<Found> =>
    queryDns(namespace, servers, candidate, families);
  if (name.endsWith(".")) return asResult(yield* ask(name.slice(0, -1)));
  const isFirst = name.split(".").length - 1 >= conf.ndots;
  const asIs = isFirst ? yield* ask(name) : null;
  if (asIs !== null && typeof asIs !== "string") return asResult(asIs);
  const seen = new Set<Found>();
  for (const candidate of longerNames(conf, name)) {
    const found = yield* ask(candidate);
    if (found === "refused" || typeof found !== "string") return asResult(found);
    seen.add(found);
    if (found === "EAI_AGAIN") break;
  }
  const isTried = isFirst || conf.search.includes("");
  const last = isTried ? asIs : yield* ask(name);
  if (last !== null && typeof last !== "string") return asResult(last);
  if (asIs !== null) return asResult(asIs);
  if (seen.has("EAI_NODATA")) return "EAI_NODATA";
  if (seen.has("SERVFAIL")) return "EAI_AGAIN";
  return asResult(last ?? "EAI_NONAME");
}

function asResult(found: Found): ResolvedName | ResolveError {
  if (typeof found !== "string") return found.addresses.length === 0 ? "EAI_NODATA" : found;
  return found === "SERVFAIL" || found === "refused" ? "EAI_AGAIN" : found;
}

/** The names that are asked for, in order, without the dot at their end. */
export function searchNames(conf: Pick<ResolvConf, "search" | "ndots">, name: string): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const longer = longerNames(conf, name);
  return [...new Set(dots >= conf.ndots ? [name, ...longer] : [...longer, name])];
}

function longerNames({ search }: Pick<ResolvConf, "search">, name: string): string[] {
  return search.map((domain) => (domain === "" ? name : `${name}.${domain}`));
}

/** One name; an answer with records ends the search even if none of them is an address. */
function* queryDns(
  namespace: Namespace,
  servers: NameServers,
  name: string,
  families: Families,
): Program<Found> {
  const answers = yield* servers.ask(questions(namespace, name, families));
  if (answers === "server-failure") return "SERVFAIL";
  if (answers === "timeout") return "EAI_AGAIN";
  if (typeof answers === "string") return answers;
  const isGood = ({ rcode, answers: records }: DnsResponse): boolean =>
    rcode === Rcode.NOERROR && records.length > 0;
  if (answers.some(isGood)) {
    const [first] = answers;
    return addressesOf(first?.answers ?? [], name);
  }
  const rcodes = answers.map(({ rcode }) => rcode);
  const rcode = rcodes.find((one) => one !== Rcode.NOERROR) ?? Rcode.NOERROR;
  if (rcode === Rcode.SERVFAIL) return "SERVFAIL";
  return rcode === Rcode.NOERROR ? "EAI_NODATA" : "EAI_NONAME";
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

/**
 * What `dig`, `host` and `nslookup` of BIND have in common: whom they ask, in which order they try
 * names, and what they say when nobody answers.
 *
 * Spec: BIND 9.18, bin/dig/dighost.c.
 */
import { exchange } from "../../../apps/dns-exchange.ts";
import {
  type DnsQuestion,
  type DnsResponse,
  emptyReply,
  Rcode,
  type RecordType,
} from "../../../apps/dns-message.ts";
import { parseResolvConf, type ResolvConf } from "../../../apps/resolv-conf.ts";
import { formatIpv4 } from "../../../base/inet.ts";
import { NS_PER_S } from "../../../base/units.ts";
import type { Program } from "../../../sim/process.ts";
import { appHost, resolverFiles } from "../../app.ts";
import type { CommandContext } from "../../command.ts";

const TYPES = ["A", "AAAA", "CNAME", "PTR", "NS", "TXT", "SRV", "SOA"] as const;
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** How often a server is asked, and for how long it is waited for. */
const TRIES = 3;
const TIMEOUT = 5 * NS_PER_S;

/** An answer, and the question to which it is one. */
export interface Answer {
  readonly response: DnsResponse;
  readonly question: DnsQuestion;
}

/** How a look-up went: an answer, or what is said of the server that gave none. */
export type Outcome = Answer | "timed out" | "connection refused";

/** The type of that name, in letters of either case; null if there is none here. */
export function typeOf(word: string): RecordType | null {
  return TYPES.find((type) => type === word.toUpperCase()) ?? null;
}

/** `NXDOMAIN`, or the number of a code without a name. */
export function rcodeText(rcode: number): string {
  return RCODES[rcode] ?? String(rcode);
}

/** Whom to ask: the host's name servers, or the one that the command names; null if it has no address. */
export function* serversFor(
  context: CommandContext,
  server: string | null,
): Program<ResolvConf | null> {
  const own = parseResolvConf(resolverFiles(context.host).resolvConf ?? "");
  const conf = { ...own, attempts: TRIES, timeoutNs: TIMEOUT };
  if (server === null) return conf;
  const address = yield* appHost(context).resolve(server);
  return typeof address === "string" ? null : { ...conf, nameservers: [address] };
}

/** The first answer that is not NXDOMAIN, else the last one. `heard` is told of each. */
export function* firstAnswer(
  { host }: CommandContext,
  conf: ResolvConf,
  names: readonly string[],
  type: RecordType,
  heard: (answer: Answer) => void = () => {},
): Program<Outcome> {
  const ids = host.namespace.random.stream(`${host.namespace.name}:dns:id`);
  let last: Outcome = "timed out";
  for (const name of names) {
    const question: DnsQuestion = { name, type };
    const query = { id: ids.below(0x10000), recursionDesired: true, question, ednsSize: null };
    const answers = yield* exchange(host.namespace, conf, [query]);
    if (answers === "timeout") return "timed out";
    if (answers === "refused") return "connection refused";
    const [response] = answers === "server-failure" ? [failure(query.id, question)] : answers;
    if (response === undefined) return last;
    last = { response, question };
    heard(last);
    if (response.rcode !== Rcode.NXDOMAIN) return last;
  }
  return last;
}

function failure(id: number, question: DnsQuestion): DnsResponse {
  return { ...emptyReply(Rcode.SERVFAIL), id, truncated: false, question };
}

/** What is said of each try at a server that gives no answer. */
export function triesText({ nameservers, attempts }: ResolvConf, why: string): string {
  const server = formatIpv4(nameservers[0] ?? 0);
  return `;; communications error to ${server}#53: ${why}\n`.repeat(attempts);
}

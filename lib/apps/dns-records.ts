/**
 * Records that a name server was given by hand, and the zones in which no other names exist.
 * Answers are those that CoreDNS gives for a zone of its own: what is not there is denied with the
 * zone's SOA record.
 *
 * Spec: RFC 1034 §4.3.2 (the algorithm), §3.6.2 (aliases); RFC 2308 §2 (negative answers); RFC 8020
 * (a name with names below it exists); CoreDNS 1.11, plugin/backend_lookup.go (SOA).
 */
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsReply,
  emptyReply,
  Rcode,
} from "./dns-message.ts";

const MAX_ALIASES = 8;
/** Seconds for which the absence of a name is kept at most. */
const LONGEST_DENIAL = 300;

/** What knows the answers: null for names of other zones, which are forwarded. */
export interface DnsBackend {
  answer(question: DnsQuestion): DnsReply | null;
}

/** A backend of given records. */
export class RecordList implements DnsBackend {
  readonly #records: readonly DnsRecord[];
  readonly #zones: readonly string[];
  readonly #ttl: number;

  /** `ttl`: seconds that the zones' SOA records are good for. */
  constructor(records: readonly DnsRecord[], zones: readonly string[], ttl: number) {
    this.#records = records;
    this.#zones = zones;
    this.#ttl = ttl;
  }

  answer(question: DnsQuestion): DnsReply | null {
    const name = question.name.toLowerCase();
    const zone = this.#zones.find((one) => isInZone(name, one.toLowerCase())) ?? null;
    const known = this.#named(name);
    if (known.length === 0) {
      if (zone === null) return null;
      return this.#deny(question, zone, this.#hasNamesBelow(name) ? Rcode.NOERROR : Rcode.NXDOMAIN);
    }
    const answers = this.#follow(question, known, zone, 0);
    if (answers.length === 0 && zone !== null) return this.#deny(question, zone, Rcode.NOERROR);
    return { ...emptyReply(Rcode.NOERROR), authoritative: true, answers };
  }

  /** The records that fit a question, behind the aliases that lead there inside of a zone. */
  #follow(
    { name, type }: DnsQuestion,
    known: readonly DnsRecord[],
    zone: string | null,
    aliases: number,
  ): readonly DnsRecord[] {
    const fitting = known
      .filter((record) => record.type === type || record.type === "CNAME")
      .map((record) => ({ ...record, name }));
    const [alias] = fitting;
    if (alias?.type !== "CNAME" || type === "CNAME" || zone === null) return fitting;
    const target = alias.data.toLowerCase();
    if (aliases >= MAX_ALIASES || !isInZone(target, zone.toLowerCase())) return fitting;
    const next = { name: alias.data, type };
    return [...fitting, ...this.#follow(next, this.#named(target), zone, aliases + 1)];
  }

  #named(name: string): readonly DnsRecord[] {
    return this.#records.filter((record) => record.name.toLowerCase() === name);
  }

  #hasNamesBelow(name: string): boolean {
    return (
      this.#zones.some((zone) => zone.toLowerCase() === name) ||
      this.#records.some((record) => record.name.toLowerCase().endsWith(`.${name}`))
    );
  }

  /** The zone stands in the answer as it was written in the question. */
  #deny({ name }: DnsQuestion, zone: string, rcode: Rcode): DnsReply {
    const asked = name.slice(name.length - zone.length);
    const authorities = [zoneAuthority(asked, this.#ttl, 0)];
    return { ...emptyReply(rcode), authoritative: true, authorities };
  }
}

/** The SOA record of a zone, as CoreDNS makes it. `serial`: Unix time of the last change. */
export function zoneAuthority(zone: string, ttl: number, serial: number): DnsRecord {
  const data = {
    mname: `ns.dns.${zone}`,
    rname: `hostmaster.${zone}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: ttl,
  };
  return { name: zone, type: "SOA", data, ttl: Math.min(ttl, LONGEST_DENIAL) };
}

/** Whether a name is a zone's own or below it; both in lower case. */
export function isInZone(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

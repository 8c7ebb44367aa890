/**
 * DNS messages: questions and answers as values, and their bytes. `dns-packet` reads and writes
 * the records; length limits, truncation and name compression are done here.
 *
 * Spec: RFC 1035 §4.1 (format), §4.1.4 (compression); RFC 6891 §6 (EDNS); RFC 2181 §9 (TC).
 * Differs: a record of a type that `RecordData` does not list is taken for no record at all.
 */
import { type Answer, decode, encode, type Packet, type Question } from "dns-packet";
import { compressNames } from "./dns-compression.ts";

/** Response codes (RFC 1035 §4.1.1). */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
} as const;
export type Rcode = number;

const AA = 0x0400;
const TC = 0x0200;
const RD = 0x0100;
const RA = 0x0080;
/** What a client without EDNS takes over UDP (RFC 1035 §4.2.1). */
const MIN_UDP_SIZE = 512;
const MAX_SIZE = 65535;

/** What a question may ask for: a type such as `A`, or another one by its name. */
export type RecordType = Question["type"];

/** What a question asks for. */
export interface DnsQuestion {
  /** Without the dot at its end, in the case in which it was asked; `.` is the root. */
  readonly name: string;
  readonly type: RecordType;
}

/** The data of a record by its type. */
export type RecordData =
  | { readonly type: "A" | "AAAA" | "CNAME" | "PTR" | "NS"; readonly data: string }
  | { readonly type: "TXT"; readonly data: string }
  | { readonly type: "SRV"; readonly data: SrvData }
  | { readonly type: "SOA"; readonly data: SoaData };

/** Where a service is (RFC 2782). */
export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** The start of a zone (RFC 1035 §3.3.13); times in seconds. */
export interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** One record; `ttl` in seconds. */
export type DnsRecord = RecordData & { readonly name: string; readonly ttl: number };

/** A client's message. */
export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly question: DnsQuestion;
  /** The UDP size of the client's EDNS record, or null if it sent none. */
  readonly ednsSize: number | null;
}

/** What a server says to a question. */
export interface DnsReply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly recursionAvailable: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** A server's message as a client reads it. */
export interface DnsResponse extends DnsReply {
  readonly id: number;
  readonly truncated: boolean;
  readonly question: DnsQuestion | null;
}

/** A reply without records. */
export function emptyReply(rcode: Rcode): DnsReply {
  return {
    rcode,
    authoritative: false,
    recursionAvailable: false,
    answers: [],
    authorities: [],
    additionals: [],
  };
}

/** The bytes of a query. */
export function encodeQuery(query: DnsQuery): Buffer {
  const { id, question, ednsSize } = query;
  return encode({
    type: "query",
    id,
    flags: query.recursionDesired ? RD : 0,
    questions: [{ ...question, class: "IN" }],
    additionals: ednsSize === null ? [] : [optRecord(ednsSize)],
  });
}

/** Reads a query; null if the bytes are none, or ask more or less than one question. */
export function decodeQuery(bytes: Uint8Array): DnsQuery | null {
  const packet = decodeSafely(bytes);
  if (packet === null || packet.type !== "query") return null;
  const [question, second] = packet.questions ?? [];
  if (question === undefined || second !== undefined) return null;
  return {
    id: packet.id ?? 0,
    recursionDesired: ((packet.flags ?? 0) & RD) !== 0,
    question: { name: question.name, type: question.type },
    ednsSize: ednsSizeOf(packet),
  };
}

/** Reads a response; null if the bytes are none. */
export function decodeResponse(bytes: Uint8Array): DnsResponse | null {
  const packet = decodeSafely(bytes);
  if (packet === null || packet.type !== "response") return null;
  const flags = packet.flags ?? 0;
  const [question] = packet.questions ?? [];
  return {
    id: packet.id ?? 0,
    rcode: flags & 15,
    authoritative: (flags & AA) !== 0,
    truncated: (flags & TC) !== 0,
    recursionAvailable: (flags & RA) !== 0,
    question: question === undefined ? null : { name: question.name, type: question.type },
    answers: recordsOf(packet.answers),
    authorities: recordsOf(packet.authorities),
    additionals: recordsOf(packet.additionals),
  };
}

/** The largest message that the asker takes. */
export function sizeLimit(query: DnsQuery, transport: "udp" | "tcp"): number {
  return transport === "tcp" ? MAX_SIZE : Math.max(MIN_UDP_SIZE, query.ednsSize ?? 0);
}

/**
 * The bytes of a reply, `limit` at most. Names are compressed only if it would be too long
 * otherwise, as CoreDNS does; what is too long even so loses records from its end and has TC set.
 */
export function encodeReply(query: DnsQuery, reply: DnsReply, limit: number): Buffer {
  const whole = encodeSections(query, reply, false);
  if (whole.length <= limit) return whole;
  const { answers, authorities, additionals } = reply;
  const fits = (cut: DnsReply, truncated: boolean): boolean =>
    compressNames(encodeSections(query, cut, truncated)).length <= limit;
  const total = answers.length + authorities.length + additionals.length;
  const firstOf = (count: number): DnsReply => ({
    ...reply,
    answers: answers.slice(0, count),
    authorities: authorities.slice(0, Math.max(0, count - answers.length)),
    additionals: additionals.slice(0, Math.max(0, count - answers.length - authorities.length)),
  });
  let count = total;
  while (count > 0 && !fits(firstOf(count), count < total)) count -= 1;
  return compressNames(encodeSections(query, firstOf(count), count < total));
}

function encodeSections(query: DnsQuery, reply: DnsReply, truncated: boolean): Buffer {
  const flags =
    (reply.authoritative ? AA : 0) |
    (truncated ? TC : 0) |
    (query.recursionDesired ? RD : 0) |
    (reply.recursionAvailable ? RA : 0) |
    reply.rcode;
  const packet: Packet = {
    type: "response",
    id: query.id,
    flags,
    questions: [{ ...query.question, class: "IN" }],
    answers: reply.answers.map(answerOf),
    authorities: reply.authorities.map(answerOf),
    additionals: reply.additionals.map(answerOf),
  };
  if (query.ednsSize !== null) packet.additionals?.push(optRecord(query.ednsSize));
  return encode(packet);
}

function answerOf(record: DnsRecord): Answer {
  return { ...record, class: "IN" };
}

function optRecord(udpPayloadSize: number): Answer {
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function ednsSizeOf(packet: Packet): number | null {
  const opt = packet.additionals?.find((record) => record.type === "OPT");
  return opt?.type === "OPT" ? opt.udpPayloadSize : null;
}

function recordsOf(answers: readonly Answer[] | undefined): DnsRecord[] {
  return (answers ?? []).flatMap((answer) => {
    const data = dataOf(answer);
    if (data === null || !("ttl" in answer)) return [];
    return [{ ...data, name: answer.name, ttl: answer.ttl ?? 0 }];
  });
}

function dataOf(answer: Answer): RecordData | null {
  switch (answer.type) {
    case "A":
    case "AAAA":
    case "CNAME":
    case "PTR":
    case "NS":
      return { type: answer.type, data: answer.data };
    case "TXT":
      return { type: "TXT", data: [answer.data].flat().map(String).join("") };
    case "SRV": {
      const { priority = 0, weight = 0, port, target } = answer.data;
      return { type: "SRV", data: { priority, weight, port, target } };
    }
    case "SOA": {
      const { mname, rname, serial = 0, refresh = 0, retry = 0 } = answer.data;
      const { expire = 0, minimum = 0 } = answer.data;
      return { type: "SOA", data: { mname, rname, serial, refresh, retry, expire, minimum } };
    }
    default:
      return null;
  }
}

/** `decode` throws on whatever it cannot read: what came is then no message. */
function decodeSafely(bytes: Uint8Array): Packet | null {
  try {
    return decode(Buffer.from(bytes));
  } catch {
    return null;
  }
}

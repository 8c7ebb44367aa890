/**
 * `dig` and `host` of BIND: one question at a time, printed as master files have records.
 *
 * Spec: BIND 9.18, bin/dig; texts and questions compared with 9.18.49 on Linux.
 * Not modelled: the EDNS cookie (its question is sent without EDNS), options other than
 * +short, +search, +noall, +answer, +tcp, -x, -t, -p; WHEN and query times are virtual.
 */
import { exchange } from "../../apps/dns-exchange.ts";
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsResponse,
  emptyReply,
  encodeReply,
  Rcode,
  type RecordType,
} from "../../apps/dns-message.ts";
import { parseResolvConf, type ResolvConf } from "../../apps/resolv-conf.ts";
import { searchNames } from "../../apps/resolver.ts";
import { reverseName } from "../../apps/reverse-lookup.ts";
import { formatIpv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { formatWallClock } from "../../base/wall-clock.ts";
import type { Program } from "../../sim/process.ts";
import { appHost, resolverFiles } from "../app.ts";
import { type Command, type CommandContext, notModelled } from "../command.ts";

const TYPES = ["A", "AAAA", "CNAME", "PTR", "NS", "TXT", "SRV", "SOA"] as const;
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
const NO_SERVERS = 9;

interface Answer {
  readonly response: DnsResponse;
  readonly question: DnsQuestion;
}

/** `dig [@SERVER] [-x ADDRESS] NAME [TYPE] [+short] [+search] [+noall +answer]`. */
export const dig: Command = {
  name: "dig",
  parse(args) {
    let [server, name, type]: [string | null, string, RecordType] = [null, "", "A"];
    const flags = new Set<string>();
    const left = [...args];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const known = typeOf(word);
      if (word.startsWith("@")) server = word.slice(1);
      else if (/^\+(short|search|nosearch|noall|answer|tcp)$/.test(word)) flags.add(word.slice(1));
      else if (word === "-x") [name, type] = [reverseName(parseIpv4(left.shift() ?? "")), "PTR"];
      else if (word === "-t") type = typeOf(left.shift() ?? "") ?? "A";
      else if (/^[-+]/.test(word)) {
        throw notModelled("dig", word, "dig [@SERVER] [-x ADDRESS] NAME [TYPE] [+short] [+search]");
      } else if (known !== null && name !== "") type = known;
      else if (word !== "IN") name = word;
    }
    return (context) => runDig(context, args, { server, name, type, flags });
  },
};

interface DigOptions {
  readonly server: string | null;
  readonly name: string;
  readonly type: RecordType;
  readonly flags: ReadonlySet<string>;
}

function* runDig(
  context: CommandContext,
  args: readonly string[],
  { server, name, type, flags }: DigOptions,
): Program<number> {
  const { io, host } = context;
  const conf = yield* configuration(context, server, flags.has("tcp"));
  if (conf === null) {
    io.stderr(`dig: couldn't get address for '${server}': not found\n`);
    return 10;
  }
  const names = flags.has("search") ? searchNames(conf, name) : [name.replace(/\.$/, "")];
  const startedAt = host.namespace.cpu.now;
  const answer = yield* firstAnswer(context, conf, names, type);
  const shown = formatIpv4(conf.nameservers[0] ?? 0);
  if (answer === null) {
    io.stdout(`;; connection timed out; no servers could be reached\n`);
    return NO_SERVERS;
  }
  const { response } = answer;
  if (flags.has("short")) {
    io.stdout(response.answers.map((record) => `${dataText(record)}\n`).join(""));
    return 0;
  }
  if (flags.has("noall")) {
    if (flags.has("answer")) io.stdout(response.answers.map(recordLine).join(""));
    return 0;
  }
  const millis = Math.floor((host.namespace.cpu.now - startedAt) / NS_PER_MS);
  const seconds = host.epochSeconds + Math.floor(host.namespace.cpu.now / NS_PER_S);
  const when = formatWallClock(seconds).replace(/ ([0-9]{4})$/, " UTC $1");
  io.stdout(
    `\n; <<>> DiG 9.18.49 <<>> ${args.join(" ")}\n;; global options: +cmd\n;; Got answer:\n` +
      `${headerText(answer)}\n;; Query time: ${millis} msec\n;; SERVER: ${shown}#53(${shown}) (UDP)\n` +
      `;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${sizeOf(answer)}\n\n`,
  );
  return 0;
}

function headerText({ response, question }: Answer): string {
  const { answers, authorities, additionals, rcode } = response;
  const flags = ["qr"];
  if (response.authoritative) flags.push("aa");
  if (response.truncated) flags.push("tc");
  flags.push("rd");
  if (response.recursionAvailable) flags.push("ra");
  const isLocal = /\.local$/.test(question.name);
  const warning = isLocal
    ? ";; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n"
    : "";
  const section = (title: string, records: readonly DnsRecord[]): string =>
    records.length === 0 ? "" : `\n;; ${title} SECTION:\n${records.map(recordLine).join("")}`;
  return (
    `${warning};; ->>HEADER<<- opcode: QUERY, status: ${RCODES[rcode] ?? rcode}, id: ${response.id}\n` +
    `;; flags: ${flags.join(" ")}; QUERY: 1, ANSWER: ${answers.length}, AUTHORITY: ${authorities.length}, ADDITIONAL: ${additionals.length}\n` +
    `\n;; QUESTION SECTION:\n${padded(`;${question.name}.`, 32)}IN\t${question.type}\n` +
    section("ANSWER", answers) +
    section("AUTHORITY", authorities) +
    section("ADDITIONAL", additionals)
  );
}

/**
 * `host NAME [SERVER]`: addresses, then IPv6 ones. Differs: the real one asks for mail servers (MX)
 * as well.
 */
export const hostLookup: Command = {
  name: "host",
  parse([name = "", server = null, ...more]) {
    if (name.startsWith("-") || name === "" || more.length > 0) {
      throw notModelled("host", [name, ...more].join(" "), "host NAME [SERVER]");
    }
    return function* (context) {
      const { io } = context;
      const conf = yield* configuration(context, server, false);
      if (conf === null) return 1;
      const isAddress = isIpv4(name);
      const names = isAddress ? [reverseName(parseIpv4(name))] : searchNames(conf, name);
      const first = yield* firstAnswer(context, conf, names, isAddress ? "PTR" : "A");
      if (first === null) {
        io.stdout(";; connection timed out; no servers could be reached\n");
        return 1;
      }
      const { rcode } = first.response;
      if (rcode !== Rcode.NOERROR) {
        io.stdout(
          `Host ${isAddress ? `${first.question.name}.` : name} not found: ${rcode}(${RCODES[rcode]})\n`,
        );
        return 1;
      }
      io.stdout(first.response.answers.map(hostLine).join(""));
      if (isAddress) return 0;
      const second = yield* firstAnswer(context, conf, [first.question.name], "AAAA");
      io.stdout((second?.response.answers ?? []).map(hostLine).join(""));
      return 0;
    };
  },
};

function hostLine(record: DnsRecord): string {
  if (record.type === "A") return `${record.name} has address ${record.data}\n`;
  if (record.type === "AAAA") return `${record.name} has IPv6 address ${record.data}\n`;
  if (record.type === "CNAME") return `${record.name} is an alias for ${record.data}.\n`;
  if (record.type === "PTR") return `${record.name} domain name pointer ${record.data}.\n`;
  return "";
}

function* configuration(
  context: CommandContext,
  server: string | null,
  useTcp: boolean,
): Program<ResolvConf | null> {
  const conf = parseResolvConf(resolverFiles(context.host).resolvConf ?? "");
  if (server === null) return { ...conf, useTcp };
  const address = yield* appHost(context).resolve(server);
  return typeof address === "string" ? null : { ...conf, nameservers: [address], useTcp };
}

/** The first answer that is not NXDOMAIN, else the last one; null if nobody answers. */
function* firstAnswer(
  { host }: CommandContext,
  conf: ResolvConf,
  names: readonly string[],
  type: RecordType,
): Program<Answer | null> {
  const ids = host.namespace.random.stream(`${host.namespace.name}:dns:id`);
  let last: Answer | null = null;
  for (const name of names) {
    const question: DnsQuestion = { name, type };
    const query = { id: ids.below(0x10000), recursionDesired: true, question, ednsSize: null };
    const answers = yield* exchange(host.namespace, conf, [query]);
    const refused: DnsResponse = {
      ...emptyReply(Rcode.SERVFAIL),
      id: query.id,
      truncated: false,
      question,
    };
    const [response] =
      answers === "server-failure" ? [refused] : typeof answers === "string" ? [] : answers;
    if (response === undefined) return last;
    last = { response, question };
    if (response.rcode !== Rcode.NXDOMAIN) return last;
  }
  return last;
}

function recordLine(record: DnsRecord): string {
  const name = padded(`${record.name}.`, 24);
  return `${name}${record.ttl}${name.endsWith("\t") ? "\t" : " "}IN\t${record.type}\t${dataText(record)}\n`;
}

/** A name and tabs up to a column, or one blank if it is longer. */
function padded(name: string, column: number): string {
  if (name.length >= column) return `${name} `;
  return name + "\t".repeat(Math.ceil((column - name.length) / 8));
}

function dataText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data;
    case "TXT":
      return `"${record.data}"`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${target}.`;
    }
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return `${mname}. ${rname}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    default:
      return `${record.data}.`;
  }
}

/** The length of the message, encoded as this project's server does. */
function sizeOf({ response, question }: Answer): number {
  const query = { id: 0, recursionDesired: true, question, ednsSize: null };
  return encodeReply(query, response, 65535).length;
}

function typeOf(word: string): RecordType | null {
  return TYPES.find((type) => type === word.toUpperCase()) ?? null;
}

/**
 * `nslookup` of busybox: all questions of the search list at once, A and AAAA, and a line for each
 * answer. A name with a dot is asked for as it is.
 *
 * Spec: busybox 1.35, networking/nslookup.c (CONFIG_FEATURE_NSLOOKUP_BIG); texts and questions
 * compared with 1.35.0 on Linux. Not modelled: -debug, types other than A, AAAA, PTR, CNAME, SRV.
 */
import { exchange } from "../../../apps/dns-exchange.ts";
import {
  type DnsQuery,
  type DnsRecord,
  type DnsResponse,
  Rcode,
  type RecordType,
} from "../../../apps/dns-message.ts";
import { parseResolvConf } from "../../../apps/resolv-conf.ts";
import { formatIpv4, isIpv4, parseIpv4 } from "../../../base/inet.ts";
import type { Program } from "../../../sim/process.ts";
import { appHost, resolverFiles } from "../../app.ts";
import { type Command, type CommandContext, notModelled } from "../../command.ts";

const RCODES: ReadonlyMap<number, string> = new Map([
  [Rcode.FORMERR, "FORMERR"],
  [Rcode.SERVFAIL, "SERVFAIL"],
  [Rcode.NXDOMAIN, "NXDOMAIN"],
  [Rcode.NOTIMP, "NOTIMP"],
  [Rcode.REFUSED, "REFUSED"],
]);

/** `nslookup [-type=TYPE] HOST [SERVER]`. */
export const busyboxNslookup: Command = {
  name: "nslookup",
  parse(args) {
    const types: RecordType[] = [];
    const words: string[] = [];
    for (const word of args) {
      const type = /^-(?:query|type|q|t)=([A-Za-z]+)$/.exec(word)?.[1]?.toUpperCase();
      if (type === "A" || type === "AAAA" || type === "PTR" || type === "CNAME" || type === "SRV") {
        types.push(type);
      } else if (word.startsWith("-")) {
        throw notModelled("nslookup", word, "nslookup [-type=A|AAAA|PTR|CNAME|SRV] HOST [SERVER]");
      } else words.push(word);
    }
    const [name, server] = words;
    if (name === undefined) throw notModelled("nslookup", "", "nslookup HOST [SERVER]");
    return (context) => nslookup(context, name, server ?? null, types);
  },
};

function* nslookup(
  context: CommandContext,
  name: string,
  server: string | null,
  types: readonly RecordType[],
): Program<number> {
  const { host, io } = context;
  const conf = parseResolvConf(resolverFiles(host).resolvConf ?? "");
  let nameservers = conf.nameservers;
  if (server !== null) {
    const address = yield* appHost(context).resolve(server);
    if (typeof address === "string") {
      io.stderr(`nslookup: bad address '${server}'\n`);
      return 1;
    }
    nameservers = [address];
  }
  const queries = queriesFor(context, name, conf.search, types);
  const answers = yield* exchange(host.namespace, { ...conf, nameservers }, queries);
  if (typeof answers === "string") {
    io.stdout(";; connection timed out; no servers could be reached\n\n");
    return 1;
  }
  const shown = server ?? formatIpv4(nameservers[0] ?? 0);
  io.stdout(`Server:\t\t${shown}\nAddress:\t${formatIpv4(nameservers[0] ?? 0)}:53\n\n`);
  for (const [index, answer] of answers.entries()) {
    io.stdout(`${answerText(answer, queries[index]?.question.name ?? "")}\n`);
  }
  return answers.some(({ rcode }) => rcode !== Rcode.NOERROR) ? 1 : 0;
}

function queriesFor(
  { host }: CommandContext,
  name: string,
  search: readonly string[],
  types: readonly RecordType[],
): DnsQuery[] {
  const ids = host.namespace.random.stream(`${host.namespace.name}:dns:id`);
  const query = (asked: string, type: RecordType): DnsQuery => ({
    id: ids.below(0x10000),
    recursionDesired: true,
    question: { name: asked, type },
    ednsSize: null,
  });
  if (isIpv4(name)) {
    const bytes = formatIpv4(parseIpv4(name)).split(".").reverse().join(".");
    return [query(`${bytes}.in-addr.arpa`, "PTR")];
  }
  const plain = name.replace(/\.$/, "");
  const names =
    name.includes(".") || search.length === 0
      ? [plain]
      : search.map((domain) => `${plain}.${domain}`);
  const wanted: readonly RecordType[] = types.length === 0 ? ["A", "AAAA"] : types;
  return wanted.flatMap((type) => names.map((asked) => query(asked, type)));
}

function answerText({ rcode, answers }: DnsResponse, name: string): string {
  if (rcode !== Rcode.NOERROR) {
    return `** server can't find ${name}: ${RCODES.get(rcode) ?? rcode}\n`;
  }
  return answers.map(recordText).join("");
}

function recordText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return `Name:\t${record.name}\nAddress: ${record.data}\n`;
    case "CNAME":
      return `${record.name}\tcanonical name = ${record.data}\n`;
    case "PTR":
      return `${record.name}\tname = ${record.data}\n`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${record.name}\tservice = ${priority} ${weight} ${port} ${target}\n`;
    }
    default:
      return "";
  }
}

/**
 * `nslookup` of BIND: what a name server says of a name, for A and then for AAAA.
 *
 * Spec: BIND 9.18, bin/dig/nslookup.c; texts and questions compared with 9.18.49.
 * Not modelled: the prompt, -debug, -port, other options than -type and -timeout.
 */
import { type DnsRecord, Rcode, type RecordType } from "../../../apps/dns-message.ts";
import type { ResolvConf } from "../../../apps/resolv-conf.ts";
import { searchNames } from "../../../apps/resolver.ts";
import { reverseName } from "../../../apps/reverse-lookup.ts";
import { formatIpv4, isIpv4, parseIpv4 } from "../../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../../base/units.ts";
import type { Program } from "../../../sim/process.ts";
import { type Command, type CommandContext, notModelled } from "../../command.ts";
import { type Answer, firstAnswer, rcodeText, serversFor, triesText, typeOf } from "./lookup.ts";

const USAGE = "nslookup [-type=TYPE] [-timeout=SECONDS] NAME [SERVER]";

interface NslookupOptions {
  readonly name: string;
  readonly server: string | null;
  /** null: A, and what is known for AAAA as well. */
  readonly type: RecordType | null;
  readonly timeoutNs: Ns | null;
}

/** `nslookup [-type=TYPE] [-timeout=SECONDS] NAME [SERVER]`. */
export const nslookup: Command = {
  name: "nslookup",
  parse(args) {
    let type: RecordType | null = null;
    let timeoutNs: Ns | null = null;
    const words: string[] = [];
    for (const word of args) {
      const [, option = "", value = ""] = /^-([a-z]+)=(.+)$/i.exec(word) ?? [];
      const asked = /^(?:query|querytype|type|q|t|ty)$/i.test(option) ? typeOf(value) : null;
      if (asked !== null) type = asked;
      else if (option === "timeout" && /^[0-9]+$/.test(value)) timeoutNs = Number(value) * NS_PER_S;
      else if (word.startsWith("-")) throw notModelled("nslookup", word, USAGE);
      else words.push(word);
    }
    const [name, server = null] = words;
    if (name === undefined || words.length > 2)
      throw notModelled("nslookup", args.join(" "), USAGE);
    return (context) => run(context, { name, server, type, timeoutNs });
  },
};

function* run(context: CommandContext, options: NslookupOptions): Program<number> {
  const { name, server, timeoutNs } = options;
  const own = yield* serversFor(context, server);
  if (own === null) {
    context.io.stderr(`nslookup: couldn't get address for '${server}': not found\n`);
    return 1;
  }
  const conf = timeoutNs === null ? own : { ...own, timeoutNs };
  const status = isIpv4(name)
    ? yield* nameOf(context, conf, options)
    : yield* recordsOf(context, conf, options);
  context.io.stdout("\n");
  return status;
}

/** Says of an answer what `dighost.c` has to say before it is printed. */
function notice({ io }: CommandContext, { server }: NslookupOptions, conf: ResolvConf) {
  const from = formatIpv4(conf.nameservers[0] ?? 0);
  return ({ response }: Answer): void => {
    if (response.rcode === Rcode.SERVFAIL) io.stdout(`;; Got SERVFAIL reply from ${from}\n`);
    else if (server === null && !response.recursionAvailable) {
      io.stdout(`;; Got recursion not available from ${from}\n`);
    }
  };
}

function unreachable({ io }: CommandContext, conf: ResolvConf, why: string): number {
  io.stdout(`${triesText(conf, why)};; no servers could be reached\n`);
  return 1;
}

function* nameOf(
  context: CommandContext,
  conf: ResolvConf,
  options: NslookupOptions,
): Program<number> {
  const { io } = context;
  const name = reverseName(parseIpv4(options.name));
  const heard = notice(context, options, conf);
  const answer = yield* firstAnswer(context, conf, [name], "PTR", heard);
  if (typeof answer === "string") return unreachable(context, conf, answer);
  const { rcode, answers, authoritative } = answer.response;
  if (rcode !== Rcode.NOERROR) {
    io.stdout(`** server can't find ${name}: ${rcodeText(rcode)}\n`);
    return 1;
  }
  io.stdout(answers.length === 0 ? `*** Can't find ${name}: No answer\n` : texts(answers));
  if (!authoritative) io.stdout("\nAuthoritative answers can be found from:\n");
  return 0;
}

function* recordsOf(
  context: CommandContext,
  conf: ResolvConf,
  options: NslookupOptions,
): Program<number> {
  const { io } = context;
  const { name, server, type } = options;
  const heard = notice(context, options, conf);
  const first = yield* firstAnswer(context, conf, searchNames(conf, name), type ?? "A", heard);
  if (typeof first === "string") return unreachable(context, conf, first);
  const address = formatIpv4(conf.nameservers[0] ?? 0);
  io.stdout(`Server:\t\t${server ?? address}\nAddress:\t${address}#53\n\n`);
  const { rcode, answers, authoritative } = first.response;
  if (rcode !== Rcode.NOERROR) {
    io.stdout(`** server can't find ${first.question.name}: ${rcodeText(rcode)}\n`);
    return 1;
  }
  if (!authoritative) io.stdout("Non-authoritative answer:\n");
  io.stdout(texts(answers));
  const isEmpty = answers.length === 0;
  if (type !== null) {
    if (isEmpty) io.stdout(`*** Can't find ${name}: No answer\n`);
    if (!authoritative && type !== "A" && type !== "AAAA") {
      io.stdout("\nAuthoritative answers can be found from:\n");
    }
    return 0;
  }
  const alias = answers.findLast((record) => record.type === "CNAME");
  const canonical = alias?.type === "CNAME" ? alias.data : first.question.name;
  const second = yield* firstAnswer(context, conf, [canonical], "AAAA", heard);
  if (typeof second === "string") return unreachable(context, conf, second);
  if (second.response.rcode !== Rcode.NOERROR) {
    io.stdout(`** server can't find ${canonical}: ${rcodeText(second.response.rcode)}\n`);
    return 1;
  }
  io.stdout(texts(second.response.answers));
  if (isEmpty && second.response.answers.length === 0) {
    io.stdout(`*** Can't find ${name}: No answer\n`);
  }
  return 0;
}

function texts(records: readonly DnsRecord[]): string {
  return records.map(recordText).join("");
}

function recordText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return `Name:\t${record.name}\nAddress: ${record.data}\n`;
    case "CNAME":
      return `${record.name}\tcanonical name = ${record.data}.\n`;
    case "PTR":
      return `${record.name}\tname = ${record.data}.\n`;
    case "NS":
      return `${record.name}\tnameserver = ${record.data}.\n`;
    case "TXT":
      return `${record.name}\ttext = "${record.data}"\n`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${record.name}\tservice = ${priority} ${weight} ${port} ${target}.\n`;
    }
    case "SOA": {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return (
        `${record.name}\n\torigin = ${mname}\n\tmail addr = ${rname}\n\tserial = ${serial}\n` +
        `\trefresh = ${refresh}\n\tretry = ${retry}\n\texpire = ${expire}\n\tminimum = ${minimum}\n`
      );
    }
    default:
      return "";
  }
}

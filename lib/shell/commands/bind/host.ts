/**
 * `host` of BIND: sentences about a name.
 *
 * Spec: BIND 9.18, bin/dig/host.c; texts compared with 9.18.49.
 * Differs: the real one asks for mail servers (MX) as well.
 */
import { type DnsRecord, Rcode, type RecordType } from "../../../apps/dns-message.ts";
import { searchNames } from "../../../apps/resolver.ts";
import { reverseName } from "../../../apps/reverse-lookup.ts";
import { formatIpv4, isIpv4, parseIpv4 } from "../../../base/inet.ts";
import type { Program } from "../../../sim/process.ts";
import { type Command, type CommandContext, notModelled } from "../../command.ts";
import { firstAnswer, rcodeText, serversFor, triesText, typeOf } from "./lookup.ts";

interface HostOptions {
  readonly name: string;
  readonly server: string | null;
  /** null: addresses of both families. */
  readonly type: RecordType | null;
}

/** `host [-t TYPE] NAME [SERVER]`. */
export const hostLookup: Command = {
  name: "host",
  parse(args) {
    const words = [...args];
    const type = words[0] === "-t" ? typeOf(words.splice(0, 2)[1] ?? "") : null;
    const isWrong = args[0] === "-t" && type === null;
    const [name = "", server = null, ...more] = words;
    if (isWrong || name.startsWith("-") || name === "" || more.length > 0) {
      throw notModelled("host", args.join(" "), "host [-t TYPE] NAME [SERVER]");
    }
    return (context) => host(context, { name, server, type });
  },
};

function* host(context: CommandContext, { name, server, type }: HostOptions): Program<number> {
  const { io } = context;
  const conf = yield* serversFor(context, server);
  if (conf === null) {
    io.stderr(`host: couldn't get address for '${server}': not found\n`);
    return 1;
  }
  const isAddress = isIpv4(name);
  const names = isAddress ? [reverseName(parseIpv4(name))] : searchNames(conf, name);
  const first = yield* firstAnswer(context, conf, names, isAddress ? "PTR" : (type ?? "A"));
  if (typeof first === "string") {
    io.stdout(`${triesText(conf, first)};; no servers could be reached\n`);
    return 1;
  }
  if (server !== null) {
    const address = formatIpv4(conf.nameservers[0] ?? 0);
    io.stdout(`Using domain server:\nName: ${server}\nAddress: ${address}#53\nAliases: \n\n`);
  }
  const { question, response } = first;
  if (response.rcode !== Rcode.NOERROR) {
    const shown = isAddress ? `${question.name}.` : name;
    io.stdout(`Host ${shown} not found: ${response.rcode}(${rcodeText(response.rcode)})\n`);
    return 1;
  }
  if (type !== null && response.answers.length === 0) {
    io.stdout(`${question.name} has no ${type} record\n`);
    return 0;
  }
  io.stdout(response.answers.map(hostLine).join(""));
  if (isAddress || type !== null) return 0;
  const second = yield* firstAnswer(context, conf, [question.name], "AAAA");
  if (typeof second !== "string") io.stdout(second.response.answers.map(hostLine).join(""));
  return 0;
}

function hostLine(record: DnsRecord): string {
  switch (record.type) {
    case "A":
      return `${record.name} has address ${record.data}\n`;
    case "AAAA":
      return `${record.name} has IPv6 address ${record.data}\n`;
    case "CNAME":
      return `${record.name} is an alias for ${record.data}.\n`;
    case "PTR":
      return `${record.name} domain name pointer ${record.data}.\n`;
    case "TXT":
      return `${record.name} descriptive text "${record.data}"\n`;
    case "SRV": {
      const { priority, weight, port, target } = record.data;
      return `${record.name} has SRV record ${priority} ${weight} ${port} ${target}.\n`;
    }
    default:
      return "";
  }
}

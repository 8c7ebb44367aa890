/**
 * Command lines around names: `getent` (hosts, ahosts), and `dns-server`, which serves records that
 * its arguments give.
 *
 * Spec: getent(1) of glibc 2.36.
 */
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsReply,
  emptyReply,
  Rcode,
} from "../../apps/dns-message.ts";
import { type DnsBackend, dnsServer } from "../../apps/dns-server.ts";
import { resolveName } from "../../apps/resolver.ts";
import { formatIpv4, type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { appHost, resolverFiles } from "../app.ts";
import { type Command, type CommandContext, notModelled, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";

/** getent's exit status for a key that nobody knows. */
const NOT_FOUND = 2;
const RECORD_TTL = 3600;

/** `getent hosts|ahosts|ahostsv4 NAME…`. */
export const getent: Command = {
  name: "getent",
  parse(args) {
    const [database = "", ...names] = args;
    const isKnown = database === "hosts" || database === "ahosts" || database === "ahostsv4";
    if (!isKnown || names.length === 0) {
      throw notModelled("getent", args.join(" "), "getent hosts|ahosts|ahostsv4 NAME…");
    }
    return function* (context) {
      let status = 0;
      for (const name of names) {
        const lines =
          database === "hosts"
            ? yield* hostLines(context, name)
            : yield* addressLines(context, name, database === "ahosts" ? "any" : "ipv4");
        if (lines === "") status = NOT_FOUND;
        context.io.stdout(lines);
      }
      return status;
    };
  },
};

/** `gethostbyname2`, which is asked for IPv6 addresses first. */
function* hostLines({ host }: CommandContext, name: string) {
  const files = resolverFiles(host);
  if (isIpv4(name)) return `${name.padEnd(15)} ${name}\n`;
  yield* resolveName(host.namespace, files, name, "ipv6");
  const found = yield* resolveName(host.namespace, files, name, "ipv4");
  if (typeof found === "string") return "";
  const alias = found.canonicalName === name || name.endsWith(".") ? "" : ` ${name}`;
  const names = `${found.canonicalName}${found.isAlias ? alias : ""}`;
  return found.addresses.map((address) => `${formatIpv4(address).padEnd(15)} ${names}\n`).join("");
}

/** `getaddrinfo`: one line for each kind of socket, the name beside the first. */
function* addressLines({ host }: CommandContext, name: string, families: "any" | "ipv4") {
  const found = yield* resolveName(host.namespace, resolverFiles(host), name, families);
  if (typeof found === "string") return "";
  return found.addresses
    .flatMap((address, index) =>
      ["STREAM", "DGRAM", "RAW"].map((kind) => {
        const first = index === 0 && kind === "STREAM" ? found.canonicalName : "";
        return `${formatIpv4(address).padEnd(15)} ${kind.padEnd(6)} ${first}\n`;
      }),
    )
    .join("");
}

/** `dns-server [-p PORT] [-u UPSTREAM]… [-z ZONE]… NAME=ADDRESS…`: records by hand. */
export const dnsServerCommand: Command = {
  name: "dns-server",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "dns-server",
      letters: "p:u:z:",
      long: { port: "p", upstream: "u", zone: "z" },
      allowed: "dns-server [--port PORT] [--upstream ADDRESS]… [--zone ZONE]… NAME=ADDRESS…",
    });
    const values = (letter: string): string[] =>
      options.filter(([known]) => known === letter).map(([, value]) => value);
    const backend = new RecordList(words.map(readRecord), values("z"));
    const upstreams = values("u").map(readAddress);
    const port = Number(values("p").at(-1) ?? 53);
    return (context) =>
      dnsServer(appHost(context), {
        port,
        backend,
        upstreams,
        spawn: (name, program) => context.host.processes.spawn(name, program),
      });
  },
};

function readRecord(text: string): DnsRecord {
  const [name = "", value = ""] = text.split("=");
  if (name === "" || value === "") throw new ToolError(`dns-server: bad record "${text}"`, 1);
  const type = isIpv4(value) ? "A" : "CNAME";
  return { name, type, data: value, ttl: RECORD_TTL };
}

function readAddress(text: string): Ipv4 {
  if (!isIpv4(text)) throw new ToolError(`dns-server: "${text}" is not an address`, 1);
  return parseIpv4(text);
}

/** A backend of given records; in its zones no other name exists. */
class RecordList implements DnsBackend {
  readonly #records: readonly DnsRecord[];

  readonly #zones: readonly string[];

  constructor(records: readonly DnsRecord[], zones: readonly string[]) {
    this.#records = records;
    this.#zones = zones;
  }

  answer({ name, type }: DnsQuestion): DnsReply | null {
    const wanted = name.toLowerCase();
    const known = this.#records.filter((record) => record.name.toLowerCase() === wanted);
    if (known.length === 0) {
      const isOurs = this.#zones.some((zone) => wanted === zone || wanted.endsWith(`.${zone}`));
      return isOurs ? { ...emptyReply(Rcode.NXDOMAIN), authoritative: true } : null;
    }
    const answers = known
      .filter((record) => record.type === type || record.type === "CNAME")
      .map((record) => ({ ...record, name }));
    return { ...emptyReply(Rcode.NOERROR), authoritative: true, answers };
  }
}

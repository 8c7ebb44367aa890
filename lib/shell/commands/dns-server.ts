/** Command line of `dns-server`, a program of this project's own. */
import type { DnsRecord } from "../../apps/dns-message.ts";
import { RecordList } from "../../apps/dns-records.ts";
import { dnsServer } from "../../apps/dns-server.ts";
import { type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";
import { withThreads } from "../threads.ts";

const DEFAULT_TTL = "3600";

/**
 * A name server with records by hand: A for an address, AAAA for one with colons, CNAME for a name,
 * or PTR if the record's own is one of in-addr.arpa.
 * Several addresses come in the order of the command line, or in any with `--loadbalance`.
 */
export const dnsServerCommand: Command = {
  name: "dns-server",
  parse(args) {
    const given = readOptions(args, {
      command: "dns-server",
      letters: "p:u:z:t:l",
      long: { port: "p", upstream: "u", zone: "z", ttl: "t", loadbalance: "l" },
      allowed:
        "dns-server [--port PORT] [--upstream ADDRESS]… [--zone ZONE]… [--ttl SECONDS] [--loadbalance] NAME=ADDRESS…",
    });
    const ttl = readNumber(given.last("t") ?? DEFAULT_TTL, "TTL", 0, 2 ** 31 - 1);
    const port = readNumber(given.last("p") ?? "53", "port", 1, 65535);
    const records = given.words.map((word) => readRecord(word, ttl));
    const backend = new RecordList(records, given.all("z"), ttl);
    const upstreams = given.all("u").map(readAddress);
    const shuffles = given.has("l");
    return (context) =>
      withThreads(context.host.processes, (spawn) =>
        dnsServer(appHost(context), { port, backend, upstreams, shuffles, spawn }),
      );
  },
};

function readRecord(text: string, ttl: number): DnsRecord {
  const [name = "", data = ""] = text.split("=");
  if (name === "" || data === "") throw new ToolError(`dns-server: bad record "${text}"`, 1);
  if (isIpv4(data)) return { name, type: "A", data, ttl };
  if (data.includes(":")) return { name, type: "AAAA", data, ttl };
  return { name, type: /\.arpa$/i.test(name) ? "PTR" : "CNAME", data, ttl };
}

function readAddress(text: string): Ipv4 {
  if (!isIpv4(text)) throw new ToolError(`dns-server: "${text}" is not an address`, 1);
  return parseIpv4(text);
}

function readNumber(text: string, what: string, least: number, most: number): number {
  const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : -1;
  if (number >= least && number <= most) return number;
  throw new ToolError(`dns-server: ${what} ${text} is not a number from ${least} to ${most}`, 1);
}

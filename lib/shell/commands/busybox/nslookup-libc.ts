/**
 * `nslookup` of busybox up to 1.28, which asks the C library: names are searched for, and each
 * address is shown with the name that it has.
 *
 * Spec: busybox 1.28, networking/nslookup.c.
 */

import { parseResolvConf } from "../../../apps/resolv-conf.ts";
import { resolveName } from "../../../apps/resolver.ts";
import { formatIpv4, type Ipv4, isIpv4, parseIpv4 } from "../../../base/inet.ts";
import type { Program } from "../../../sim/process.ts";
import { appHost, resolverFiles } from "../../app.ts";
import { type Command, type CommandContext, notModelled } from "../../command.ts";

/** `nslookup HOST [SERVER]`. */
export const libcNslookup: Command = {
  name: "nslookup",
  parse([name = "", server = null, ...more]) {
    if (name === "" || name.startsWith("-") || more.length > 0) {
      throw notModelled("nslookup", [name, ...more].join(" "), "nslookup HOST [SERVER]");
    }
    return (context) => lookUp(context, name, server);
  },
};

function* lookUp(context: CommandContext, name: string, server: string | null): Program<number> {
  const { host, io } = context;
  const own = resolverFiles(host);
  let [address = 0 as Ipv4] = parseResolvConf(own.resolvConf ?? "").nameservers;
  if (server !== null) {
    const found = yield* appHost(context).resolve(server);
    if (typeof found === "string") {
      io.stderr(`nslookup: bad address '${server}'\n`);
      return 1;
    }
    address = found;
  }
  const files = {
    hosts: own.hosts,
    resolvConf: `nameserver ${formatIpv4(address)}\n${(own.resolvConf ?? "").replace(/^nameserver.*\n/gm, "")}`,
  };
  io.stdout(yield* addressLines(context, "Server:", formatIpv4(address), [address]));
  io.stdout("\n");
  const found = isIpv4(name)
    ? { addresses: [parseIpv4(name)] }
    : yield* resolveName(host.namespace, files, name);
  if (typeof found === "string") {
    io.stderr(`nslookup: can't resolve '${name}'\n`);
    return 1;
  }
  io.stdout(yield* addressLines(context, "Name:", name, found.addresses));
  return 0;
}

function* addressLines(
  context: CommandContext,
  title: string,
  name: string,
  addresses: readonly Ipv4[],
): Program<string> {
  const { nameOf } = appHost(context);
  let text = `${title.padEnd(10)} ${name}\n`;
  for (const [index, address] of addresses.entries()) {
    const known = yield* nameOf(address);
    text += `Address ${index + 1}: ${formatIpv4(address)}${known === null ? "" : ` ${known}`}\n`;
  }
  return text;
}

/**
 * `hostname`: the host's name, what its resolver makes of it, and its addresses.
 *
 * Spec: hostname(1) of Debian's package hostname 3.23; busybox has the same options but for -I.
 */
import { nameInHosts } from "../../apps/resolv-conf.ts";
import { resolveErrorText, resolveName } from "../../apps/resolver.ts";
import { formatIpv4, isLoopback } from "../../base/inet.ts";
import type { Program } from "../../sim/process.ts";
import { resolverFiles } from "../app.ts";
import { type Command, type CommandContext, immediate, notModelled } from "../command.ts";
import { hostnameOf } from "../host.ts";

/** `hostname [-s | -f | -d | -i | -I]`. */
export const hostname: Command = {
  name: "hostname",
  parse([option = "", ...more]) {
    if (more.length > 0 || !["", "-s", "-f", "-d", "-i", "-I"].includes(option)) {
      throw notModelled("hostname", more[0] ?? option, "options are -s -f -d -i -I");
    }
    if (option === "-f" || option === "-d" || option === "-i") {
      return (context) => resolved(context, option);
    }
    return immediate(({ host, io }) => {
      const name = hostnameOf(host);
      if (option === "-I") {
        const entries = [...host.namespace.inetDevices()].flatMap(({ addresses }) => addresses);
        const own = entries.filter(({ local }) => !isLoopback(local));
        io.stdout(`${own.map(({ local }) => `${formatIpv4(local)} `).join("")}\n`);
      } else io.stdout(`${option === "-s" ? name.replace(/\..*/, "") : name}\n`);
      return 0;
    });
  },
};

function* resolved({ host, io }: CommandContext, option: "-f" | "-d" | "-i"): Program<number> {
  const files = resolverFiles(host);
  const found = yield* resolveName(host.namespace, files, hostnameOf(host), "ipv4");
  if (typeof found === "string") {
    io.stderr(`hostname: ${resolveErrorText(found)}\n`);
    return 1;
  }
  const [first] = found.addresses;
  const known = first === undefined ? null : nameInHosts(files.hosts ?? "", first);
  const name = known ?? found.canonicalName;
  if (option === "-i") io.stdout(`${found.addresses.map(formatIpv4).join(" ")}\n`);
  else if (option === "-f") io.stdout(`${name}\n`);
  else io.stdout(`${name.includes(".") ? name.slice(name.indexOf(".") + 1) : ""}\n`);
  return 0;
}

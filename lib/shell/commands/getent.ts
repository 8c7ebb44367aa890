/**
 * Looking names up from the command line: `getent` (hosts, ahosts).
 *
 * Spec: getent(1) of glibc 2.36.
 */
import { resolveName } from "../../apps/resolver.ts";
import { formatIpv4, isIpv4 } from "../../base/inet.ts";
import { resolverFiles } from "../app.ts";
import { type Command, type CommandContext, notModelled } from "../command.ts";

/** getent's exit status for a key that nobody knows. */
const NOT_FOUND = 2;

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
            : yield* addressLines(context, name);
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

/**
 * `getaddrinfo` with AI_ADDRCONFIG, which asks for no IPv6 addresses where the host has none: one
 * line for each kind of socket, the name beside the first.
 */
function* addressLines({ host }: CommandContext, name: string) {
  const found = yield* resolveName(host.namespace, resolverFiles(host), name, "ipv4");
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

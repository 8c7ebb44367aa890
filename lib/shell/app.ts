/** Gives programs of `lib/apps` the surroundings of a shell command. */
import type { AppHost } from "../apps/app-host.ts";
import { type ResolverFiles, resolveName } from "../apps/resolver.ts";
import { nameOfAddress } from "../apps/reverse-lookup.ts";
import type { CommandContext } from "./command.ts";
import type { ShellHost } from "./host.ts";

/** The host as a program sees it. */
export function appHost({ host, io }: CommandContext): AppHost {
  return {
    namespace: host.namespace,
    epochSeconds: host.epochSeconds,
    stdin: io.stdin,
    stdout: (bytes) => io.write(bytes),
    stderr: (text) => io.stderr(text),
    *resolve(name, families) {
      const found = yield* resolveName(host.namespace, resolverFiles(host), name, families);
      return typeof found === "string" ? found : (found.addresses[0] ?? "EAI_NODATA");
    },
    nameOf: (address) => nameOfAddress(host.namespace, resolverFiles(host), address),
    lookUp: (name) => resolveName(host.namespace, resolverFiles(host), name),
  };
}

/** What the host's resolver reads before it asks. */
export function resolverFiles({ files }: ShellHost): ResolverFiles {
  return { resolvConf: files.readText("/etc/resolv.conf"), hosts: files.readText("/etc/hosts") };
}

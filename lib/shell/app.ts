/** Gives programs of `lib/apps` the surroundings of a shell command. */
import type { AppHost } from "../apps/app-host.ts";
import { fromUtf8 } from "../base/bytes.ts";
import { type Ipv4, isIpv4, parseIpv4 } from "../base/inet.ts";
import type { Program } from "../sim/process.ts";
import type { CommandContext } from "./command.ts";

/** The host as a program sees it. */
export function appHost({ host, io }: CommandContext): AppHost {
  return {
    namespace: host.namespace,
    epochSeconds: host.epochSeconds,
    stdin: io.stdin,
    stdout: (bytes) => io.write(bytes),
    stderr: (text) => io.stderr(text),
    // biome-ignore lint/correctness/useYield: only some hosts ask over the network
    *resolve(name): Program<Ipv4 | null> {
      if (isIpv4(name)) return parseIpv4(name);
      if (name === "localhost") return parseIpv4("127.0.0.1");
      const hosts = host.files.read("/etc/hosts");
      return hosts === null ? null : addressInHosts(fromUtf8(hosts), name);
    },
  };
}

/** The first address of a name in the text of `/etc/hosts`. */
function addressInHosts(text: string, name: string): Ipv4 | null {
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (names.includes(name) && isIpv4(address)) return parseIpv4(address);
  }
  return null;
}

/**
 * The emulated host that a kube-proxy runs on: interfaces, addresses, routes and netfilter, set up
 * by `ip` commands. It starts with lo, eth0 172.18.0.2/16 and a default route by 172.18.0.1.
 */
import { type Place, VethworkError } from "../../lib/base/errors.ts";
import { formatIpv4 } from "../../lib/base/inet.ts";
import { macFromName } from "../../lib/base/mac.ts";
import { NS_PER_S } from "../../lib/base/units.ts";
import { Namespace } from "../../lib/net/namespace.ts";
import { NamespaceNetfilterHost } from "../../lib/net/netfilter-host.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { FileSystem } from "../../lib/shell/files.ts";
import type { ShellHost } from "../../lib/shell/host.ts";
import { ProcessTable } from "../../lib/shell/process-table.ts";
import { checkCommand, runCommand } from "../../lib/shell/shell.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import { Random } from "../../lib/sim/random.ts";
import type { Scheduler } from "../../lib/sim/scheduler.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";

/** A command and where it stands. */
export interface SetupCommand {
  readonly line: string;
  readonly place: Place | null;
}

const NAME = "node";
const INITIAL = [
  "ip link set lo up",
  "ip link add eth0 type dummy",
  "ip addr add 172.18.0.2/16 dev eth0",
  "ip link set eth0 up",
  "ip route add default via 172.18.0.1",
];

/** Commands about IPv6: rules are IPv4's, which they do not change. */
const IPV6 = /^ip (-6 |(a|addr|address|r|ro|route)\s.*\s[0-9a-f]*:[0-9a-f:]+)/;

/** The commands in a file, one a line, without comments. Throws `VW_COMMAND` for other commands. */
export function readSetup(text: string, file: string): SetupCommand[] {
  const commands: SetupCommand[] = [];
  for (const [index, whole] of text.split("\n").entries()) {
    const line = whole.replace(/(^|\s)#.*$/, "").trim();
    if (line === "" || IPV6.test(line)) continue;
    const place = { file, line: index + 1, column: 1 };
    if (!/^ip\s/.test(line)) {
      throw new VethworkError("VW_COMMAND", `"${line}" is not known here`, "ip commands", place);
    }
    try {
      checkCommand(line);
    } catch (error) {
      throw error instanceof VethworkError ? error.at(place) : error;
    }
    commands.push({ line, place });
  }
  return commands;
}

/** The host of the node whose rules are printed. */
export class NodeHost {
  readonly netfilter: Netfilter;
  readonly #scheduler: Scheduler;
  readonly #namespace: Namespace;
  readonly #shell: ShellHost;

  /** Carries out the commands that every node starts with, and then `setup`. */
  constructor(scheduler: Scheduler, seed: number, setup: readonly SetupCommand[]) {
    const cpu = new Cpu(scheduler, { hopNs: 0, syscallNs: 0, wakeupNs: 0 });
    this.#scheduler = scheduler;
    this.#namespace = new Namespace({
      name: NAME,
      cpu,
      random: new Random(seed),
      pool: new FramePool(),
    });
    this.netfilter = new Netfilter(new NamespaceNetfilterHost(this.#namespace));
    this.#shell = shellOn(this.#namespace, this.netfilter, new ProcessTable(cpu));
    for (const line of INITIAL) this.#run({ line, place: null });
    for (const command of setup) this.#run(command);
  }

  /** IPv4 addresses of all interfaces, in the order of `ip addr`. */
  addresses(): string[] {
    return [...this.#namespace.devices.values()].flatMap((device) =>
      this.#namespace.inet(device).addresses.map(({ local }) => formatIpv4(local)),
    );
  }

  /** The first address of the interface by which the default route leaves, or null. */
  defaultAddress(): string | null {
    const route = this.#run({ line: "ip route show default", place: null });
    const device = this.#namespace.devices.get(/ dev (\S+)/.exec(route)?.[1] ?? "");
    if (device === undefined) return null;
    const [first] = this.#namespace.inet(device).addresses;
    return first === undefined ? null : formatIpv4(first.local);
  }

  /** Carries a command out and returns what it prints. Throws `VW_COMMAND` if it fails. */
  #run({ line, place }: SetupCommand): string {
    let printed = "";
    let errors = "";
    const program = runCommand(this.#shell, line, {
      stdin: null,
      stdout: (text) => {
        printed += text;
      },
      stderr: (text) => {
        errors += text;
      },
    });
    const process = this.#shell.processes.spawn(line, program);
    this.#scheduler.runUntil(this.#scheduler.now + NS_PER_S);
    if (process.status === 0) return printed;
    throw new VethworkError("VW_COMMAND", `${line}: ${errors.trim()}`, "", place);
  }
}

function shellOn(namespace: Namespace, netfilter: Netfilter, processes: ProcessTable): ShellHost {
  const host: ShellHost = {
    name: NAME,
    namespace,
    netfilter,
    processes,
    files: new FileSystem(),
    epochSeconds: 0,
    findHost: (name) => (name === NAME ? host : null),
    hosts: () => [host],
    macFor: (device) => macFromName(`${NAME}/${device}`),
    deviceAdded: () => {},
    deviceRemoved: () => {},
  };
  return host;
}

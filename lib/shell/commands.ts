/** All commands of the shell, by name. */
import type { Command } from "./command.ts";
import { arp } from "./commands/arp.ts";
import {
  cat,
  echo,
  falseCommand,
  head,
  hostname,
  kill,
  printf,
  sleepCommand,
  timeout,
  trueCommand,
  wc,
} from "./commands/basic.ts";
import { bridge } from "./commands/bridge.ts";
import { conntrack } from "./commands/conntrack.ts";
import { curl } from "./commands/curl.ts";
import { ethtool } from "./commands/ethtool.ts";
import { ifconfig } from "./commands/ifconfig.ts";
import { ip } from "./commands/ip.ts";
import { iptables, iptablesRestore, iptablesSave } from "./commands/iptables.ts";
import { httpServerCommand, nc, scriptCommand } from "./commands/network-programs.ts";
import { ping } from "./commands/ping.ts";
import { route } from "./commands/route.ts";
import { ss } from "./commands/ss.ts";
import { sysctl } from "./commands/sysctl.ts";
import { traceroute } from "./commands/traceroute.ts";

const COMMANDS: readonly Command[] = [
  arp,
  bridge,
  cat,
  conntrack,
  curl,
  echo,
  ethtool,
  falseCommand,
  head,
  hostname,
  httpServerCommand,
  ifconfig,
  ip,
  iptables,
  iptablesRestore,
  iptablesSave,
  kill,
  nc,
  ping,
  printf,
  route,
  scriptCommand,
  sleepCommand,
  ss,
  sysctl,
  timeout,
  traceroute,
  trueCommand,
  wc,
];

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  COMMANDS.map((command) => [command.name, command]),
);

/** The command of that name, with or without the path in front of it; null if there is none. */
export function findCommand(name: string): Command | null {
  const base = /^\/(?:usr\/)?s?bin\/([^/]+)$/.exec(name)?.[1] ?? name;
  return BY_NAME.get(base.replace(/^(iptables)-(?:nft|legacy)/, "$1")) ?? null;
}

/** All names, sorted. */
export function commandNames(): string[] {
  return [...BY_NAME.keys()].sort();
}

/** All commands of the shell, by name. */
import type { Command } from "./command.ts";
import { arp } from "./commands/arp.ts";
import { bridge } from "./commands/bridge.ts";
import { cat } from "./commands/cat.ts";
import { conntrack } from "./commands/conntrack.ts";
import { curl } from "./commands/curl.ts";
import { echo } from "./commands/echo.ts";
import { ethtool } from "./commands/ethtool.ts";
import { head } from "./commands/head.ts";
import { hostname } from "./commands/hostname.ts";
import { httpProxyCommand } from "./commands/http-proxy.ts";
import { httpServerCommand } from "./commands/http-server.ts";
import { ifconfig } from "./commands/ifconfig.ts";
import { ip } from "./commands/ip.ts";
import { ipset } from "./commands/ipset.ts";
import { iptables, iptablesRestore, iptablesSave } from "./commands/iptables.ts";
import { kill } from "./commands/kill.ts";
import { dnsServerCommand, getent } from "./commands/names.ts";
import { nc } from "./commands/nc.ts";
import { nfacct } from "./commands/nfacct.ts";
import { ping } from "./commands/ping.ts";
import { printf } from "./commands/printf.ts";
import { route } from "./commands/route.ts";
import { scriptCommand } from "./commands/script.ts";
import { sleepCommand } from "./commands/sleep.ts";
import { ss } from "./commands/ss.ts";
import { sysctl } from "./commands/sysctl.ts";
import { timeout } from "./commands/timeout.ts";
import { traceroute } from "./commands/traceroute.ts";
import { falseCommand, trueCommand } from "./commands/true.ts";
import { wc } from "./commands/wc.ts";

const COMMANDS: readonly Command[] = [
  arp,
  bridge,
  cat,
  conntrack,
  curl,
  dnsServerCommand,
  echo,
  ethtool,
  falseCommand,
  getent,
  head,
  hostname,
  httpProxyCommand,
  httpServerCommand,
  ifconfig,
  ip,
  ipset,
  iptables,
  iptablesRestore,
  iptablesSave,
  kill,
  nc,
  nfacct,
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

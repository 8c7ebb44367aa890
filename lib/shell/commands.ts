/** All commands of the shell, by name. */
import type { Command } from "./command.ts";
import { type CommandSet, commandSet } from "./command-set.ts";
import { arp } from "./commands/arp.ts";
import { awk } from "./commands/awk.ts";
import { base64 } from "./commands/base64.ts";
import { dig } from "./commands/bind/dig.ts";
import { hostLookup } from "./commands/bind/host.ts";
import { nslookup } from "./commands/bind/nslookup.ts";
import { bridge } from "./commands/bridge.ts";
import { cat } from "./commands/cat.ts";
import { conntrack } from "./commands/conntrack.ts";
import { cp, ln, mv } from "./commands/copies.ts";
import { curl } from "./commands/curl.ts";
import { date } from "./commands/date.ts";
import { dnsServerCommand } from "./commands/dns-server.ts";
import { echo } from "./commands/echo.ts";
import { env, printenv } from "./commands/env.ts";
import { ethtool } from "./commands/ethtool.ts";
import { chmod, chown, mkdir, rm, tee, touch } from "./commands/file-tools.ts";
import { cut, rev, sort, tr, uniq } from "./commands/filters.ts";
import { getent } from "./commands/getent.ts";
import { grep } from "./commands/grep.ts";
import { head } from "./commands/head.ts";
import { hostname } from "./commands/hostname.ts";
import { httpProxyCommand } from "./commands/http-proxy.ts";
import { httpServerCommand } from "./commands/http-server.ts";
import { ifconfig } from "./commands/ifconfig.ts";
import { ip } from "./commands/ip.ts";
import { ipset } from "./commands/ipset.ts";
import { iptables, iptablesRestore, iptablesSave } from "./commands/iptables.ts";
import { kill } from "./commands/kill.ts";
import { ls, pwd } from "./commands/ls.ts";
import { basename, dirname, id, uname, which, whoami } from "./commands/names.ts";
import { nc } from "./commands/nc.ts";
import { netstat } from "./commands/netstat.ts";
import { nfacct } from "./commands/nfacct.ts";
import { ping } from "./commands/ping.ts";
import { printf } from "./commands/printf.ts";
import { ps } from "./commands/ps.ts";
import { route } from "./commands/route.ts";
import { scriptCommand } from "./commands/script.ts";
import { sed } from "./commands/sed.ts";
import { seq, yes } from "./commands/seq.ts";
import { shellCommand } from "./commands/sh.ts";
import { sleepCommand } from "./commands/sleep.ts";
import { ss } from "./commands/ss.ts";
import { sysctl } from "./commands/sysctl.ts";
import { tail } from "./commands/tail.ts";
import { bracket, doubleBracket, test } from "./commands/test.ts";
import { timeout } from "./commands/timeout.ts";
import { tracepath } from "./commands/tracepath.ts";
import { traceroute } from "./commands/traceroute.ts";
import { falseCommand, trueCommand } from "./commands/true.ts";
import { wc } from "./commands/wc.ts";
import { xargs } from "./commands/xargs.ts";
import { xtablesMonitor } from "./commands/xtables-monitor.ts";

/** Commands of GNU and of the project, by name. */
export const COMMANDS: readonly Command[] = [
  arp,
  awk,
  bracket,
  bridge,
  cat,
  conntrack,
  curl,
  base64,
  basename,
  chmod,
  chown,
  cp,
  cut,
  date,
  dig,
  dirname,
  dnsServerCommand,
  doubleBracket,
  echo,
  env,
  ethtool,
  falseCommand,
  getent,
  grep,
  head,
  hostLookup,
  hostname,
  httpProxyCommand,
  httpServerCommand,
  id,
  ifconfig,
  ip,
  ipset,
  iptables,
  iptablesRestore,
  iptablesSave,
  kill,
  ln,
  ls,
  mkdir,
  mv,
  nc,
  netstat,
  nfacct,
  nslookup,
  ping,
  printenv,
  printf,
  ps,
  pwd,
  rev,
  rm,
  route,
  scriptCommand,
  sed,
  seq,
  shellCommand("bash"),
  shellCommand("sh"),
  sleepCommand,
  sort,
  ss,
  sysctl,
  tail,
  tee,
  test,
  timeout,
  touch,
  tr,
  tracepath,
  traceroute,
  trueCommand,
  uname,
  uniq,
  wc,
  which,
  whoami,
  xargs,
  xtablesMonitor,
  yes,
];

const DEBIAN = commandSet("dash", COMMANDS);

/** The commands of a lab's hosts: a Debian with the usual network tools, and the project's own. */
export const LAB_COMMANDS: CommandSet = {
  shell: "dash",
  find: (name) => DEBIAN.find(name.replace(/(^|\/)(iptables)-(?:nft|legacy)/, "$1$2")),
  names: () => DEBIAN.names(),
};

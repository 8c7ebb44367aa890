/**
 * `route` of net-tools: prints the main table. What it changes is in `route-change.ts`.
 *
 * Spec: net-tools 2.10, lib/inet_gr.c (rprint_fib). Kernel: net/ipv4/fib_trie.c (fib_route_seq_show).
 */
import { formatIpv4, maskOf } from "../../base/inet.ts";
import type { FibEntry } from "../../net/fib-info.ts";
import { Table } from "../../net/fib-table.ts";
import { AddressType } from "../../netfilter/hooks.ts";
import { type Command, immediate, notModelled } from "../command.ts";
import type { ShellHost } from "../host.ts";
import { readOptions } from "../options.ts";
import { readRouteChange } from "./route-change.ts";

const TITLE = "Kernel IP routing table\n";
const COLUMNS = "Destination     Gateway         Genmask         Flags ";
const HEADS = [
  "Metric Ref    Use Iface\n",
  "  MSS Window  irtt Iface\n",
  "Metric Ref    Use Iface    MSS   Window irtt\n",
];
/** Headers of IPv4 and TCP: the table prints the MSS with them. */
const HEADERS = 40;

/** The command. */
export const route: Command = {
  name: "route",
  parse(args) {
    const [verb] = args;
    if (verb === "add" || verb === "del") return readRouteChange(verb, args.slice(1));
    const allowed = "route [-n] [-e[e]], route add|del";
    const given = readOptions(args, { command: "route", letters: "neF4", allowed });
    const [unknown] = given.words;
    if (unknown !== undefined) throw notModelled("route", unknown, allowed);
    const numeric = given.has("n");
    const extended = Math.min(2, given.all("e").length);
    return immediate(({ host, io }) => {
      io.stdout(routingTable(host, numeric, extended));
      return 0;
    });
  },
};

/** The main table, `extended` as often as `-e` was given; `netstat -r` prints the form of once. */
export function routingTable({ namespace }: ShellHost, numeric: boolean, extended: number): string {
  const lines = namespace.fib
    .table(Table.MAIN)
    .entries()
    .map((entry) => line(entry, numeric, extended));
  return `${TITLE}${COLUMNS}${HEADS[extended]}${lines.join("")}`;
}

function line(entry: FibEntry, numeric: boolean, extended: number): string {
  const { destination, prefixLength, info, type } = entry;
  const [nexthop] = info.nexthops;
  const rejects = type === AddressType.UNREACHABLE || type === AddressType.PROHIBIT;
  const gateway = nexthop?.gateway ?? 0;
  const name =
    !numeric && destination === 0 && prefixLength === 0 ? "default" : formatIpv4(destination);
  const flags = `${rejects ? "!" : "U"}${gateway === 0 ? "" : "G"}${prefixLength === 32 ? "H" : ""}`;
  const via = rejects ? "-" : formatIpv4(gateway);
  const device = rejects ? "-" : (nexthop?.device?.name ?? "*");
  const head =
    `${name.padEnd(15)} ${via.padEnd(15)} ${formatIpv4(maskOf(prefixLength)).padEnd(15)} ` +
    `${flags.padEnd(5)} `;
  const { advmss, window } = info.metrics;
  const [mss, size, irtt] = rejects
    ? ["-", "-", "-"]
    : [String(advmss === 0 ? 0 : advmss + HEADERS), String(window), "0"];
  if (extended === 1) {
    return `${head}${mss.padStart(5)} ${size.padEnd(5)} ${irtt.padStart(6)} ${device}\n`;
  }
  const use = `${String(info.priority).padEnd(6)} ${rejects ? "-" : "0"}        0 `;
  if (extended === 0) return `${head}${use}${device}\n`;
  return `${head}${use}${device.padEnd(8)} ${mss.padEnd(5)} ${size.padEnd(6)} ${irtt}\n`;
}

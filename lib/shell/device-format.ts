/**
 * A device as iproute2 prints it: flags, state, the line of `ip link` and the objects of `-j`.
 *
 * Spec: iproute2 6.1, ip/ipaddress.c (print_linkinfo, print_link_flags, print_link_stats).
 * Kernel: net/core/link_watch.c (default_operstate), 6.18.
 */
import { formatMac } from "../base/mac.ts";
import { Bridge } from "../link/bridge.ts";
import type { NetDevice } from "../link/device.ts";
import { Veth } from "../link/veth.ts";
import type { ShellHost } from "./host.ts";

/** The bridge that a device is a port of, or null. */
export function masterOf(device: NetDevice): Bridge | null {
  const master = device.rxHandler?.master;
  return master instanceof Bridge ? master : null;
}

/** `UP`, `DOWN`, `LOWERLAYERDOWN` or `UNKNOWN` (RFC 2863 operational state). */
export function operState(device: NetDevice): string {
  if (device.kind === "loopback" || device.kind === "dummy") {
    return device.up ? "UNKNOWN" : "DOWN";
  }
  if (!device.up) return "DOWN";
  if (device.carrier) return "UP";
  return device instanceof Veth ? "LOWERLAYERDOWN" : "DOWN";
}

/** The flags in the order in which `ip` prints them. */
export function deviceFlags(device: NetDevice): string[] {
  const flags: string[] = [];
  if (device.up && !device.carrier) flags.push("NO-CARRIER");
  if (device.kind === "loopback") flags.push("LOOPBACK");
  else if (device.kind === "dummy") flags.push("BROADCAST", "NOARP");
  else flags.push("BROADCAST", "MULTICAST");
  if (device.up) flags.push("UP");
  if (device.running) flags.push("LOWER_UP");
  const peer = localPeer(device);
  if (peer !== null && !peer.up && device.up) flags.push("M-DOWN");
  return flags;
}

/** `eth0@if2`, `v1@v2`, `br0`. */
export function linkName(device: NetDevice): string {
  if (!(device instanceof Veth) || device.peer === null) return device.name;
  const local = localPeer(device);
  return `${device.name}@${local === null ? `if${device.peer.index}` : local.name}`;
}

/** ` link-netns NAME` for a veth whose other end is on another host of the run, or "". */
export function linkNetns(host: ShellHost, device: NetDevice): string {
  if (!(device instanceof Veth) || device.peer === null || localPeer(device) !== null) return "";
  const other = host.hosts().find(({ namespace }) => namespace === device.peer?.host);
  return other === undefined ? " link-netnsid 0" : ` link-netns ${other.name}`;
}

/** The queueing discipline that the kernel gives such a device. */
export function qdisc(device: NetDevice): string {
  if (device.kind === "") return "pfifo_fast";
  return device.up || device.kind === "loopback" ? "noqueue" : "noop";
}

/** How much of a device `ip` prints. */
export interface LinkOptions {
  /** `-o`: continuation lines are joined with a backslash. */
  readonly oneLine: boolean;
  readonly details: boolean;
  readonly statistics: boolean;
  /** `ip link` prints the mode; `ip addr` does not. */
  readonly mode: boolean;
  /** `-4`: no line for the hardware address. */
  readonly inetOnly: boolean;
}

/** The lines of one device, newline included. */
export function linkText(host: ShellHost, device: NetDevice, options: LinkOptions): string {
  const newLine = options.oneLine ? "\\" : "\n";
  const master = masterOf(device);
  let text = `${device.index}: ${linkName(device)}: <${deviceFlags(device).join(",")}>`;
  text += ` mtu ${device.mtu} qdisc ${qdisc(device)}`;
  if (master !== null) text += ` master ${master.name}`;
  text += ` state ${operState(device)}${options.mode ? " mode DEFAULT" : ""} group default`;
  text += ` qlen ${device.txQueueLength}`;
  if (!options.inetOnly) text += newLine + hardwareLine(device);
  text += linkNetns(host, device);
  if (options.details) text += detailLines(device, newLine);
  if (options.statistics) text += statisticsLines(device, newLine);
  return `${text}\n`;
}

function hardwareLine(device: NetDevice): string {
  const isLoopback = device.kind === "loopback";
  const broadcast = isLoopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const type = isLoopback ? "loopback" : "ether";
  return `    link/${type} ${formatMac(device.mac)} brd ${broadcast}`;
}

function detailLines(device: NetDevice, newLine: string): string {
  const minimum = device.kind === "loopback" ? 0 : 68;
  const maximum = device.kind === "loopback" ? 0 : 65535;
  let text = ` promiscuity ${device.promiscuity}  allmulti ${device.promiscuity} `;
  text += `minmtu ${minimum} maxmtu ${maximum} `;
  if (device instanceof Bridge) text += newLine + bridgeDetails(device);
  else if (device.kind === "veth") text += `${newLine}    veth `;
  else if (device.kind === "dummy") text += `${newLine}    dummy `;
  const master = masterOf(device);
  const port = master?.portOf(device) ?? null;
  if (master !== null && port !== null) {
    const on = (flag: boolean): string => (flag ? "on" : "off");
    text += `${newLine}    bridge_slave state ${device.running ? "forwarding" : "disabled"}`;
    text += ` priority 32 cost 2 hairpin ${on(port.hairpin)} guard off root_block off`;
    text += ` fastleave off learning ${on(port.learning)} flood ${on(port.flood)}`;
    text += ` mcast_flood ${on(port.multicastFlood)} bcast_flood ${on(port.broadcastFlood)}`;
    text += ` isolated ${on(port.isolated)} `;
  }
  return text;
}

function bridgeDetails(bridge: Bridge): string {
  const ageing = Math.round(bridge.ageingNs / 10_000_000);
  const id = `8000.${shortMac(bridge.mac)}`;
  return (
    `    bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time ${ageing}` +
    ` stp_state 0 priority 32768 vlan_filtering 0 bridge_id ${id} designated_root ${id} `
  );
}

/** A bridge identifier's octets carry no leading zeros. */
function shortMac(mac: number): string {
  return formatMac(mac)
    .split(":")
    .map((octet) => Number.parseInt(octet, 16).toString(16))
    .join(":");
}

function statisticsLines(device: NetDevice, newLine: string): string {
  const c = device.counters;
  const rx = [c.rxBytes, c.rxPackets, c.rxErrors, c.rxDropped, 0, c.multicast];
  const tx = [c.txBytes, c.txPackets, c.txErrors, c.txDropped, 0, 0];
  return (
    statisticsTable(
      "RX:",
      ["bytes", "packets", "errors", "dropped", "missed", "mcast"],
      rx,
      newLine,
    ) +
    statisticsTable(
      "TX:",
      ["bytes", "packets", "errors", "dropped", "carrier", "collsns"],
      tx,
      newLine,
    )
  );
}

/** Columns are as wide as iproute2's longest names, or as their values. */
function statisticsTable(
  label: string,
  names: readonly string[],
  values: readonly number[],
  newLine: string,
): string {
  const minimum = [10, 7, 6, 7, 7, 7];
  const widths = values.map((value, index) => Math.max(String(value).length, minimum[index] ?? 0));
  const head = names.map((name, index) =>
    name.padStart((widths[index] ?? 0) - (index === 0 ? label.length : 0)),
  );
  const row = values.map((value, index) => String(value).padStart(widths[index] ?? 0));
  const compressed = " ".repeat(10);
  return `${newLine}    ${label}${head.join(" ")} ${compressed}${newLine}    ${row.join(" ")} `;
}

/** The other end of a veth if it is in the same namespace. */
function localPeer(device: NetDevice): NetDevice | null {
  if (!(device instanceof Veth) || device.peer === null) return null;
  return device.peer.host === device.host ? device.peer : null;
}

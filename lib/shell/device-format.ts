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
import { Namespace } from "../net/namespace.ts";
import type { ShellHost } from "./host.ts";
import { detailLines } from "./link-details.ts";

const RX_NAMES = ["bytes", "packets", "errors", "dropped", "missed", "mcast"];
const TX_NAMES = ["bytes", "packets", "errors", "dropped", "carrier", "collsns"];
const RX_ERRORS = ["length", "crc", "frame", "fifo", "overrun"];
const TX_ERRORS = ["aborted", "fifo", "window", "heartbt", "transns"];
const SMALLEST_WIDTHS = [10, 7, 6, 7, 7, 7];

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
  return isBelowDown(device) ? "LOWERLAYERDOWN" : "DOWN";
}

/**
 * Whether a device without carrier says that it is for a device below. The kernel takes the index of
 * a veth's other end for one of the same host, which it need not be, and looks at that one.
 */
function isBelowDown(device: NetDevice): boolean {
  if (!(device instanceof Veth) || device.peer === null) return false;
  const { index } = device.peer;
  const { host } = device;
  if (index === device.index || !(host instanceof Namespace)) return false;
  const below = host.deviceByIndex(index);
  return below !== null && !below.carrier;
}

/** The flags in the order in which `ip` prints them. */
export function deviceFlags(device: NetDevice): string[] {
  const flags: string[] = [];
  if (device.up && !device.carrier) flags.push("NO-CARRIER");
  if (device.kind === "loopback") flags.push("LOOPBACK");
  else if (device.kind === "dummy") flags.push("BROADCAST", "NOARP");
  else flags.push("BROADCAST", ...(device.noMulticast ? [] : ["MULTICAST"]));
  if (device.noArp) flags.push("NOARP");
  if (device.allMulticast) flags.push("ALLMULTI");
  if (device.promiscuous) flags.push("PROMISC");
  if (device.up) flags.push("UP");
  if (device.lowerUp) flags.push("LOWER_UP");
  const peer = localPeer(device);
  if (peer !== null && !peer.up) flags.push("M-DOWN");
  return flags;
}

/** `eth0@if2`, `v1@v2`, `br0`. */
export function linkName(device: NetDevice): string {
  if (!(device instanceof Veth) || device.peer === null) return device.name;
  const local = localPeer(device);
  return `${device.name}@${local === null ? `if${device.peer.index}` : local.name}`;
}

/** ` link-netns NAME` for a veth whose other end is on another host of the run, or "". */
function linkNetns(host: ShellHost, device: NetDevice): string {
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
  /** How often `-s` was given: twice says which errors. */
  readonly statistics: number;
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
  if (options.details) text += detailLines(device, master?.portOf(device) ?? null, newLine);
  if (device.alias !== "") text += `${newLine}    alias ${device.alias}`;
  if (options.mode && options.statistics > 0) text += statisticsText(device, options);
  return `${text}\n`;
}

function hardwareLine(device: NetDevice): string {
  const isLoopback = device.kind === "loopback";
  const broadcast = isLoopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const type = isLoopback ? "loopback" : "ether";
  return `    link/${type} ${formatMac(device.mac)} brd ${broadcast}`;
}

/** The counters of a device, each line with a line end before it. */
export function statisticsText(
  device: NetDevice,
  { statistics, oneLine }: Pick<LinkOptions, "statistics" | "oneLine">,
): string {
  const newLine = oneLine ? "\\" : "\n";
  const c = device.counters;
  const rx = [c.rxBytes, c.rxPackets, c.rxErrors, c.rxDropped, 0, c.multicast];
  const tx = [c.txBytes, c.txPackets, c.txErrors, c.txDropped, 0, 0];
  let text = statisticsTable("RX:", RX_NAMES, rx, newLine);
  if (statistics > 1) text += errorTable("RX errors:", RX_ERRORS, [0, 0, 0, 0, 0], rx, newLine);
  text += statisticsTable("TX:", TX_NAMES, tx, newLine);
  if (statistics < 2) return text;
  const errors = [0, 0, 0, 0, device.carrierChanges];
  return text + errorTable("TX errors:", TX_ERRORS, errors, tx, newLine);
}

/** The counters as `ip -j -s` prints them. */
export function statisticsJson(device: NetDevice, statistics: number): Record<string, unknown> {
  const c = device.counters;
  const more = statistics > 1;
  return {
    rx: {
      bytes: c.rxBytes,
      packets: c.rxPackets,
      errors: c.rxErrors,
      dropped: c.rxDropped,
      over_errors: 0,
      multicast: c.multicast,
      ...(more
        ? { length_errors: 0, crc_errors: 0, frame_errors: 0, fifo_errors: 0, missed_errors: 0 }
        : {}),
    },
    tx: {
      bytes: c.txBytes,
      packets: c.txPackets,
      errors: c.txErrors,
      dropped: c.txDropped,
      carrier_errors: 0,
      collisions: 0,
      ...(more
        ? {
            aborted_errors: 0,
            fifo_errors: 0,
            window_errors: 0,
            heartbeat_errors: 0,
            carrier_changes: device.carrierChanges,
          }
        : {}),
    },
  };
}

/** Errors stand under the columns of the table before, as wide as these, from the second on. */
function errorTable(
  label: string,
  names: readonly string[],
  values: readonly number[],
  above: readonly number[],
  newLine: string,
): string {
  const widths = columnWidths(above).slice(1);
  const first = columnWidths(above)[0] ?? 0;
  const head = names.map((name, index) => name.padStart(widths[index] ?? 0)).join(" ");
  const row = values.map((value, index) => String(value).padStart(widths[index] ?? 0)).join(" ");
  const blank = " ".repeat(first - label.length);
  return `${newLine}    ${label}${blank} ${head}${newLine}    ${" ".repeat(first)} ${row} `;
}

/** Columns are as wide as iproute2's longest names, or as their values. */
function statisticsTable(
  label: string,
  names: readonly string[],
  values: readonly number[],
  newLine: string,
): string {
  const widths = columnWidths(values);
  const head = names.map((name, index) =>
    name.padStart((widths[index] ?? 0) - (index === 0 ? label.length : 0)),
  );
  const row = values.map((value, index) => String(value).padStart(widths[index] ?? 0));
  const compressed = " ".repeat(10);
  return `${newLine}    ${label}${head.join(" ")} ${compressed}${newLine}    ${row.join(" ")} `;
}

function columnWidths(values: readonly number[]): number[] {
  return values.map((value, index) => Math.max(String(value).length, SMALLEST_WIDTHS[index] ?? 0));
}

/** The other end of a veth if it is in the same namespace. */
function localPeer(device: NetDevice): NetDevice | null {
  if (!(device instanceof Veth) || device.peer === null) return null;
  return device.peer.host === device.host ? device.peer : null;
}

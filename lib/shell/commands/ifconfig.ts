/**
 * `ifconfig` of net-tools: what it prints. What it changes is in `ifconfig-change.ts`.
 *
 * Spec: net-tools 2.10, ifconfig.c, lib/interface.c (ife_print_long).
 */
import { formatIpv4, maskOf } from "../../base/inet.ts";
import { formatMac } from "../../base/mac.ts";
import type { NetDevice } from "../../link/device.ts";
import type { InterfaceAddress } from "../../net/inet-device.ts";
import { InterfaceIoctl } from "../../net/interface-ioctl.ts";
import {
  type Command,
  type CommandContext,
  immediate,
  notModelled,
  ToolError,
} from "../command.ts";
import { findDevice, type ShellHost } from "../host.ts";
import { readChanges } from "./ifconfig-change.ts";

const FLAGS: readonly (readonly [number, string])[] = [
  [0x1, "UP"],
  [0x2, "BROADCAST"],
  [0x8, "LOOPBACK"],
  [0x40, "RUNNING"],
  [0x80, "NOARP"],
  [0x1000, "MULTICAST"],
];

const OPTIONS = ["-a", "-s", "-v"];

const SHORT_HEAD =
  "Iface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n";

/** The command. */
export const ifconfig: Command = {
  name: "ifconfig",
  parse(args) {
    const short = args.includes("-s");
    const all = args.includes("-a");
    const [name = "", ...changes] = args.filter((word) => !OPTIONS.includes(word));
    if (name.startsWith("-")) throw notModelled("ifconfig", name, OPTIONS.join(", "));
    if (changes.length > 0) return readChanges(name, changes);
    return immediate((context) => show(context, name, all, short));
  },
};

function show({ host, io }: CommandContext, name: string, all: boolean, short: boolean): number {
  const [owner, alias] = aliasOf(host, name);
  if (owner !== null && alias !== null) {
    io.stdout(aliasText(owner, alias));
    return 0;
  }
  if (name !== "" && findDevice(host, name) === null) {
    throw new ToolError(`${name}: error fetching interface information: Device not found`, 1);
  }
  const shown = [...host.namespace.devices.values()]
    .filter((device) => (name === "" ? all || device.up : device.name === name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (short) {
    io.stdout(`${SHORT_HEAD}${shown.map(shortLine).join("")}`);
    return 0;
  }
  for (const device of shown) {
    const { addresses } = host.namespace.inet(device);
    const own = addresses.find(({ label }) => label === device.name) ?? null;
    io.stdout(longText(device, own));
    for (const entry of name === "" ? addresses : []) {
      if (entry.label !== device.name) io.stdout(aliasText(device, entry));
    }
  }
  return 0;
}

/** The table of `netstat -i`, whose head is a little wider; `all`: with devices that are down. */
export function interfaceTable({ namespace }: ShellHost, all: boolean): string {
  const shown = [...namespace.devices.values()]
    .filter((device) => all || device.up)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${SHORT_HEAD.replace(" ", " ".repeat(8))}${shown.map(shortLine).join("")}`;
}

/** The device and the address that `eth0:1` names. */
function aliasOf(
  { namespace }: ShellHost,
  name: string,
): readonly [NetDevice | null, InterfaceAddress | null] {
  if (!name.includes(":")) return [null, null];
  const ioctl = new InterfaceIoctl(namespace);
  return [ioctl.device(name), ioctl.find(name)];
}

function flagsOf(device: NetDevice): number {
  const isLoopback = device.kind === "loopback";
  let flags = device.up ? 0x1 : 0;
  if (device.running) flags |= 0x40;
  if (isLoopback) flags |= 0x8;
  else flags |= device.kind === "dummy" ? 0x82 : 0x1002;
  return flags;
}

function headLine(device: NetDevice, label: string): string {
  const flags = flagsOf(device);
  const names = FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return `${label}: flags=${flags}<${names.join(",")}>  mtu ${device.mtu}\n`;
}

function inetLine(device: NetDevice, entry: InterfaceAddress): string {
  const isLoopback = device.kind === "loopback";
  const mask = formatIpv4(maskOf(entry.prefixLength));
  const broadcast = isLoopback ? "" : `  broadcast ${formatIpv4(entry.broadcast)}`;
  return `        inet ${formatIpv4(entry.local)}  netmask ${mask}${broadcast}\n`;
}

function linkLine(device: NetDevice): string {
  const queue = `txqueuelen ${device.txQueueLength}`;
  if (device.kind === "loopback") return `        loop  ${queue}  (Local Loopback)\n`;
  return `        ether ${formatMac(device.mac)}  ${queue}  (Ethernet)\n`;
}

function longText(device: NetDevice, entry: InterfaceAddress | null): string {
  const c = device.counters;
  let text = headLine(device, device.name);
  if (entry !== null) text += inetLine(device, entry);
  text += linkLine(device);
  text += `        RX packets ${c.rxPackets}  bytes ${c.rxBytes} (${humanBytes(c.rxBytes)})\n`;
  text += `        RX errors ${c.rxErrors}  dropped ${c.rxDropped}  overruns 0  frame 0\n`;
  text += `        TX packets ${c.txPackets}  bytes ${c.txBytes} (${humanBytes(c.txBytes)})\n`;
  text += `        TX errors ${c.txErrors}  dropped ${c.txDropped} overruns 0  carrier 0  collisions 0\n`;
  return `${text}\n`;
}

function aliasText(device: NetDevice, entry: InterfaceAddress): string {
  return `${headLine(device, entry.label)}${inetLine(device, entry)}${linkLine(device)}\n`;
}

function shortLine(device: NetDevice): string {
  const c = device.counters;
  const letters = `${device.kind === "loopback" ? "L" : "BM"}${device.running ? "R" : ""}${device.up ? "U" : ""}`;
  const number = (value: number, width: number): string => String(value).padStart(width);
  return (
    `${device.name.padEnd(15)} ${number(device.mtu, 5)} ` +
    `${number(c.rxPackets, 8)} ${number(c.rxErrors, 6)} ${number(c.rxDropped, 6)} 0      ` +
    `${number(c.txPackets, 8)} ${number(c.txErrors, 6)} ${number(c.txDropped, 6)}      0 ${letters}\n`
  );
}

/** `4.1 KiB`: one decimal, cut and not rounded. */
function humanBytes(bytes: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1024 ** 4, "TiB"],
    [1024 ** 3, "GiB"],
    [1024 ** 2, "MiB"],
    [1024, "KiB"],
  ];
  const [size, unit] = units.find(([least]) => bytes >= least) ?? [1, "B"];
  const tenths = Math.floor((bytes * 10) / size);
  return `${Math.floor(tenths / 10)}.${tenths % 10} ${unit}`;
}

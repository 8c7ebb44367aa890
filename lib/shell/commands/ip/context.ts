/**
 * What the objects of `ip` share: options before the object, look-ups, and refusals as rtnetlink
 * and iproute2 word them.
 *
 * Spec: iproute2 6.1, ip/ip.c, lib/libnetlink.c (rtnl_talk_error), lib/utils.c.
 */
import { errnoMessage } from "../../../base/errno.ts";
import { type Cidr, type Ipv4, ipv4, isIpv4, maskOf, parseIpv4 } from "../../../base/inet.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { Refusal } from "../../../net/inet.ts";
import type { Namespace } from "../../../net/namespace.ts";
import { ToolError } from "../../command.ts";
import { findDevice, type ShellHost } from "../../host.ts";
import type { Words } from "../../words.ts";

/** Options that stand before the object. */
export interface IpOptions {
  readonly brief: boolean;
  readonly details: boolean;
  /** How often `-s` was given. */
  readonly statistics: number;
  readonly json: boolean;
  /** `-p`: JSON on many lines. */
  readonly pretty: boolean;
  readonly oneLine: boolean;
  /** `-4`. */
  readonly inetOnly: boolean;
}

/** Where an `ip` command acts. */
export interface IpContext {
  readonly host: ShellHost;
  readonly options: IpOptions;
  print(text: string): void;
  /** To standard error, with success all the same. */
  warn(text: string): void;
}

/** A command of one object, its words read. Throws `ToolError`; what it prints is on success. */
export type IpAction = (context: IpContext) => void;

/** Reads the words behind the object. */
export type IpObject = (words: Words, options: IpOptions) => IpAction;

/** Exit status when the kernel refused. */
const REFUSED = 2;

/** The device of that name; else what `ip` says. */
export function needDevice(host: ShellHost, name: string): NetDevice {
  const device = findDevice(host, name);
  if (device === null) throw new ToolError(`Cannot find device "${name}"`, 1);
  return device;
}

/** Throws what the kernel said, unless it agreed. */
export function check(refusal: Refusal | null): void {
  if (refusal === null) return;
  if (refusal.message !== "") throw new ToolError(`Error: ${refusal.message}.`, REFUSED);
  throw refused(refusal.errno);
}

/** `RTNETLINK answers: File exists` */
export function refused(errno: number): ToolError {
  return new ToolError(`RTNETLINK answers: ${errnoMessage(errno)}`, REFUSED);
}

/** A word that makes no sense here: `Command "x" is unknown, try "ip route help".` */
export function unknownCommand(word: string, help: string): ToolError {
  return new ToolError(`Command "${word}" is unknown, try "${help}".`, 255);
}

/** An address, or what `ip` says about a wrong one. */
export function readAddress(text: string, family: "inet" | "any valid" = "any valid"): Ipv4 {
  const address = readOctets(text);
  if (address !== null) return address;
  throw new ToolError(`Error: ${family} address is expected rather than "${text}".`, 1);
}

/** A prefix such as `10.0.0.0/8`, `10.0.0.1` or `default`; host bits are kept. */
export function readPrefix(text: string): Cidr {
  if (text === "default" || text === "any" || text === "all")
    return { address: 0 as Ipv4, prefixLength: 0 };
  const [before = "", behind = null] = text.split("/");
  const address = readOctets(before);
  const prefixLength = behind === null ? 32 : readPrefixLength(behind);
  if (address !== null && prefixLength !== null) return { address, prefixLength };
  throw new ToolError(`Error: any valid prefix is expected rather than "${text}".`, 1);
}

/** `10.1` is 10.1.0.0: what is missing is behind (get_addr_ipv4). */
function readOctets(text: string): Ipv4 | null {
  const octets = text.split(".");
  if (octets.length > 4 || !octets.every((octet) => /^[0-9]{1,3}$/.test(octet))) return null;
  const values = [0, 1, 2, 3].map((index) => Number(octets[index] ?? 0));
  if (values.some((value) => value > 255)) return null;
  return ipv4(values.reduce((address, value) => address * 256 + value, 0));
}

/** A number, or a mask without gaps. */
function readPrefixLength(text: string): number | null {
  if (/^[0-9]{1,2}$/.test(text)) return Number(text) <= 32 ? Number(text) : null;
  if (!isIpv4(text)) return null;
  const mask = parseIpv4(text);
  const length = Math.clz32(~mask);
  return maskOf(length) === mask ? length : null;
}

/** A number, or `Error: argument "x" is wrong: invalid …`. */
export function readNumber(words: Words, what: string, max = 2 ** 32 - 1): number {
  const text = words.take();
  const value = /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw wrongArgument(text, what);
  return value;
}

/** `Error: argument "x" is wrong: invalid mtu` */
export function wrongArgument(word: string, why: string): ToolError {
  return new ToolError(`Error: argument "${word}" is wrong: ${why}\n`, 255);
}

/** All devices in order of their index. */
export function devicesOf(namespace: Namespace): NetDevice[] {
  return [...namespace.devices.values()].sort((a, b) => a.index - b.index);
}

/** Names of routing tables as in `/etc/iproute2/rt_tables`. */
export function tableName(table: number): string {
  return table === 255
    ? "local"
    : table === 254
      ? "main"
      : table === 253
        ? "default"
        : String(table);
}

/** The number of a table by name or number. */
export function readTable(words: Words): number {
  const text = words.take();
  const named = { local: 255, main: 254, default: 253 }[text];
  if (named !== undefined) return named;
  if (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text)) return Number(text);
  throw new ToolError(`Error: argument "${text}" is wrong: table id value is invalid`, 255);
}

const SCOPES: readonly (readonly [string, number])[] = [
  ["global", 0],
  ["site", 200],
  ["link", 253],
  ["host", 254],
  ["nowhere", 255],
];

/** A scope by name or number. */
export function readScope(words: Words): number {
  const text = words.take();
  const named = SCOPES.find(
    ([name]) => name === text || (text === "universe" && name === "global"),
  );
  if (named !== undefined) return named[1];
  if (/^[0-9]+$/.test(text) && Number(text) < 256) return Number(text);
  throw new ToolError(`Error: argument "${text}" is wrong: invalid "scope" value`, 255);
}

/** The name of a scope, or its number. */
export function scopeName(scope: number): string {
  return SCOPES.find(([, value]) => value === scope)?.[0] ?? String(scope);
}

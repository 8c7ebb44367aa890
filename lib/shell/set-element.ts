/**
 * Elements of IP sets as `ipset` reads and prints them.
 *
 * Spec: ipset 7.17, lib/parse.c, lib/print.c.
 */
import { formatIpv4, maskOf } from "../base/inet.ts";
import type { IpSet, SetElement } from "../netfilter/ipset.ts";
import { servicePort } from "../netfilter/text/names.ts";
import {
  formatProtocol,
  parseNumber,
  protocolValue,
  tryAddress,
} from "../netfilter/text/values.ts";
import { IPPROTO_ICMP, IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import { ToolError } from "./command.ts";

/** More elements than one word may stand for. */
const MAX_RANGE = 65536;
const ICMP_NAMES: readonly (readonly [string, number])[] = [
  ["echo-reply", 0x0000],
  ["pong", 0x0000],
  ["network-unreachable", 0x0300],
  ["host-unreachable", 0x0301],
  ["protocol-unreachable", 0x0302],
  ["port-unreachable", 0x0303],
  ["fragmentation-needed", 0x0304],
  ["source-route-failed", 0x0305],
  ["network-unknown", 0x0306],
  ["host-unknown", 0x0307],
  ["network-prohibited", 0x0309],
  ["host-prohibited", 0x030a],
  ["TOS-network-unreachable", 0x030b],
  ["TOS-host-unreachable", 0x030c],
  ["communication-prohibited", 0x030d],
  ["host-precedence-violation", 0x030e],
  ["precedence-cutoff", 0x030f],
  ["source-quench", 0x0400],
  ["network-redirect", 0x0500],
  ["host-redirect", 0x0501],
  ["TOS-network-redirect", 0x0502],
  ["TOS-host-redirect", 0x0503],
  ["echo-request", 0x0800],
  ["ping", 0x0800],
  ["router-advertisement", 0x0900],
  ["router-solicitation", 0x0a00],
  ["ttl-zero-during-transit", 0x0b00],
  ["ttl-zero-during-reassembly", 0x0b01],
  ["ip-header-bad", 0x0c00],
  ["required-option-missing", 0x0c01],
  ["timestamp-request", 0x0d00],
  ["timestamp-reply", 0x0e00],
  ["address-mask-request", 0x1100],
  ["address-mask-reply", 0x1200],
];

/** A refusal in the tool's words. */
export function setProblem(problem: string): ToolError {
  return new ToolError(`ipset v7.17: ${problem}`, 1);
}

/** The elements that a word stands for: one, or all of a range. */
export function parseElements(set: IpSet, text: string, nomatch: boolean): SetElement[] {
  const parts = text.split(",");
  const { dimensions, type } = set;
  if (parts.length < dimensions) {
    const which = parts.length === 1 ? "Second" : "Third";
    throw setProblem(`Syntax error: ${which} element is missing from ${text}.`);
  }
  if (parts.length > dimensions) throw setProblem(`Syntax error: Elem separator in ${text}`);
  const [first = "", second = "", third = ""] = parts;
  const plain = {
    protocol: 0,
    port: 0,
    address2: 0,
    prefix: 32,
    nomatch,
    expires: 0,
    packets: 0,
    bytes: 0,
  };
  if (type === "bitmap:port") {
    return ports(set, first, IPPROTO_TCP).map((port) => ({ ...plain, address: 0, port }));
  }
  if (type === "hash:net") return [{ ...plain, ...network(first) }];
  const [protocol, range] = protocolAndPorts(second);
  const ends = third === "" ? { address: 0, prefix: 32 } : network(third);
  if (type === "hash:ip,port,ip" && ends.prefix !== 32) {
    throw setProblem(`Syntax error: plain IP address must be supplied: ${third}`);
  }
  return addresses(first).flatMap((address) => {
    if (type === "hash:ip") return [{ ...plain, address }];
    const more = { address2: ends.address, prefix: ends.prefix };
    return ports(set, range, protocol).map((port) => ({
      ...plain,
      ...more,
      address,
      protocol,
      port,
    }));
  });
}

/** As listings print it, counters aside. `timeout`: what stands behind the address. */
export function formatElement(set: IpSet, element: SetElement, timeout = ""): string {
  const { type } = set;
  if (type === "bitmap:port") return `${element.port}${timeout}`;
  const length = element.prefix === 32 ? "" : `/${element.prefix}`;
  const nomatch = element.nomatch ? " nomatch" : "";
  if (type === "hash:net") return `${formatIpv4(element.address)}${length}${timeout}${nomatch}`;
  let text = formatIpv4(element.address);
  if (type === "hash:ip") return text + timeout;
  text += `,${formatProtocol(element.protocol)}:${formatPort(element)}`;
  if (type === "hash:ip,port") return text + timeout;
  return `${text},${formatIpv4(element.address2)}${length}${timeout}${nomatch}`;
}

function formatPort({ protocol, port }: SetElement): string {
  if (protocol !== IPPROTO_ICMP) return String(port);
  return ICMP_NAMES.find(([, code]) => code === port)?.[0] ?? `${port >>> 8}/${port & 255}`;
}

function addressOf(text: string): number {
  const address = tryAddress(text);
  if (address !== undefined) return address;
  throw setProblem(`Syntax error: cannot parse ${text}: resolving to IPv4 address failed`);
}

function network(text: string): { address: number; prefix: number } {
  const slash = text.indexOf("/");
  if (slash === -1) return { address: addressOf(text), prefix: 32 };
  const prefix = parseNumber(text.slice(slash + 1), 0, 32);
  if (prefix === undefined) {
    throw setProblem(`Syntax error: \`${text.slice(slash + 1)}' is out of range 0-32`);
  }
  if (prefix === 0) {
    throw setProblem("The value of the CIDR parameter of the IP address is invalid");
  }
  return { address: addressOf(text.slice(0, slash)) & maskOf(prefix), prefix };
}

/** `1.2.3.4`, `1.2.3.0/30`, `1.2.3.4-1.2.3.9` */
function addresses(text: string): number[] {
  const dash = text.indexOf("-");
  const { address, prefix } = network(dash === -1 ? text : text.slice(0, dash));
  const last = dash === -1 ? address | ~maskOf(prefix) : addressOf(text.slice(dash + 1));
  const count = (last >>> 0) - (address >>> 0) + 1;
  if (count < 1) return addresses(`${text.slice(dash + 1)}-${text.slice(0, dash)}`);
  if (count > MAX_RANGE) {
    throw setProblem("Error: range of more than 65536 addresses in one command");
  }
  return Array.from({ length: count }, (_, index) => (address + index) | 0);
}

/** `80`, `tcp:80`, `udp:53`, `icmp:ping`; without a protocol it is TCP. */
function protocolAndPorts(text: string): [number, string] {
  const colon = text.indexOf(":");
  if (colon === -1) return [IPPROTO_TCP, text];
  return [protocolValue(text.slice(0, colon)), text.slice(colon + 1)];
}

/** A port, or a range of them. */
function ports(set: IpSet, text: string, protocol: number): number[] {
  if (protocol === IPPROTO_ICMP) return [icmpCode(text)];
  const dash = text.indexOf("-");
  const first = portOf(dash <= 0 ? text : text.slice(0, dash), protocol);
  const last = dash <= 0 ? first : portOf(text.slice(dash + 1), protocol);
  const [low, high] = first <= last ? [first, last] : [last, first];
  const { firstPort, lastPort } = set.options;
  if (set.type === "bitmap:port" && (low < firstPort || high > lastPort)) {
    throw setProblem("Element is out of the range of the set");
  }
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

function portOf(text: string, protocol: number): number {
  const number = parseNumber(text, 0, 65535) ?? servicePort(text, formatProtocol(protocol));
  if (number !== undefined) return number;
  const name = formatProtocol(protocol);
  throw setProblem(`Syntax error: cannot parse '${text}' as a ${name} port`);
}

function icmpCode(text: string): number {
  const named = ICMP_NAMES.find(([name]) => name === text)?.[1];
  if (named !== undefined) return named;
  const [type = "", code = ""] = text.split("/");
  const high = parseNumber(type, 0, 255);
  const low = parseNumber(code, 0, 255);
  if (high !== undefined && low !== undefined) return (high << 8) | low;
  throw setProblem(`Syntax error: cannot parse '${text}' as an ICMP type`);
}

/**
 * Elements of IP sets as `ipset` reads and prints them.
 *
 * Spec: ipset 7.17, lib/parse.c, lib/print.c.
 */
import { formatIpv4, maskOf, prefixLengthOf } from "../base/inet.ts";
import { emptyElement, type IpSet, type SetElement } from "../netfilter/ipset.ts";
import { PROTOCOL_NUMBERS, servicePort } from "../netfilter/text/names.ts";
import { formatProtocol, parseNumber, tryHost } from "../netfilter/text/values.ts";
import { IPPROTO_ICMP, IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import { ToolError } from "./command.ts";

const BAD_PREFIX = "The value of the CIDR parameter of the IP address is invalid";
/** TCP, UDP, SCTP and UDP-Lite. */
const WITH_PORTS: readonly number[] = [6, 17, 132, 136];
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

/** A refusal of the command line itself. */
export function usageProblem(problem: string): ToolError {
  return new ToolError(`ipset v7.17: ${problem}\nTry \`ipset help' for more information.`, 2);
}

/** A word that has been read: one element, or a range of them. */
export interface ParsedElement {
  readonly addresses: AddressRange | null;
  readonly ports: PortRange | null;
  readonly ends: AddressRange | null;
  /** As the tool calls it. */
  readonly text: string;
}

/** Ports of a protocol, or a type and code of ICMP. */
interface PortRange {
  readonly protocol: number;
  readonly low: number;
  readonly high: number;
}

/** Reads an element of a set. */
export function parseElement(set: IpSet, text: string): ParsedElement {
  const [first = "", second = "", third = ""] = splitElement(set, text);
  const none = { addresses: null, ports: null, ends: null };
  if (set.type === "bitmap:port") {
    const ports = bitmapPorts(first);
    return {
      ...none,
      ports,
      text: `${ports.low}${ports.high === ports.low ? "" : `-${ports.high}`}`,
    };
  }
  const addresses = addressRange(first);
  if (set.dimensions === 1) return { ...none, addresses, text: addresses.text };
  const ports = protocolAndPorts(second);
  const start = `${addresses.text},${formatProtocol(ports.protocol)}:${formatPort(ports.protocol, ports.low)}`;
  if (set.dimensions === 2) return { ...none, addresses, ports, text: start };
  if (set.type === "hash:ip,port,ip" && /[-/]/.test(third) && !third.endsWith("/32")) {
    throw setProblem(`Syntax error: plain IP address must be supplied: ${third}`);
  }
  const ends = addressRange(third);
  return {
    addresses,
    ports,
    ends,
    text: `${start},${ends.prefix === -1 ? formatIpv4(ends.first) : ends.text}`,
  };
}

/** The elements that a word stands for, one after the other, as the kernel makes them of it. */
export function* elementsOf(
  set: IpSet,
  { addresses, ports, ends }: ParsedElement,
): Generator<SetElement> {
  const { protocol = 0, low = 0, high = 0 } = ports ?? {};
  const plain = emptyElement();
  if (addresses === null) {
    const { firstPort, lastPort } = set.options;
    if (low < firstPort || high > lastPort) {
      throw setProblem("Element is out of the range of the set");
    }
    for (let port = low; port <= high; port += 1) yield { ...plain, port };
    return;
  }
  if (set.type === "hash:net") {
    for (const network of networks(addresses)) yield { ...plain, ...network };
    return;
  }
  for (const address of addressesOf(set, addresses)) {
    for (let port = low; port <= high; port += 1) {
      if (ends === null) {
        yield { ...plain, address, protocol, port };
        continue;
      }
      for (const end of networks(ends)) {
        yield { ...plain, address, protocol, port, address2: end.address, prefix: end.prefix };
      }
    }
  }
}

/**
 * The one element that `ipset test` asks for, or null if it can be in no set; refuses ranges where
 * the tool does.
 */
export function elementToTest(set: IpSet, parsed: ParsedElement): SetElement | null {
  const { addresses, ports, ends } = parsed;
  const family = set.type === "bitmap:port" ? "unspec" : "inet";
  const refuseRange = (form: string): never => {
    throw setProblem(
      `${form} range is not allowed in command test with set type ${set.type} and family ${family}`,
    );
  };
  const hasNetwork = set.type === "hash:ip" || set.type === "hash:net";
  if (addresses?.prefix === -1 && set.type !== "hash:ip") refuseRange("FROM-TO IP");
  if (addresses?.isNetwork === true && !hasNetwork) refuseRange("IP/CIDR");
  if (ports !== null && ports.low !== ports.high) refuseRange("FROM-TO port");
  for (const range of [addresses, ends]) if (range?.prefix === 0) return null;
  if (set.type === "hash:ip" && addresses !== null) {
    return { ...emptyElement(), address: addresses.first & set.options.mask };
  }
  if (set.type === "hash:ip,port" && addresses?.first === 0) return null;
  const [element = null] = elementsOf(set, parsed);
  return element;
}

/** The parts between the commas: as many as the type has. */
function splitElement({ dimensions, type }: IpSet, text: string): string[] {
  const parts = text.split(",");
  if (parts.length < dimensions) {
    const which = parts.length === 1 ? "Second" : "Third";
    throw setProblem(`Syntax error: ${which} element is missing from ${text}.`);
  }
  if (parts.length === dimensions) return parts;
  const counts = ["none", "one", "two"];
  const seen = ["Elem separator", "Two elem separators", "Three elem separators"][dimensions - 1];
  const supported = counts[dimensions - 1];
  throw setProblem(`Syntax error: ${seen} in ${text}, but settype ${type} supports ${supported}.`);
}

/** As listings print it, with nothing behind the address. */
export function formatElement({ type }: IpSet, element: SetElement): string {
  if (type === "bitmap:port") return `${element.port}`;
  const length = element.prefix === 32 ? "" : `/${element.prefix}`;
  if (type === "hash:net") return `${formatIpv4(element.address)}${length}`;
  const text = formatIpv4(element.address);
  if (type === "hash:ip") return text;
  const ports = `${text},${formatProtocol(element.protocol)}:${formatPort(element.protocol, element.port)}`;
  if (type === "hash:ip,port") return ports;
  return `${ports},${formatIpv4(element.address2)}${length}`;
}

function formatPort(protocol: number, port: number): string {
  if (protocol !== IPPROTO_ICMP) return String(port);
  return ICMP_NAMES.find(([, code]) => code === port)?.[0] ?? `${port >>> 8}/${port & 255}`;
}

/** Addresses as they were written: from one to another, or a network. */
interface AddressRange {
  /** Unsigned. */
  readonly first: number;
  readonly last: number;
  /** Of a network; -1: written as two addresses. */
  readonly prefix: number;
  /** Whether a prefix length was written. */
  readonly isNetwork: boolean;
  /** As the tool calls it, host bits and all. */
  readonly text: string;
}

/** `1.2.3.4`, `1.2.3.0/30`, `1.2.3.4-1.2.3.9` */
function addressRange(text: string): AddressRange {
  const dash = text.indexOf("-");
  if (dash !== -1) {
    const from = addressOf(text.slice(0, dash)) >>> 0;
    const to = addressOf(text.slice(dash + 1)) >>> 0;
    const shown = `${formatIpv4(from)}-${formatIpv4(to)}`;
    const [first, last] = from <= to ? [from, to] : [to, from];
    return { first, last, prefix: -1, isNetwork: false, text: shown };
  }
  const slash = text.indexOf("/");
  const prefix = slash === -1 ? 32 : numberIn(text.slice(slash + 1), 0, 32);
  const address = addressOf(slash === -1 ? text : text.slice(0, slash));
  const mask = maskOf(prefix);
  const shown = formatIpv4(address) + (prefix === 32 ? "" : `/${prefix}`);
  const [first, last] = [(address & mask) >>> 0, (address | ~mask) >>> 0];
  return { first, last, prefix, isNetwork: slash !== -1, text: shown };
}

function addressOf(text: string): number {
  const address = tryHost(text);
  if (address !== undefined) return address;
  throw setProblem(`Syntax error: cannot parse ${text}: resolving to IPv4 address failed`);
}

/** The addresses of a range, as far as the set looks at them. */
function* addressesOf({ type, options }: IpSet, range: AddressRange): Generator<number> {
  if (range.prefix === 0) throw setProblem(BAD_PREFIX);
  const step = options.isNetmask ? 2 ** (32 - prefixLengthOf(options.mask)) : 1;
  for (let at = range.first; at <= range.last; at += step) {
    const address = at & options.mask;
    if (type === "hash:ip" && address === 0) {
      throw setProblem("Null-valued element, cannot be stored in a hash type of set");
    }
    if (type === "hash:ip,port" && address === 0) {
      throw setProblem("Kernel error received: Invalid argument");
    }
    yield address;
  }
}

/** A network, or the fewest that make up a range. */
function* networks({
  first,
  last,
  prefix,
}: AddressRange): Generator<{ address: number; prefix: number }> {
  if (prefix === 0) throw setProblem(BAD_PREFIX);
  if (prefix !== -1) {
    yield { address: first | 0, prefix };
    return;
  }
  for (let at = first; at <= last; ) {
    let length = 32;
    for (let size = 2; length > 1; size *= 2, length -= 1) {
      if (at % size !== 0 || at + size - 1 > last) break;
    }
    yield { address: at | 0, prefix: length };
    at += 2 ** (32 - length);
  }
}

/** `80`, `tcp:80`, `udp:53`, `icmp:ping`; without a protocol it is TCP. */
function protocolAndPorts(text: string): PortRange {
  const colon = text.indexOf(":");
  if (colon === -1 || colon === text.length - 1) {
    const [low, high] = portRange(text, IPPROTO_TCP);
    return { protocol: IPPROTO_TCP, low, high };
  }
  const name = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  const protocol = protocolOf(name);
  if (protocol === IPPROTO_ICMP) {
    const code = icmpCode(rest);
    return { protocol, low: code, high: code };
  }
  if (WITH_PORTS.includes(protocol)) {
    const [low, high] = portRange(rest, protocol);
    return { protocol, low, high };
  }
  if (rest !== "0") {
    throw setProblem(`Syntax error: Protocol ${name} can be used with pseudo port value 0 only.`);
  }
  return { protocol, low: 0, high: 0 };
}

/** A bitmap holds ports of no protocol; one may be named all the same. */
function bitmapPorts(text: string): PortRange {
  const colon = text.startsWith(":") ? -1 : text.indexOf(":");
  const protocol = colon === -1 ? IPPROTO_TCP : protocolOf(text.slice(0, colon));
  const [low, high] = portRange(text.slice(colon + 1), protocol);
  return { protocol, low, high };
}

function protocolOf(name: string): number {
  const protocol = PROTOCOL_NUMBERS.get(name.toLowerCase()) ?? parseNumber(name, 0, 255);
  if (protocol !== undefined && protocol !== 0) return protocol;
  throw setProblem(`Syntax error: cannot parse '${name}' as a protocol`);
}

/** A port, or two of them in either order. */
function portRange(text: string, protocol: number): [number, number] {
  const dash = text.indexOf("-");
  if (dash <= 0) {
    const port = portOf(text, protocol);
    return [port, port];
  }
  const last = portOf(text.slice(dash + 1), protocol);
  const first = portOf(text.slice(0, dash), protocol);
  return first <= last ? [first, last] : [last, first];
}

function portOf(text: string, protocol: number): number {
  const name = formatProtocol(protocol);
  const number = parseNumber(text);
  if (number !== undefined && number <= 0xffff) return number;
  const named = servicePort(text, name);
  if (named !== undefined) return named;
  const problem = number === undefined ? "is invalid as number" : "is out of range 0-65535";
  throw setProblem(
    `Syntax error: '${text}' ${problem}\n` +
      `Syntax error: '${name}' is invalid as number\ncannot parse '${text}' as a ${name} port`,
  );
}

function icmpCode(text: string): number {
  const named = ICMP_NAMES.find(([name]) => name === text)?.[1];
  if (named !== undefined) return named;
  const [type = "", code = ""] = text.split("/");
  const high = parseNumber(type, 0, 255);
  const low = parseNumber(code, 0, 255);
  if (high !== undefined && low !== undefined) return (high << 8) | low;
  throw setProblem(`Cannot parse ${text} as an ICMP type/code.`);
}

/** `FROM-TO` of a bitmap's range. */
export function portsOfRange(text: string): [number, number] {
  return portRange(text, IPPROTO_TCP);
}

/** A whole number from `min` to `max`, or a refusal. `shown`: how the largest is written. */
export function numberIn(text: string, min = 0, max = 0xffffffff, shown = String(max)): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const value = parseNumber(text.replace(/^[-+]/, ""), 0, Number.POSITIVE_INFINITY);
  if (value === undefined) throw setProblem(`Syntax error: '${text}' is invalid as number`);
  const number = sign * value;
  if (number >= min && number <= max) return number;
  throw setProblem(`Syntax error: '${text}' is out of range ${min}-${shown}`);
}

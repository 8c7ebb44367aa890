/**
 * Protocols and ports of a set's elements: `tcp:80-90`, `icmp:echo-request`, `udp:domain`.
 *
 * Spec: ipset 7.17, lib/parse.c (ipset_parse_proto_port, ipset_parse_port).
 */
import { PROTOCOL_NUMBERS, servicePort } from "../netfilter/text/names.ts";
import { formatProtocol, parseNumber } from "../netfilter/text/values.ts";
import { IPPROTO_ICMP, IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import { setProblem } from "./set-problem.ts";

/** Ports of a protocol, or a type and code of ICMP. */
export interface PortRange {
  readonly protocol: number;
  readonly low: number;
  readonly high: number;
}

/** `80`, `tcp:80`, `udp:53`, `icmp:ping`; without a protocol it is TCP. */
export function protocolAndPorts(text: string): PortRange {
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
export function bitmapPorts(text: string): PortRange {
  const colon = text.startsWith(":") ? -1 : text.indexOf(":");
  const protocol = colon === -1 ? IPPROTO_TCP : protocolOf(text.slice(0, colon));
  const [low, high] = portRange(text.slice(colon + 1), protocol);
  return { protocol, low, high };
}

/** `FROM-TO` of a bitmap's range. */
export function portsOfRange(text: string): [number, number] {
  return portRange(text, IPPROTO_TCP);
}

/** A port or an ICMP type as `ipset save` prints it. */
export function formatPort(protocol: number, port: number): string {
  if (protocol !== IPPROTO_ICMP) return String(port);
  return ICMP_NAMES.find(([, code]) => code === port)?.[0] ?? `${port >>> 8}/${port & 255}`;
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

/** TCP, UDP, SCTP and UDP-Lite. */
const WITH_PORTS: readonly number[] = [6, 17, 132, 136];

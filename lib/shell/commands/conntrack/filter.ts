/**
 * Which connections the options of `conntrack` choose.
 *
 * Spec: libnetfilter_conntrack 1.0.9, src/conntrack/compare.c; conntrack-tools 1.4.7.
 */
import { maskOf } from "../../../base/inet.ts";
import { type Connection, Direction, Status } from "../../../netfilter/conntrack/connection.ts";
import { stateName, stateNames } from "../../../netfilter/conntrack/print.ts";
import type { Tuple } from "../../../netfilter/conntrack/tuple.ts";
import { parseNumber, tryHost } from "../../../netfilter/text/values.ts";
import { type ConntrackOption, conntrackProblem } from "./options.ts";

/** Options that take an address. */
const ADDRESSES = [
  ...["orig-src", "orig-dst", "reply-src", "reply-dst", "src-nat", "dst-nat", "any-nat"],
];

/** A zone that counts in both directions. */
const BOTH = 3;

/** Whether a connection is meant. */
export type ConnectionTest = (connection: Connection) => boolean;

/** The test of all options together. */
export function connectionTest(options: readonly ConntrackOption[]): ConnectionTest {
  const isIpv6 = options.some(({ name, value }) => name === "family" && value === "ipv6");
  if (isIpv6 && options.some(({ name }) => ADDRESSES.includes(name))) {
    throw conntrackProblem("mismatched address family");
  }
  // Beside anything else that is compared, the tool takes a wanted address of -j for a mistake.
  const isHopeless =
    options.some(({ name, value }) => name === "any-nat" && value !== "") &&
    options.some(({ name }) => name !== "any-nat" && name !== "family" && name !== "output");
  if (isHopeless) return () => false;
  // Of an option that is given twice the last counts.
  const last = new Map(options.map((option) => [option.name, option]));
  const tests = [...last.values()].map(testOf).filter((test) => test !== null);
  return (connection) => tests.every((test) => test(connection));
}

/** The test that an option asks for; null if it is no filter. */
function testOf({ name, value, protocol }: ConntrackOption): ConnectionTest | null {
  switch (name) {
    case "protonum":
      return ({ original }) => original.protocol === protocol;
    case "orig-src":
      return address(value, ({ original }) => original.source);
    case "orig-dst":
      return address(value, ({ original }) => original.destination);
    case "reply-src":
      return address(withoutPrefix(name, value), ({ reply }) => reply.source);
    case "reply-dst":
      return address(withoutPrefix(name, value), ({ reply }) => reply.destination);
    case "src-nat":
    case "dst-nat":
    case "any-nat":
      return natTest(name, value);
    case "mark":
      return markTest(value);
    case "zone":
      return zoneTest(value, BOTH);
    case "orig-zone":
      return zoneTest(value, 1 << Direction.ORIGINAL);
    case "reply-zone":
      return zoneTest(value, 1 << Direction.REPLY);
    case "status":
      return statusTest(value);
    case "family":
      if (value === "ipv4") return null;
      if (value !== "ipv6") throw conntrackProblem(`\`${value}' unsupported protocol`);
      return () => false;
    default:
      return protocolTest(name, value, protocol);
  }
}

function protocolTest(name: string, value: string, protocol: number): ConnectionTest | null {
  const number = parseNumber(value);
  const field = (of: (tuple: Tuple) => number, side: "original" | "reply"): ConnectionTest => {
    return (connection) => of(connection[side]) === number;
  };
  switch (name) {
    case "orig-port-src":
      return field(({ ports }) => ports >>> 16, "original");
    case "orig-port-dst":
      return field(({ ports }) => ports & 0xffff, "original");
    case "reply-port-src":
      return field(({ ports }) => ports >>> 16, "reply");
    case "reply-port-dst":
      return field(({ ports }) => ports & 0xffff, "reply");
    case "icmp-type":
      return field(({ ports }) => (ports >>> 8) & 0xff, "original");
    case "icmp-code":
      return field(({ ports }) => ports & 0xff, "original");
    case "icmp-id":
      return field(({ ports }) => ports >>> 16, "original");
    case "state": {
      if (stateNames(protocol).includes(value))
        return (connection) => stateName(connection) === value;
      const of = protocol === 6 ? "TCP" : "SCTP";
      throw conntrackProblem(`unknown ${of} state \`${value}'`);
    }
    default:
      return null;
  }
}

function withoutPrefix(name: string, value: string): string {
  if (!value.includes("/")) return value;
  throw conntrackProblem(`CIDR notation unavailable for \`--${name}'`);
}

/** `1.2.3.4` or `1.2.3.0/24`. */
function address(text: string, of: (connection: Connection) => number): ConnectionTest {
  const [host = "", length = "32"] = text.split("/");
  const wanted = tryHost(host);
  const prefix = parseNumber(length, 0, 32);
  if (wanted === undefined) throw conntrackProblem(`Invalid IP address \`${host}'`);
  if (prefix === undefined) throw conntrackProblem("Invalid netmask");
  const mask = maskOf(prefix);
  return (connection) => ((of(connection) ^ wanted) & mask) === 0;
}

/** Whether an address is translated, or to which address and port. */
function natTest(name: "src-nat" | "dst-nat" | "any-nat", value: string): ConnectionTest {
  const wanted = value === "" ? null : translation(value);
  const source: ConnectionTest = ({ status, original, reply }) =>
    (status & Status.SRC_NAT_DONE) !== 0 &&
    isTranslated(
      wanted,
      original.source,
      original.ports >>> 16,
      reply.destination,
      reply.ports & 0xffff,
    );
  const destination: ConnectionTest = ({ status, original, reply }) =>
    (status & Status.DST_NAT_DONE) !== 0 &&
    isTranslated(
      wanted,
      original.destination,
      original.ports & 0xffff,
      reply.source,
      reply.ports >>> 16,
    );
  if (name === "src-nat") return source;
  if (name === "dst-nat") return destination;
  return (connection) => source(connection) || destination(connection);
}

/** An address and a port, or null for any port. */
interface Translation {
  readonly address: number;
  readonly port: number | null;
}

function translation(text: string): Translation {
  const [host = "", port] = text.split(":");
  const address = tryHost(host);
  if (port === "") throw conntrackProblem("No port specified after `:'");
  if (address === undefined) throw conntrackProblem(`Invalid IP address \`${host}'`);
  if (port === undefined) return { address, port: null };
  const number = parseNumber(port, 0, 65535);
  if (number === undefined) throw conntrackProblem(`Invalid port \`${port}'`);
  return { address, port: number };
}

/**
 * Whether address or port become others, or those that are wanted. As in the library, of ICMP the
 * identifier is held against type and code, which are hardly ever the same.
 */
function isTranslated(
  wanted: Translation | null,
  address: number,
  port: number,
  newAddress: number,
  newPort: number,
): boolean {
  if (wanted === null) return newAddress !== address || newPort !== port;
  if (newAddress === address || newAddress !== wanted.address) return false;
  return wanted.port === null || (newPort !== port && newPort === wanted.port);
}

/** `VALUE` or `VALUE/MASK`; what is no number counts as 0, as for strtoul(3). */
function markTest(text: string): ConnectionTest {
  const [value = "", mask] = text.split("/");
  const wanted = parseNumber(value) ?? 0;
  const bits = mask === undefined ? 0xffffffff : (parseNumber(mask) ?? 0);
  return ({ mark }) => ((mark & bits) ^ wanted) === 0;
}

/** A zone that counts in just these directions; no number is 0, and so is a zone that does not. */
function zoneTest(text: string, directions: number): ConnectionTest {
  const wanted = parseNumber(text) ?? 0;
  return ({ zone, zoneDirections }) => (zoneDirections === directions ? zone : 0) === wanted;
}

function statusTest(value: string): ConnectionTest {
  if (value === "UNREPLIED") return ({ status }) => (status & Status.SEEN_REPLY) === 0;
  const bits = statusBits(value);
  return ({ status }) => (status & bits) === bits;
}

/** The bits of words such as `SEEN_REPLY,ASSURED`. */
export function statusBits(text: string): number {
  if (text === "") return 0;
  let bits = 0;
  for (const word of text.split(",")) {
    const bit = STATUS_BITS[word];
    if (bit === undefined) throw conntrackProblem(`Bad parameter \`${text}'`);
    bits |= bit;
  }
  return bits;
}

const STATUS_BITS: Readonly<Record<string, number>> = {
  ASSURED: Status.ASSURED,
  SEEN_REPLY: Status.SEEN_REPLY,
  UNSET: 0,
  FIXED_TIMEOUT: Status.FIXED_TIMEOUT,
  EXPECTED: Status.EXPECTED,
  UNREPLIED: 0,
};

/**
 * Command line of `nc`.
 *
 * Spec: nc(1) of netcat-openbsd 1.219 (Debian).
 */

import type { NcOptions } from "../../apps/nc/options.ts";
import { nc as ncProgram } from "../../apps/nc.ts";
import { ANY_ADDRESS, type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { servicePort } from "../../netfilter/text/names.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { applyOptions, type OptionEffects, type OptionTable, readOptions } from "../options.ts";

const TABLE: OptionTable = {
  command: "nc",
  letters: "4dhI:klNnO:p:q:s:T:uvw:zM:m:",
  allowed: "options are -d -I -k -l -N -n -O -p -q -s -T -u -v -w -z -M",
};

/** Names that nc knows for the TOS byte, the classes of RFC 2474 and RFC 2597 among them. */
const TOS_KEYWORDS: ReadonlyMap<string, number> = new Map([
  ...[1, 2, 3, 4].flatMap((level) =>
    [1, 2, 3].map((drop): [string, number] => [`af${level}${drop}`, (level << 5) | (drop << 3)]),
  ),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((level): [string, number] => [`cs${level}`, level << 5]),
  ["ef", 0xb8],
  ["critical", 0xa0],
  ["inetcontrol", 0xc0],
  ["netcontrol", 0xe0],
  ["lowdelay", 0x10],
  ["throughput", 0x08],
  ["reliability", 0x04],
]);

const DEFAULTS: NcOptions = {
  listen: false,
  keepListening: false,
  udp: false,
  host: "",
  ports: [],
  verbose: false,
  numeric: false,
  scan: false,
  detach: false,
  shutdownAtEnd: false,
  quitAfterNs: null,
  timeoutNs: null,
  families: "any",
  source: ANY_ADDRESS,
  sourcePort: 0,
  tos: 0,
  ttl: 0,
  receiveBuffer: 0,
  sendBuffer: 0,
};

const EFFECTS: OptionEffects<NcOptions> = {
  "4": () => ({ families: "ipv4" }),
  d: () => ({ detach: true }),
  I: (value) => ({ receiveBuffer: integer(value, "TCP receive window") }),
  k: () => ({ keepListening: true }),
  l: () => ({ listen: true }),
  M: (value) => ({ ttl: integer(value, "ttl") }),
  N: () => ({ shutdownAtEnd: true }),
  n: () => ({ numeric: true }),
  O: (value) => ({ sendBuffer: integer(value, "TCP send window") }),
  p: (value) => ({ sourcePort: readPort(value) }),
  q: quitAfter,
  s: (value) => ({ source: sourceOf(value) }),
  T: (value) => ({ tos: tosOf(value) }),
  u: () => ({ udp: true }),
  v: () => ({ verbose: true }),
  w: (value) => ({ timeoutNs: integer(value, "timeout") * NS_PER_S }),
  z: () => ({ scan: true }),
};

/** `nc` of OpenBSD. */
export const nc: Command = {
  name: "nc",
  parse(args) {
    const given = readOptions(args, TABLE);
    const wanted = applyOptions(DEFAULTS, given, EFFECTS, TABLE);
    if (wanted.keepListening && !wanted.listen) throw new ToolError("nc: must use -l with -k", 1);
    if (wanted.scan && wanted.listen) throw new ToolError("nc: cannot use -z and -l", 1);
    const target = { ...wanted, ...readTarget(wanted, given.words) };
    return (context) => ncProgram(appHost(context), target);
  },
};

/** `-q`: seconds after the end of standard input; fewer than none mean for ever. */
function quitAfter(value: string): Partial<NcOptions> {
  if (Number(value) < 0) return {};
  return { quitAfterNs: integer(value, "quit timer") * NS_PER_S, shutdownAtEnd: true };
}

function sourceOf(text: string): Ipv4 {
  if (!isIpv4(text)) throw new ToolError("nc: getaddrinfo: Name or service not known", 1);
  return parseIpv4(text);
}

/** Where to connect, or where to listen. */
function readTarget(wanted: NcOptions, words: readonly string[]): Partial<NcOptions> {
  const [first, second, ...more] = words;
  if (more.length > 0) throw new ToolError("usage: nc [-46CDdFhklNnrStUuvZz] …", 1);
  if (wanted.listen && second === undefined) {
    const port = first === undefined ? wanted.sourcePort : readPort(first);
    if (port === 0) throw new ToolError("nc: missing port number", 1);
    return { ports: [port], sourcePort: 0 };
  }
  if (first === undefined) throw new ToolError("usage: nc [-46CDdFhklNnrStUuvZz] …", 1);
  if (second === undefined) throw new ToolError("nc: missing port number", 1);
  return { host: first, ports: readPorts(second) };
}

/** `80`, `http`, `20-30`, `80,443`. */
function readPorts(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const range = /^([0-9]+)-([0-9]+)$/.exec(part);
    if (range === null) return [readPort(part)];
    const [low, high] = [Number(range[1]), Number(range[2])].sort((a, b) => a - b);
    return Array.from({ length: (high ?? 0) - (low ?? 0) + 1 }, (_, index) => (low ?? 0) + index);
  });
}

function readPort(text: string): number {
  if (/^[0-9]+$/.test(text)) {
    const port = Number(text);
    if (port > 65535) throw new ToolError(`nc: port number too large: ${text}`, 1);
    if (port === 0) throw new ToolError(`nc: port number too small: ${text}`, 1);
    return port;
  }
  const port = servicePort(text);
  if (port === undefined) throw new ToolError(`nc: service "${text}" unknown`, 1);
  return port;
}

/** `lowdelay`, `af21`, `0x48`, `72`. */
function tosOf(text: string): number {
  const named = TOS_KEYWORDS.get(text);
  if (named !== undefined) return named;
  const value = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : -1;
  if (value < 0 || value > 255) throw new ToolError(`nc: illegal tos value ${text}`, 1);
  return value;
}

function integer(text: string, what: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new ToolError(`nc: invalid ${what}: ${text}`, 1);
}

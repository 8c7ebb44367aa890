/**
 * Command line of `nc`.
 *
 * Spec: nc(1) of netcat-openbsd 1.219 (Debian).
 */

import type { NcOptions } from "../../apps/nc/options.ts";
import { nc as ncProgram } from "../../apps/nc.ts";
import { ANY_ADDRESS, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { servicePort } from "../../netfilter/text/names.ts";
import { appHost } from "../app.ts";
import { type Command, notModelled, ToolError } from "../command.ts";
import { type OptionTable, readOptions } from "../options.ts";

const NC_TABLE: OptionTable = {
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

type WritableNc = { -readonly [Key in keyof NcOptions]: NcOptions[Key] };

/** `nc` of OpenBSD. */
export const nc: Command = {
  name: "nc",
  parse(args) {
    const { options, words } = readOptions(args, NC_TABLE);
    const wanted: WritableNc = {
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
    for (const [letter, value] of options) applyNc(wanted, letter, value);
    if (wanted.keepListening && !wanted.listen) throw new ToolError("nc: must use -l with -k", 1);
    if (wanted.scan && wanted.listen) throw new ToolError("nc: cannot use -z and -l", 1);
    readTarget(wanted, words);
    return (context) => ncProgram(appHost(context), wanted);
  },
};

function applyNc(wanted: WritableNc, letter: string, value: string): void {
  switch (letter) {
    case "d":
      wanted.detach = true;
      break;
    case "I":
      wanted.receiveBuffer = integer(value, "TCP receive window");
      break;
    case "k":
      wanted.keepListening = true;
      break;
    case "l":
      wanted.listen = true;
      break;
    case "M":
      wanted.ttl = integer(value, "ttl");
      break;
    case "N":
      wanted.shutdownAtEnd = true;
      break;
    case "n":
      wanted.numeric = true;
      break;
    case "O":
      wanted.sendBuffer = integer(value, "TCP send window");
      break;
    case "p":
      wanted.sourcePort = readPort(value);
      break;
    case "q":
      if (Number(value) >= 0) {
        wanted.quitAfterNs = integer(value, "quit timer") * NS_PER_S;
        wanted.shutdownAtEnd = true;
      }
      break;
    case "s":
      if (!isIpv4(value)) throw new ToolError(`nc: getaddrinfo: Name or service not known`, 1);
      wanted.source = parseIpv4(value);
      break;
    case "T":
      wanted.tos = tosOf(value);
      break;
    case "u":
      wanted.udp = true;
      break;
    case "v":
      wanted.verbose = true;
      break;
    case "w":
      wanted.timeoutNs = integer(value, "timeout") * NS_PER_S;
      break;
    case "z":
      wanted.scan = true;
      break;
    case "4":
      wanted.families = "ipv4";
      break;
    default:
      throw notModelled("nc", `-${letter}`, NC_TABLE.allowed);
  }
}

function readTarget(wanted: WritableNc, words: readonly string[]): void {
  const [first, second, ...more] = words;
  if (more.length > 0) throw new ToolError("usage: nc [-46CDdFhklNnrStUuvZz] …", 1);
  if (wanted.listen && second === undefined) {
    const port = first === undefined ? wanted.sourcePort : readPort(first);
    if (port === 0) throw new ToolError("nc: missing port number", 1);
    wanted.ports = [port];
    wanted.sourcePort = 0;
    return;
  }
  if (first === undefined) throw new ToolError("usage: nc [-46CDdFhklNnrStUuvZz] …", 1);
  if (second === undefined) throw new ToolError("nc: missing port number", 1);
  wanted.host = first;
  wanted.ports = readPorts(second);
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

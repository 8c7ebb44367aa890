/** The small values of a lab: names, durations, rates, addresses, wall-clock times. */
import { VethworkError } from "../../base/errors.ts";
import { parseCidr } from "../../base/inet.ts";
import { type Mac, parseMac } from "../../base/mac.ts";
import { parseDuration, parsePercent, parseRate } from "../../base/units.ts";
import { type Kind, located, mapped } from "./kind.ts";
import { parsed, pattern, text } from "./scalars.ts";

/** A duration in ns. */
export const duration: Kind<number> = parsed("a duration such as 10ms", parseDuration, {
  type: ["string", "integer"],
  pattern: "^[0-9]+(\\.[0-9]+)? ?(ns|us|µs|ms|s|m|h)$|^0$",
});

/** A rate in bit/s. */
export const rate: Kind<number> = parsed("a rate such as 100Mbit", parseRate, {
  type: "string",
  pattern: "^[0-9]+(\\.[0-9]+)? ?(bit|kbit|Mbit|Gbit|Kibit|Mibit|Gibit)$",
});

/** A share, 0 … 1. */
export const percent: Kind<number> = parsed("a percentage such as 1%", parsePercent, {
  type: "string",
  pattern: "^[0-9]+(\\.[0-9]+)?%$",
});

/** A unicast MAC address. */
export const mac: Kind<Mac> = parsed("a MAC address such as 02:00:00:00:00:01", parseUnicastMac, {
  type: "string",
  pattern: "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$",
});

/** A network without host bits. */
export const network = parsed("a network such as 10.244.0.0/16", parseCidr, {
  type: "string",
  pattern: "^[0-9.]+/[0-9]+$",
});

/** What a node may be called: what network namespaces and Kubernetes nodes may be called. */
export const nodeName = pattern("a node's name", /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);

/** What names of programs, cases and the like may be. */
export const label = pattern("a name of letters, digits, - _ .", /^[A-Za-z0-9][A-Za-z0-9_.-]*$/);

/** A command line, for the shell of an emulated host. */
export const command = located(text("a command", (value) => value.trim() !== ""));

/** A device of a node. */
export interface DeviceName {
  readonly node: string;
  readonly device: string;
}

const DEVICE = "[^\\s/:]{1,15}";
const NODE = "[A-Za-z0-9][A-Za-z0-9_.-]*";
const NODE_OR_PATTERN = "[A-Za-z0-9*][A-Za-z0-9_.*-]*";

/** `node:device` as text. */
export const endpointText = pattern('an end such as "h1:eth0"', new RegExp(`^${NODE}:${DEVICE}$`));

/** `node:device`, as links name their ends. */
export const endpoint = located(mapped(endpointText, (value) => split(value, ":")));

/**
 * `node/device`, as captures name their interfaces; `node/*` for all of a node, and with a control
 * plane a pattern for the names of Pods.
 */
export const interfaceName = located(
  mapped(
    pattern('an interface such as "h1/eth0"', new RegExp(`^${NODE_OR_PATTERN}/${DEVICE}$`)),
    (value) => split(value, "/"),
  ),
);

/** A device's name alone. */
export const deviceName = pattern("a device name of at most 15 characters", /^[^\s/:]{1,15}$/);

/** A wall-clock time in whole seconds since 1970. */
export const epoch = parsed("a time such as 2026-01-01T00:00:00Z", parseEpoch, {
  type: ["string", "integer"],
});

/** Seconds since 1970 of an RFC 3339 time in UTC, or of a number of seconds. */
function parseEpoch(value: string): number {
  if (/^[0-9]{1,10}$/.test(value)) return checkEpoch(Number(value), value);
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})[Zz]$/.exec(
    value,
  );
  if (match === null) throw badEpoch(value);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  if (year === undefined || month === undefined || day === undefined) throw badEpoch(value);
  if (hour === undefined || minute === undefined || second === undefined) throw badEpoch(value);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) throw badEpoch(value);
  if (hour > 23 || minute > 59 || second > 59) throw badEpoch(value);
  const seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  return checkEpoch(seconds, value);
}

/** pcap keeps seconds in 32 bits; a century is left for the run. */
function checkEpoch(seconds: number, value: string): number {
  if (seconds < 0 || seconds > 4_000_000_000) throw badEpoch(value);
  return seconds;
}

function badEpoch(value: string): VethworkError {
  return new VethworkError(
    "VW_UNIT",
    `"${value}" is not a time from 1970 to 2096`,
    "for example 2026-01-01T00:00:00Z",
  );
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysSince1970(year: number, month: number, day: number): number {
  let days = day - 1;
  for (let earlier = 1970; earlier < year; earlier += 1) days += isLeap(earlier) ? 366 : 365;
  for (let earlier = 1; earlier < month; earlier += 1) days += daysIn(year, earlier);
  return year < 1970 ? -1 : days;
}

function parseUnicastMac(value: string): Mac {
  const address = parseMac(value);
  if (address === 0 || Number.parseInt(value.slice(0, 2), 16) % 2 === 1) {
    throw new VethworkError(
      "VW_ADDRESS",
      `"${value}" is not an address of one device`,
      "the first octet is even, as in 02:00:00:00:00:01",
    );
  }
  return address;
}

function split(value: string, separator: string): DeviceName {
  const at = value.indexOf(separator);
  return { node: value.slice(0, at), device: value.slice(at + 1) };
}

/**
 * Durations, rates and sizes as people write them in labs and commands, to the integers used
 * inside: nanoseconds, bits per second, bytes.
 *
 * Spec: tc(8), "PARAMETERS" (rates and sizes); systemd and Go for durations.
 */
import { VethworkError } from "./errors.ts";

/** Virtual time or a span of it in whole nanoseconds. Exact up to 2^53 ns, which is 104 days. */
export type Ns = number;

export const NS_PER_US = 1_000;
export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;

const DURATIONS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", NS_PER_US],
  ["µs", NS_PER_US],
  ["ms", NS_PER_MS],
  ["s", NS_PER_S],
  ["m", 60 * NS_PER_S],
  ["h", 3600 * NS_PER_S],
]);

const RATES: ReadonlyMap<string, number> = new Map([
  ["bit", 1],
  ["kbit", 1e3],
  ["Mbit", 1e6],
  ["Gbit", 1e9],
  ["Kibit", 1024],
  ["Mibit", 1024 ** 2],
  ["Gibit", 1024 ** 3],
]);

/** A duration such as `10ms`, `1.5s`, `250us`, in nanoseconds; a bare `0` is allowed. */
export function parseDuration(text: string): Ns {
  if (text === "0") return 0;
  return parse(text, DURATIONS, "a duration", "for example 50us, 10ms, 1.5s");
}

/** A rate such as `100Mbit`, in bits per second; never 0. */
export function parseRate(text: string): number {
  const rate = parse(text, RATES, "a rate", "for example 10Mbit, 1Gbit");
  if (rate === 0) {
    throw new VethworkError("VW_UNIT", `"${text}" is not a rate`, "a rate is above 0");
  }
  return rate;
}

/** A share such as `1%`, `0.5%`, as a number in 0 … 1. */
export function parsePercent(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) / 100;
  if (!(value >= 0 && value <= 1)) {
    throw new VethworkError("VW_UNIT", `"${text}" is not a percentage`, "for example 0.5%, 100%");
  }
  return value;
}

/** The shortest exact form with one unit: 1500000 is `1.5ms`. */
export function formatDuration(ns: Ns): string {
  const [unit, size]: [string, number] =
    ns >= NS_PER_S ? ["s", NS_PER_S] : ns >= NS_PER_MS ? ["ms", NS_PER_MS] : ["us", NS_PER_US];
  return ns === 0 ? "0s" : ns < NS_PER_US ? `${ns}ns` : `${ns / size}${unit}`;
}

function parse(
  text: string,
  units: ReadonlyMap<string, number>,
  what: string,
  hint: string,
): number {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?([A-Za-zµ]*)$/.exec(text);
  const unit = match === null ? undefined : units.get(match[2] ?? "");
  const value =
    match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (!Number.isSafeInteger(value)) {
    throw new VethworkError("VW_UNIT", `"${text}" is not ${what}`, hint);
  }
  return value;
}

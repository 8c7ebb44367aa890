/**
 * Durations in Go's text, which configuration files hold and components print: `1h30m0s`, `1.5s`,
 * `250ms`.
 *
 * Spec: Go's package time, ParseDuration and Duration.String.
 */
import { NS_PER_MS, NS_PER_S, NS_PER_US, type Ns } from "../base/units.ts";

const NS_PER_MINUTE = 60 * NS_PER_S;
const NS_PER_HOUR = 60 * NS_PER_MINUTE;

const UNITS: ReadonlyMap<string, number> = new Map([
  ["h", NS_PER_HOUR],
  ["m", NS_PER_MINUTE],
  ["s", NS_PER_S],
  ["ms", NS_PER_MS],
  ["us", NS_PER_US],
  ["µs", NS_PER_US],
  ["ns", 1],
]);

/** Nanoseconds of a text that is known to be a duration: `1h0m30s`. */
export function parseGoDuration(text: string): Ns {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    total += Number(amount) * (UNITS.get(unit ?? "") ?? 0);
  }
  return Math.round(total);
}

/** A duration of at least 0 ns: in its largest unit below a second, else down to seconds. */
export function formatGoDuration(duration: Ns): string {
  if (duration === 0) return "0s";
  if (duration < NS_PER_US) return `${duration}ns`;
  if (duration < NS_PER_MS) return `${duration / NS_PER_US}µs`;
  if (duration < NS_PER_S) return `${duration / NS_PER_MS}ms`;
  const hours = Math.floor(duration / NS_PER_HOUR);
  const minutes = Math.floor(duration / NS_PER_MINUTE) % 60;
  const seconds = `${(duration % NS_PER_MINUTE) / NS_PER_S}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

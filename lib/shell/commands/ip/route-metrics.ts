/**
 * The metrics of a route as `ip route` reads and prints them.
 *
 * Spec: iproute2 6.1.0, ip/iproute.c (print_rta_metrics, parse_one_nh).
 */
import { NS_PER_MS, NS_PER_S } from "../../../base/units.ts";
import { MetricBit, type RouteMetrics } from "../../../net/route.ts";
import { notModelled } from "../../command.ts";
import type { Words } from "../../words.ts";
import { readNumber, wrongArgument } from "./context.ts";

type Lockable = keyof typeof MetricBit;

/** Metrics that are a number, and may be locked. */
const NUMBERS: readonly Lockable[] = [
  "window",
  "ssthresh",
  "cwnd",
  "advmss",
  "reordering",
  "hoplimit",
  "initcwnd",
  "initrwnd",
];

/** Into how many parts of a millisecond a time is counted. */
const PARTS = { rtt: 8, rttvar: 4 } as const;

/** A metric of RTAX_*, or null if the next word is none. */
export function readMetric(words: Words): Partial<RouteMetrics> | null {
  const name = words.peek();
  const numeric = NUMBERS.find((one) => one === name);
  if (numeric !== undefined) {
    words.take();
    const locks = readLock(words, numeric);
    return { [numeric]: readNumber(words, `"${name}" value is invalid\n`), locks };
  }
  switch (name) {
    case "mtu": {
      words.take();
      const mtuLocked = words.takes("lock");
      return { mtu: readNumber(words, '"mtu" value is invalid\n'), mtuLocked };
    }
    case "rtt":
    case "rttvar": {
      words.take();
      const locks = readLock(words, name);
      return { [name]: readTime(words, name), locks };
    }
    case "rto_min":
      words.take();
      return { rtoMinNs: (readTime(words, name) / 8) * NS_PER_MS };
    case "quickack":
      words.take();
      return { quickack: readNumber(words, '"quickack" value is invalid\n') !== 0 };
    case "fastopen_no_cookie":
      words.take();
      return { fastopenNoCookie: readNumber(words, '"fastopen_no_cookie" value is invalid\n') };
    case "congctl": {
      words.take();
      const locks = readLock(words, "congestion");
      return { congestion: words.take(), locks };
    }
    case "features":
      return readFeatures(words);
    default:
      return null;
  }
}

function readLock(words: Words, name: Lockable): number {
  return words.takes("lock") ? 1 << MetricBit[name] : 0;
}

function readFeatures(words: Words): Partial<RouteMetrics> {
  words.take();
  const feature = words.take();
  if (feature === "tcp_usec_ts") throw notModelled("ip route", feature, "features ecn");
  if (feature !== "ecn") throw wrongArgument(feature, '"features" value not valid\n');
  return { ecn: true };
}

/** A time: in parts of a millisecond as the kernel has them, or with a unit. */
function readTime(words: Words, name: "rtt" | "rttvar" | "rto_min"): number {
  const text = words.take();
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|msec|msecs|s|sec|secs|)$/.exec(text);
  if (match === null) throw wrongArgument(text, `"${name}" value is invalid\n`);
  const [, digits = "", unit = ""] = match;
  const parts = name === "rttvar" ? PARTS.rttvar : PARTS.rtt;
  if (unit === "") return Number(digits) * (name === "rto_min" ? parts : 1);
  return Math.round(Number(digits) * (unit.startsWith("s") ? NS_PER_S / NS_PER_MS : 1) * parts);
}

/** Metrics in the order of RTAX_*, a blank behind each. */
export function metricsText(metrics: RouteMetrics): string {
  const { mtu, ecn, rtoMinNs, locks } = metrics;
  const lock = (name: Lockable): string => ((locks >> MetricBit[name]) & 1 ? "lock " : "");
  const number = (name: (typeof NUMBERS)[number]): string => {
    const value = metrics[name as keyof RouteMetrics];
    return value === 0 ? "" : `${name} ${lock(name)}${value} `;
  };
  const time = (name: "rtt" | "rttvar"): string =>
    metrics[name] === 0 ? "" : `${name} ${lock(name)}${timeText(metrics[name], PARTS[name])} `;
  let text = mtu === 0 ? "" : `mtu ${metrics.mtuLocked ? "lock " : ""}${mtu} `;
  text += number("window") + time("rtt") + time("rttvar") + number("ssthresh") + number("cwnd");
  text += number("advmss") + number("reordering") + number("hoplimit") + number("initcwnd");
  if (ecn) text += "features ecn ";
  if (rtoMinNs !== 0) text += `rto_min lock ${Math.round(rtoMinNs / NS_PER_MS)}ms `;
  text += number("initrwnd");
  if (metrics.quickack) text += "quickack 1 ";
  if (metrics.congestion !== "") text += `congctl ${lock("congestion")}${metrics.congestion} `;
  if (metrics.fastopenNoCookie !== 0) text += `fastopen_no_cookie ${metrics.fastopenNoCookie} `;
  return text;
}

/** Milliseconds, or seconds from one second on (`print_rta_metrics`). */
function timeText(value: number, parts: number): string {
  const ms = Math.floor(value / parts);
  return ms >= 1000 ? `${Number((ms / 1000).toPrecision(6))}s` : `${ms}ms`;
}

/** The same as the object in `ip -j route`; null if there are none. */
export function metricsJson(metrics: RouteMetrics): Record<string, unknown> | null {
  const text = metricsText(metrics).replaceAll("lock ", "").replace("features ecn", "ecn -").trim();
  const words = text.split(" ");
  const result: Record<string, unknown> = {};
  for (let index = 0; index + 1 < words.length; index += 2) {
    const name = words[index] ?? "";
    const value = words[index + 1] ?? "";
    result[name === "congctl" ? "congestion" : name] = jsonValue(value);
  }
  return words.length < 2 ? null : result;
}

function jsonValue(text: string): number | string | null {
  if (text === "-") return null;
  if (/^[0-9.]+s$/.test(text)) return Number(text.slice(0, -1)) * 1000;
  return /^[0-9]+(ms)?$/.test(text) ? Number.parseInt(text, 10) : text;
}

/**
 * Rates and bursts of -m hashlimit: of packets, or of bytes in the tool's units, and what the kernel
 * makes of them.
 *
 * Kernel: net/netfilter/xt_hashlimit.c (user2credits), 6.18; iptables 1.8.9,
 * extensions/libxt_hashlimit.c (parse_bytes, parse_burst, print_bytes).
 */
import { HZ } from "../../sim/jiffies.ts";
import { CHUNK_SHIFT, HASHLIMIT_SCALE, type HashlimitConfig } from "../hashlimit.ts";
import { refuse } from "../text/errors.ts";
import { formatRate } from "../text/rate.ts";
import { numberOption } from "../text/values.ts";

const DEFAULT_BURST = 5;
/** Packets. */
export const MAX_BURST = 1_000_000;
/** How long a bucket is kept when bytes are counted, without a burst and with one. */
const BYTE_EXPIRE_MS = 15_000;
const BYTE_BURST_EXPIRE_MS = 60_000;
const MAX_COST = 2 ** 32 - 1;

/** Factors of bytes, the largest first. */
const BYTE_UNITS: readonly (readonly [string, number])[] = [
  ["m", 1024 * 1024],
  ["k", 1024],
  ["", 1],
];

type Rate = Pick<HashlimitConfig, "average" | "countsBytes">;

/** What a chunk costs at the rate `10kb/s`. */
export function costOfByteRate(text: string): number {
  return costOfBytes(bytesOfText(text));
}

/** The rate as it is printed. */
export function rateText({ average, countsBytes }: Rate): string {
  if (!countsBytes) return formatRate(average, HASHLIMIT_SCALE).text;
  const bytes = bytesOfCost(average);
  const [name, factor] = BYTE_UNITS.find(([, size]) => bytes >= size && bytes % size === 0) ?? [
    "",
    1,
  ];
  return `${bytes / factor}${name}b/s`;
}

/** The burst as it is printed, `dash` before its name. */
export function burstText({ average, countsBytes, burst }: HashlimitConfig, dash: string): string {
  if (!countsBytes) return ` ${dash}burst ${burst}`;
  if (burst === 0) return "";
  const bytes = bytesOfCost(average) * burst;
  const [name, factor] = BYTE_UNITS.find(([, size]) => bytes >= size) ?? ["", 1];
  return ` ${dash}burst ${Math.floor(bytes / factor)}${name}b`;
}

/** How long a bucket is kept if the rule says nothing. */
export function defaultExpireMs(config: Rate & { readonly burst: number }): number {
  if (!config.countsBytes) return formatRate(config.average, HASHLIMIT_SCALE).seconds * 1000;
  return config.burst === 0 ? BYTE_EXPIRE_MS : BYTE_BURST_EXPIRE_MS;
}

/** What a chunk costs at so many bytes a second, and back, as the tool reckons it. */
function costOfBytes(bytes: number): number {
  return Math.floor(MAX_COST / (Math.floor(bytes / 2 ** CHUNK_SHIFT) + 1));
}

function bytesOfCost(cost: number): number {
  return (Math.floor(MAX_COST / cost) - 1) * 2 ** CHUNK_SHIFT;
}

/** `500`, `10k`, `2m`: a number and its factor. What stands behind is looked at by nobody. */
function bytesOfText(text: string): number {
  const parts = /^([0-9]+)([km]?)/.exec(text);
  const [, factor = 1] = BYTE_UNITS.find(([name]) => name === parts?.[2]) ?? [];
  return Number(parts?.[1] ?? 0) * factor;
}

/** Credits for each unit of a period: what 64 bits hold of a day's, as the kernel computes it. */
const CREDITS_PER_UNIT = BigInt(Math.floor((HZ * 2 ** 39) / HASHLIMIT_SCALE));

/** Whether the kernel's 64-bit arithmetic wraps around with that period and burst of packets. */
export function overflows(average: number, burst: number): boolean {
  const credits = (units: number): bigint => BigInt.asUintN(64, BigInt(units) * CREDITS_PER_UNIT);
  return credits(average * burst) < credits(average);
}

/** The burst that was written as `burst`, "" for none: packets, or bytes as a multiple of the rate. */
export function burstOf(burst: string, { countsBytes, average }: Rate): number {
  if (!countsBytes) {
    if (burst === "") return DEFAULT_BURST;
    if (burst.endsWith("b")) return bytesOfText(burst);
    return numberOption("hashlimit", "hashlimit-burst", burst, 1, MAX_BURST);
  }
  if (burst === "") return 0;
  const least = bytesOfCost(average);
  const bytes = bytesOfText(burst);
  if (bytes < least || least === 0) refuse(`burst cannot be smaller than ${least}b`);
  return Math.ceil(bytes / least);
}

/**
 * Rates such as `5/min`, as limit and hashlimit take and print them. A rate is kept as the period
 * between two packets, in parts of a second.
 *
 * Kernel: none; iptables 1.8.9, extensions/libxt_limit.c (parse_rate, print_rate).
 */

const UNITS: readonly (readonly [string, number])[] = [
  ["second", 1],
  ["minute", 60],
  ["hour", 60 * 60],
  ["day", 24 * 60 * 60],
];
/** As printed, the longest first. */
const PRINTED: readonly (readonly [string, number])[] = [
  ["day", 24 * 60 * 60],
  ["hour", 60 * 60],
  ["min", 60],
  ["sec", 1],
];

/** The period of a rate in 1/`scale` s, or undefined if the text is none or too fast. */
export function parseRate(text: string, scale: number): number | undefined {
  const parts = /^(\d+)[^/]*(?:\/(.*))?$/.exec(text);
  const count = Number(parts?.[1] ?? 0);
  const unit = parts?.[2]?.toLowerCase() ?? "second";
  const [, seconds] = UNITS.find(([name]) => unit !== "" && name.startsWith(unit)) ?? [];
  if (count === 0 || seconds === undefined || count / seconds > scale) return undefined;
  return Math.floor((scale * seconds) / count);
}

/** The rate of a period, and the seconds of the unit in which it is printed. */
export function formatRate(period: number, scale: number): { text: string; seconds: number } {
  if (period === 0) return { text: " inf", seconds: 1 };
  let unit = 1;
  for (; unit < PRINTED.length; unit += 1) {
    const whole = (PRINTED[unit]?.[1] ?? 0) * scale;
    if (period > whole || whole / period < whole % period) break;
  }
  const [name = "", seconds = 1] = PRINTED[unit - 1] ?? [];
  return { text: `${Math.floor((seconds * scale) / period)}/${name}`, seconds };
}

/**
 * Times as Go prints them, UTC.
 *
 * Spec: Go time.Time.String.
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { formatWallClock } from "../../base/wall-clock.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Go's text of the zero time. */
export const GO_ZERO_TIME = "0001-01-01 00:00:00 +0000 UTC";

/**
 * `2026-01-01 00:00:03.25 +0000 UTC m=+3.250000000` of a moment of the run, as a program that began
 * at `startedAt` prints it with its monotonic clock.
 */
export function formatGoTime(epochSeconds: number, now: Ns, startedAt: Ns): string {
  const seconds = Math.floor(now / NS_PER_S);
  const { month, day, clock, year } = partsOf(epochSeconds + seconds);
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  const nanoseconds = String(now - seconds * NS_PER_S).padStart(9, "0");
  const fraction = `.${nanoseconds}`.replace(/\.?0+$/, "");
  const date = `${year}-${number}-${day.padStart(2, "0")}`;
  return `${date} ${clock}${fraction} +0000 UTC m=+${monotonic(now - startedAt)}`;
}

function monotonic(elapsed: Ns): string {
  const seconds = Math.floor(elapsed / NS_PER_S);
  return `${seconds}.${String(elapsed - seconds * NS_PER_S).padStart(9, "0")}`;
}

function partsOf(seconds: number): {
  readonly weekday: string;
  readonly month: string;
  readonly day: string;
  readonly clock: string;
  readonly year: string;
} {
  const words = formatWallClock(seconds).split(/\s+/);
  const [weekday = "", month = "", day = "", clock = "", year = ""] = words;
  return { weekday, month, day, clock, year };
}

/** Virtual time as the API writes it: RFC 3339, whole seconds, UTC. */
import { formatHttpDate } from "../../apps/http-date.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { civilDate } from "../../base/wall-clock.ts";

/** 2000-01-01T00:00:00Z in seconds since 1970: when a run's clock starts, unless told otherwise. */
export const DEFAULT_EPOCH_SECONDS = 946_684_800;

const SECONDS_PER_DAY = 86_400;

/** The moment `seconds` after 1970. */
export function formatTime(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const rest = seconds - days * SECONDS_PER_DAY;
  const { year, month, dayOfMonth } = civilDate(days);
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(dayOfMonth)}`;
  return `${date}T${clock.map(two).join(":")}Z`;
}

/** Seconds since 1970 of a time that `formatTime` wrote. */
export function parseTime(text: string): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    text.match(/\d+/g) ?? []
  ).map(Number);
  return daysOf(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
}

/** The moment `now` of a run that started at `epochSeconds`. */
export function timeOf(epochSeconds: number, now: Ns): string {
  return formatTime(epochSeconds + Math.floor(now / NS_PER_S));
}

function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `Sat, 01 Jan 2000 00:00:00 +0000`, as people are shown a time. */
export function formatLongTime(seconds: number): string {
  return formatHttpDate(seconds).replace("GMT", "+0000");
}

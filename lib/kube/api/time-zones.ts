/**
 * Time zones of CronJobs: how far local time is ahead of UTC.
 *
 * Spec: tz database 2025b: the rules in force today, for the zones that people name most.
 * Not modelled: other zones, and rules of the past.
 */
import { civilDate } from "../../base/wall-clock.ts";
import { parseTime } from "./time.ts";

/** When summer time begins and ends, in seconds since 1970 of a year. */
type SummerRule = (year: number, standard: number) => readonly [begin: number, end: number];

/** The last Sundays of March and October at 01:00 UTC. */
const europe: SummerRule = (year) => [
  lastSunday(year, 3) * DAY + HOUR,
  lastSunday(year, 10) * DAY + HOUR,
];

/** The second Sunday of March and the first of November, at 02:00 local time. */
const america: SummerRule = (year, standard) => [
  firstSunday(year, 3) * DAY + 7 * DAY + 2 * HOUR - standard,
  firstSunday(year, 11) * DAY + HOUR - standard,
];

/** The first Sundays of October and April, at 02:00 standard time; summer spans the new year. */
const australia: SummerRule = (year, standard) => [
  firstSunday(year, 10) * DAY + 2 * HOUR - standard,
  firstSunday(year, 4) * DAY + 2 * HOUR - standard,
];

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Hours ahead of UTC in standard time, the rule of summer time, and the zones that have them. */
const GROUPS: readonly (readonly [hours: number, rule: SummerRule | null, names: string])[] = [
  [0, null, "UTC Etc/UTC Etc/GMT GMT Africa/Abidjan Africa/Accra Atlantic/Reykjavik"],
  [0, europe, "Europe/London Europe/Dublin Europe/Lisbon"],
  [
    1,
    europe,
    "Europe/Amsterdam Europe/Belgrade Europe/Berlin Europe/Brussels Europe/Budapest " +
      "Europe/Copenhagen Europe/Madrid Europe/Oslo Europe/Paris Europe/Prague Europe/Rome " +
      "Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich CET",
  ],
  [1, null, "Africa/Lagos Africa/Algiers"],
  [
    2,
    europe,
    "Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Sofia",
  ],
  [2, null, "Africa/Johannesburg Africa/Maputo"],
  [3, null, "Europe/Moscow Europe/Istanbul Africa/Nairobi Asia/Riyadh Asia/Baghdad"],
  [4, null, "Asia/Dubai"],
  [5, null, "Asia/Karachi Asia/Tashkent"],
  [5.5, null, "Asia/Kolkata Asia/Calcutta Asia/Colombo"],
  [6, null, "Asia/Dhaka"],
  [7, null, "Asia/Bangkok Asia/Jakarta Asia/Ho_Chi_Minh"],
  [8, null, "Asia/Shanghai Asia/Hong_Kong Asia/Singapore Asia/Taipei Asia/Manila Australia/Perth"],
  [9, null, "Asia/Seoul Asia/Tokyo"],
  [10, null, "Australia/Brisbane"],
  [10, australia, "Australia/Sydney Australia/Melbourne Australia/Hobart"],
  [-3, null, "America/Sao_Paulo America/Argentina/Buenos_Aires"],
  [-4, america, "America/Halifax"],
  [-5, america, "America/New_York America/Toronto America/Detroit US/Eastern EST5EDT"],
  [-5, null, "America/Bogota America/Lima"],
  [-6, america, "America/Chicago US/Central"],
  [-6, null, "America/Mexico_City"],
  [-7, america, "America/Denver US/Mountain"],
  [-7, null, "America/Phoenix"],
  [-8, america, "America/Los_Angeles America/Vancouver US/Pacific"],
  [-10, null, "Pacific/Honolulu"],
];

/** How many seconds a zone's clocks are ahead of UTC at a time; 0 for zones not known here. */
export function zoneOffset(name: string, seconds: number): number {
  const fixed = fixedHours(name);
  if (fixed !== null) return fixed * HOUR;
  const group = groupOf(name);
  if (group === undefined) return 0;
  const [hours, rule] = group;
  const standard = hours * HOUR;
  if (rule === null) return standard;
  const { year } = civilDate(Math.floor(seconds / DAY));
  const [begin, end] = rule(year, standard);
  const isBetween = begin < end && seconds >= begin && seconds < end;
  const spansNewYear = begin > end && (seconds >= begin || seconds < end);
  return isBetween || spansNewYear ? standard + HOUR : standard;
}

/** `Etc/GMT-9` is nine hours ahead; null for other names. */
function fixedHours(name: string): number | null {
  const match = /^Etc\/GMT([-+][0-9]{1,2})$/.exec(name);
  return match === null ? null : -Number(match[1]);
}

function groupOf(name: string) {
  return GROUPS.find(([, , names]) => names.split(" ").includes(name));
}

function dayNumber(year: number, month: number, day: number): number {
  return parseTime(`${year}-${month}-${day}T00:00:00Z`) / DAY;
}

/** 1970-01-01 was a Thursday. */
function weekday(day: number): number {
  return (day + 4) % 7;
}

function firstSunday(year: number, month: number): number {
  const first = dayNumber(year, month, 1);
  return first + ((7 - weekday(first)) % 7);
}

function lastSunday(year: number, month: number): number {
  const last = dayNumber(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - 1;
  return last - weekday(last);
}

/**
 * Schedules of CronJobs: five fields, or a name such as `@daily`; what is wrong with one, and when it
 * comes next.
 *
 * Spec: robfig/cron v3, ParseStandard, which the API server and the CronJob controller use.
 */

import { civilDate } from "../../base/wall-clock.ts";
import { zoneOffset } from "./time-zones.ts";

interface CronField {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly CronField[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

const NAMED: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/** What is wrong with a schedule, or null. */
export function cronProblem(schedule: string): string | null {
  if (schedule.startsWith("@")) {
    if (NAMED.has(schedule)) return null;
    if (schedule.startsWith("@every ")) {
      const duration = schedule.slice("@every ".length);
      return /^([0-9.]+(ns|us|µs|ms|s|m|h))+$/.test(duration)
        ? null
        : `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(duration)}`;
    }
    return `unrecognized descriptor: ${schedule}`;
  }
  const words = schedule.split(/\s+/).filter((word) => word !== "");
  if (words.length !== FIELDS.length) {
    const shown = words.map((word) => word).join(" ");
    return `expected exactly 5 fields, found ${words.length}: [${shown}]`;
  }
  for (const [index, word] of words.entries()) {
    const field = FIELDS[index];
    if (field === undefined) continue;
    for (const part of word.split(",")) {
      const read = readPart(part, field);
      if (typeof read === "string") return read;
    }
  }
  return null;
}

/** One part of a field: the values from `start` to `end` in strides. */
interface CronPart {
  readonly start: number;
  readonly end: number;
  readonly stride: number;
  /** Every value: the day of the month and the day of the week then do not add to each other. */
  readonly isStar: boolean;
}

/** `5`, `1-5`, `*`, each with `/step`; or what is wrong with it. */
function readPart(part: string, field: CronField): CronPart | string {
  const [range = "", step, ...more] = part.split("/");
  const [from = "", to, ...rest] = range.split("-");
  let start = field.least;
  let end = field.most;
  if (from !== "*" && from !== "?") {
    const first = numberOf(from, field);
    if (typeof first === "string") return first;
    start = first;
    end = step === undefined ? first : field.most;
    if (to !== undefined) {
      const last = numberOf(to, field);
      if (typeof last === "string") return last;
      end = last;
    }
    if (rest.length > 0) return `too many hyphens: ${part}`;
  }
  if (more.length > 0) return `too many slashes: ${part}`;
  const stride = step === undefined ? 1 : numberOf(step, { ...field, names: [] });
  if (typeof stride === "string") return stride;
  if (start < field.least)
    return `beginning of range (${start}) below minimum (${field.least}): ${part}`;
  if (end > field.most) return `end of range (${end}) above maximum (${field.most}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  if (stride === 0) return `step of range should be a positive number: ${part}`;
  return { start, end, stride, isStar: (from === "*" || from === "?") && stride === 1 };
}

/** The number of a word, or what is wrong with it. */
function numberOf(word: string, { least, names }: CronField): number | string {
  const named = names.indexOf(word.toLowerCase());
  if (named !== -1) return named + least;
  if (/^\d+$/.test(word)) return Number(word);
  if (/^-\d+$/.test(word)) return `negative number (${word}) not allowed: ${word}`;
  return `failed to parse int from ${word}: strconv.Atoi: parsing ${JSON.stringify(word)}: invalid syntax`;
}

const DAY_SECONDS = 86_400;
/** A schedule that does not come within so many days never does: 30 February. */
const HORIZON_DAYS = 5 * 366;

/** When a schedule comes. */
export interface CronSchedule {
  /** The first time behind `after`, both in seconds since 1970 (UTC); null: never. */
  next(after: number): number | null;
}

/** A schedule that `cronProblem` has nothing to say against. */
export function parseCron(schedule: string): CronSchedule {
  if (schedule.startsWith("@every ")) return everySoOften(schedule.slice("@every ".length));
  const text = NAMED.get(schedule) ?? schedule;
  const words = text.split(/\s+/).filter((word) => word !== "");
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = FIELDS.map((field, index) =>
    valuesOf(words[index] ?? "*", field),
  );
  const comesOn = (day: number): boolean => {
    const { month, dayOfMonth } = civilDate(day);
    if (months?.values.has(month) !== true) return false;
    const byDate = daysOfMonth?.values.has(dayOfMonth) === true;
    // 1970-01-01 was a Thursday.
    const byWeekday = daysOfWeek?.values.has((day + 4) % 7) === true;
    const oneCounts = daysOfMonth?.isStar === true || daysOfWeek?.isStar === true;
    return oneCounts ? byDate && byWeekday : byDate || byWeekday;
  };
  const timesOfDay = [...(hours?.values ?? [])]
    .flatMap((hour) => [...(minutes?.values ?? [])].map((minute) => hour * 3600 + minute * 60))
    .sort((a, b) => a - b);
  return {
    next(after) {
      const first = Math.floor(after / DAY_SECONDS);
      for (let day = first; day <= first + HORIZON_DAYS; day += 1) {
        if (!comesOn(day)) continue;
        const time = timesOfDay.find((seconds) => day * DAY_SECONDS + seconds > after);
        if (time !== undefined) return day * DAY_SECONDS + time;
      }
      return null;
    },
  };
}

/** A schedule whose times are those of a zone's clocks. */
export function inZone(schedule: CronSchedule, zone: string): CronSchedule {
  return {
    next(after) {
      let local = after + zoneOffset(zone, after);
      for (;;) {
        const time = schedule.next(local);
        if (time === null) return null;
        const utc = time - zoneOffset(zone, time - zoneOffset(zone, after));
        if (utc > after) return utc;
        local = time;
      }
    },
  };
}

function valuesOf(word: string, field: CronField) {
  const values = new Set<number>();
  let isStar = false;
  for (const text of word.split(",")) {
    const part = readPart(text, field);
    if (typeof part === "string") continue;
    isStar ||= part.isStar;
    for (let value = part.start; value <= part.end; value += part.stride) values.add(value);
  }
  return { values, isStar };
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
};

/** `1h30m` behind each time, in whole seconds and at least one. */
function everySoOften(duration: string): CronSchedule {
  const parts = duration.matchAll(/([0-9.]+)([a-zµ]+)/g);
  const seconds = [...parts].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 1e-6),
    0,
  );
  const period = Math.max(1, Math.floor(seconds));
  return { next: (after) => Math.floor(after) + period };
}

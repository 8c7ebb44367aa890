/**
 * Schedules of CronJobs: five fields, or a name such as `@daily`.
 *
 * Spec: robfig/cron v3, ParseStandard, which the API server and the CronJob controller use.
 */

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

const NAMED = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with a schedule, or null. */
export function cronProblem(schedule: string): string | null {
  if (schedule.startsWith("@")) {
    if (NAMED.includes(schedule)) return null;
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
      const problem = partProblem(part, field);
      if (problem !== null) return problem;
    }
  }
  return null;
}

/** `5`, `1-5`, `*`, each with `/step`. */
function partProblem(part: string, field: CronField): string | null {
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
  return stride === 0 ? `step of range should be a positive number: ${part}` : null;
}

/** The number of a word, or what is wrong with it. */
function numberOf(word: string, { least, names }: CronField): number | string {
  const named = names.indexOf(word.toLowerCase());
  if (named !== -1) return named + least;
  if (/^\d+$/.test(word)) return Number(word);
  if (/^-\d+$/.test(word)) return `negative number (${word}) not allowed: ${word}`;
  return `failed to parse int from ${word}: strconv.Atoi: parsing ${JSON.stringify(word)}: invalid syntax`;
}

/**
 * `date`, in virtual time.
 *
 * Spec: GNU coreutils 9.1, date(1); POSIX.1-2017, date (formats).
 * Not modelled: time zones other than UTC, -d, -s.
 */
import { NS_PER_S } from "../../base/units.ts";
import { civilDate } from "../../base/wall-clock.ts";
import { type Command, immediate, notModelled } from "../command.ts";
import type { ShellHost } from "../host.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const SECONDS_PER_DAY = 86_400;

/** `date [-u] [+FORMAT]`. */
export const date: Command = {
  name: "date",
  parse(args) {
    const words = args.filter((word) => word !== "-u" && word !== "--utc");
    const [first = "+%a %b %e %H:%M:%S UTC %Y"] = words;
    const format = first === "-Iseconds" || first === "-Is" ? "+%FT%T+00:00" : first;
    if (!format.startsWith("+") || words.length > 1) {
      throw notModelled("date", words.at(-1) ?? "", "date [-u] [+FORMAT], date -Iseconds");
    }
    return immediate(({ host, io }) => {
      io.stdout(`${formatDate(host, format.slice(1))}\n`);
      return 0;
    });
  },
};

function formatDate({ epochSeconds, namespace }: ShellHost, format: string): string {
  const now = namespace.cpu.now;
  const seconds = epochSeconds + Math.floor(now / NS_PER_S);
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  const ofDay = seconds - day * SECONDS_PER_DAY;
  const civil = civilDate(day);
  const two = (value: number, fill = "0"): string => String(value).padStart(2, fill);
  const field = (letter: string): string => {
    const [hour, minute] = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60];
    const weekday = DAYS[(day + 4) % 7] ?? "";
    const month = MONTHS[civil.month - 1] ?? "";
    const fields: Readonly<Record<string, string>> = {
      a: weekday.slice(0, 3),
      A: weekday,
      b: month.slice(0, 3),
      B: month,
      d: two(civil.dayOfMonth),
      e: two(civil.dayOfMonth, " "),
      F: `${civil.year}-${two(civil.month)}-${two(civil.dayOfMonth)}`,
      H: two(hour),
      m: two(civil.month),
      M: two(minute),
      N: String(now % NS_PER_S).padStart(9, "0"),
      s: String(seconds),
      S: two(ofDay % 60),
      T: `${two(hour)}:${two(minute)}:${two(ofDay % 60)}`,
      Y: String(civil.year),
      Z: "UTC",
      z: "+0000",
      "%": "%",
    };
    return fields[letter] ?? `%${letter}`;
  };
  return format.replace(
    /%(?:([1-9])N|(.))/g,
    (_whole, digits: string | undefined, letter: string) =>
      digits === undefined ? field(letter) : field("N").slice(0, Number(digits)),
  );
}

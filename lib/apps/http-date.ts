/**
 * The date of HTTP's header fields.
 *
 * Spec: RFC 9110 §5.6.7 (IMF-fixdate).
 */
import { formatWallClock } from "../base/wall-clock.ts";

/** `Thu, 01 Jan 2026 00:00:03 GMT` of seconds since 1970. */
export function formatHttpDate(seconds: number): string {
  const [weekday, month, day = "", clock, year] = formatWallClock(seconds).split(/ +/);
  return `${weekday}, ${day.padStart(2, "0")} ${month} ${year} ${clock} GMT`;
}

/** Durations as `sleep` and `timeout` take them (GNU coreutils). */
import { NS_PER_S, type Ns } from "../base/units.ts";
import { ToolError } from "./command.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86400],
]);

/** A duration in seconds with an optional unit, as `sleep` takes it. */
export function parseTime(command: string, text: string): Ns {
  if (/^inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  const match = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([smhd]?)$/.exec(text);
  if (match === null) {
    const hint = `Try '${command} --help' for more information.`;
    throw new ToolError(`${command}: invalid time interval '${text}'\n${hint}`, 1);
  }
  return Math.round(Number(match[1]) * (UNITS.get(match[2] ?? "") ?? 1) * NS_PER_S);
}

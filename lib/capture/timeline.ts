/**
 * A capture of many interfaces as text that people read and version control compares: number of
 * the frame, time since the first one, interface, direction, and the frame as tcpdump prints it.
 */
import { NS_PER_S } from "../base/units.ts";
import { type Capture, interfaceName, nsSince } from "./capture.ts";
import { Dumper, type DumpOptions } from "./dump.ts";

const DIRECTIONS = ["?", "in", "out"];

/** One line a frame, in columns; each interface counts its sequence numbers by itself. */
export function timeline(capture: Capture, options: DumpOptions = {}): string {
  const dumpers = capture.interfaces.map(() => new Dumper(options));
  const nameWidth = Math.max(0, ...capture.interfaces.map(({ name }) => name.length));
  const numberWidth = `${capture.frames.length}`.length;
  const first = capture.frames[0];
  let text = "";
  capture.frames.forEach((frame, index) => {
    const columns = [
      `${index + 1}`.padStart(numberWidth),
      first === undefined ? "" : seconds(nsSince(first, frame)),
      interfaceName(capture, frame).padEnd(nameWidth),
      (DIRECTIONS[frame.direction] ?? "?").padEnd(3),
      dumpers[frame.interfaceIndex]?.describe(frame.bytes, frame.originalLength) ?? "",
    ];
    text += `${columns.join(" ")}\n`;
    if (frame.comment !== "") text += `${frame.comment.replaceAll(/^/gm, "\t# ")}\n`;
  });
  return text;
}

/** `0.000123456`; nanoseconds as they are. */
function seconds(ns: number): string {
  const whole = Math.trunc(ns / NS_PER_S);
  const rest = Math.abs(ns % NS_PER_S);
  return `${ns < 0 && whole === 0 ? "-" : ""}${whole}.${`${rest}`.padStart(9, "0")}`;
}

/**
 * `tracepath`'s command line.
 *
 * Spec: tracepath(8) of iputils 20221126.
 */
import { tracepath as program, TRACEPATH_LENGTH, TRACEPATH_PORT } from "../../apps/tracepath.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";

const USAGE = "\nUsage\n  tracepath [options] <destination>\n";
const DEFAULT_HOPS = 30;
const SHORTEST = 28;

/** The command. */
export const tracepath: Command = {
  name: "tracepath",
  parse(args) {
    const given = readOptions(args, {
      command: "tracepath",
      letters: "4bnl:m:p:",
      allowed: "options are -b -n -l LENGTH -m HOPS -p PORT",
    });
    const [target] = given.words;
    if (target === undefined) throw new ToolError(USAGE, 255);
    const value = (letter: string, absent: number, [low, high]: readonly [number, number]) => {
      const text = given.last(letter);
      if (text === undefined) return absent;
      const number = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
      if (number >= low && number <= high) return number;
      const range = Number.isNaN(number) ? "" : `: out of range: ${low} <= value <= ${high}`;
      throw new ToolError(`tracepath: invalid argument: '${text}'${range}`, 1);
    };
    const wanted = {
      target,
      maxHops: value("m", DEFAULT_HOPS, [0, 255]),
      port: value("p", TRACEPATH_PORT, [0, 65535]),
      length: value("l", TRACEPATH_LENGTH, [SHORTEST, TRACEPATH_LENGTH]),
      numeric: given.has("n"),
    };
    return (context) => program(appHost(context), wanted);
  },
};

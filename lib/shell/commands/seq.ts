/**
 * `seq` and `yes`.
 *
 * Spec: GNU coreutils 9.1, seq(1), yes(1).
 * Not modelled: seq -f.
 */
import { sleep } from "../../sim/process.ts";
import { type Command, immediate, notModelled, ToolError } from "../command.ts";

/** How many lines `yes` writes at once, and how long that takes it, in ns. */
const YES_LINES = 512;
const YES_NS = 100_000;

/** `seq [-w] [-s SEPARATOR] [FIRST [STEP]] LAST`. */
export const seq: Command = {
  name: "seq",
  parse(args) {
    const left = [...args];
    let separator = "\n";
    let isWide = false;
    for (let word = left[0]; word !== undefined && /^-[^0-9.]/.test(word); word = left[0]) {
      left.shift();
      if (word === "-w") isWide = true;
      else if (word === "-s") separator = left.shift() ?? "";
      else throw notModelled("seq", word, "options are -w and -s");
    }
    const bad = left.find((word) => !/^[-+]?[0-9]*\.?[0-9]+$/.test(word));
    if (bad !== undefined) throw new ToolError(`seq: invalid floating point argument: '${bad}'`, 1);
    if (left.length === 0) throw new ToolError("seq: missing operand", 1);
    const [first, step, last] =
      left.length === 1 ? ["1", "1", left[0]] : left.length === 2 ? [left[0], "1", left[1]] : left;
    const decimals = Math.max(...[first, step].map((word) => word?.split(".")[1]?.length ?? 0));
    const numbers: string[] = [];
    const [from, by, to] = [Number(first), Number(step), Number(last)];
    if (by === 0) throw new ToolError("seq: invalid Zero increment value: '0'", 1);
    for (let index = 0; by > 0 ? from + index * by <= to : from + index * by >= to; index += 1) {
      numbers.push((from + index * by).toFixed(decimals));
    }
    const width = isWide ? Math.max(0, ...numbers.map((text) => text.length)) : 0;
    const text = numbers.map((number) => number.padStart(width, "0")).join(separator);
    return immediate(({ io }) => {
      if (numbers.length > 0) io.stdout(`${text}\n`);
      return 0;
    });
  },
};

/** `yes [TEXT]`, until it is ended. */
export const yes: Command = {
  name: "yes",
  parse(args) {
    const line = `${args.length === 0 ? "y" : args.join(" ")}\n`;
    return function* ({ io }) {
      for (;;) {
        io.stdout(line.repeat(YES_LINES));
        yield sleep(YES_NS);
      }
    };
  },
};

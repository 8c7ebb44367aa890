/**
 * `xargs`: command lines from words of standard input.
 *
 * Spec: GNU findutils 4.9, xargs(1).
 * Not modelled: -P (commands run one after the other), -p, limits on a command line's length.
 */

import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { type Command, notModelled } from "../command.ts";

/** Exit status if a command has ended with another one than 0. */
const FAILED = 123;

interface Invocation {
  readonly count: number;
  /** What is replaced by a line; null: words are added at the end. */
  readonly place: string | null;
  readonly delimiter: RegExp;
  readonly skipsEmpty: boolean;
  readonly echoes: boolean;
  readonly words: readonly string[];
}

/** `xargs [-0] [-r] [-t] [-n N] [-I TEXT] [-d CHARACTER] [-P N] COMMAND …`. */
export const xargs: Command = {
  name: "xargs",
  parse(args, parseNested) {
    const given = readInvocation(args);
    // A command that does not exist is found before the run.
    parseNested(
      given.place === null ? given.words : given.words.map(() => "").with(0, given.words[0] ?? ""),
    );
    return function* (context) {
      const text = fromUtf8(yield* context.io.stdin.readAll());
      const items =
        given.place === null
          ? text.split(given.delimiter).filter((word) => word !== "")
          : text
              .split("\n")
              .map((line) => line.trim())
              .filter((line) => line !== "");
      let status = 0;
      for (const words of commandLines(given, items)) {
        if (given.echoes) context.io.stderr(`${words.join(" ")}\n`);
        const io = { ...context.io, stdin: Pipe.of(null) };
        const ended = yield* parseNested(words)({ ...context, io });
        if (ended !== 0) status = FAILED;
      }
      return status;
    };
  },
};

function commandLines({ count, place, skipsEmpty, words }: Invocation, items: readonly string[]) {
  if (place !== null) {
    return items.map((item) => words.map((word) => word.replaceAll(place, item)));
  }
  if (items.length === 0) return skipsEmpty ? [] : [words];
  const lines: string[][] = [];
  for (let at = 0; at < items.length; at += count) {
    lines.push([...words, ...items.slice(at, at + count)]);
  }
  return lines;
}

function readInvocation(args: readonly string[]): Invocation {
  const left = [...args];
  let [count, place, delimiter]: [number, string | null, RegExp] = [
    Number.POSITIVE_INFINITY,
    null,
    /\s+/,
  ];
  const flags = new Set<string>();
  for (let word = left[0]; word !== undefined && /^-./.test(word); word = left[0]) {
    left.shift();
    const [, letter = "", attached = ""] = /^-([nIPdL])(.*)$/.exec(word) ?? [];
    const value = letter === "" ? "" : attached || (left.shift() ?? "");
    if (letter === "n" || letter === "L") count = Number(value);
    else if (letter === "I") place = value;
    else if (letter === "d") delimiter = value === "\\n" ? /\n/ : new RegExp(`[${value}\n]`);
    else if (letter === "" && /^-[0rt]+$/.test(word))
      for (const flag of word.slice(1)) flags.add(flag);
    else if (word === "--no-run-if-empty") flags.add("r");
    else if (letter !== "P") throw notModelled("xargs", word, "options are -0 -r -t -n -I -d -P");
  }
  return {
    count,
    place,
    delimiter: flags.has("0") ? /\0/ : delimiter,
    skipsEmpty: flags.has("r"),
    echoes: flags.has("t"),
    words: left.length === 0 ? ["echo"] : left,
  };
}

/**
 * `grep`.
 *
 * Spec: POSIX.1-2017, grep; XBD §9 (regular expressions).
 * Not modelled: -r.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { afterInput, type Command, type CommandContext, immediate, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";
import { basicSource, extendedSource } from "../regular-expression.ts";
import { readFile } from "../system-files.ts";

/** Prints the lines of a file or of standard input that fit a pattern. */
export const grep: Command = {
  name: "grep",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "grep",
      letters: "EFPchinoqsvwxaA:B:C:e:m:",
      long: {
        quiet: "q",
        count: "c",
        "ignore-case": "i",
        "invert-match": "v",
        "only-matching": "o",
        "line-number": "n",
        "after-context": "A",
        "before-context": "B",
        context: "C",
        color: "a",
      },
      allowed: "options are -E -F -c -h -i -n -o -q -s -v -w -x -A N -B N -C N -m N -e PATTERN",
    });
    const given = options.filter(([letter]) => letter === "e").map(([, value]) => value);
    const patterns = given.length > 0 ? given : words.slice(0, 1);
    const named = words.slice(given.length > 0 ? 0 : 1);
    const paths = named.length === 0 ? ["-"] : named;
    if (patterns.length === 0) throw new ToolError("Usage: grep [OPTION]... PATTERNS [FILE]...", 2);
    const flags = new Set(options.map(([letter]) => letter));
    const fits = expressionOf(patterns, flags);
    const number = (letter: string): number | null => {
      const value = options.findLast(([known]) => known === letter)?.[1];
      return value === undefined ? null : Number(value);
    };
    const around = number("C") ?? 0;
    const wanted: Wanted = {
      fits,
      flags,
      before: number("B") ?? around,
      after: number("A") ?? around,
      most: number("m") ?? Number.POSITIVE_INFINITY,
    };
    const act = (context: CommandContext, input: Uint8Array): number => {
      let [isFound, hasFailed] = [false, false];
      for (const path of paths) {
        const bytes = path === "-" ? input : readFile(context.host, path);
        const label = paths.length > 1 && !flags.has("h") ? path : null;
        if (bytes !== null) isFound = print(context, fromUtf8(bytes), wanted, label) || isFound;
        else {
          hasFailed = true;
          if (!flags.has("s")) context.io.stderr(`grep: ${path}: No such file or directory\n`);
        }
      }
      if (hasFailed && !(isFound && flags.has("q"))) return 2;
      return isFound ? 0 : 1;
    };
    if (paths.includes("-")) return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

/** What is printed of a text. */
interface Wanted {
  readonly fits: RegExp;
  readonly flags: ReadonlySet<string>;
  /** How many lines around a match are printed too, and how many matches are. */
  readonly before: number;
  readonly after: number;
  readonly most: number;
}

/** Prints what fits, each line behind the file's name if it is given. Returns whether any does. */
function print(
  { io }: CommandContext,
  text: string,
  wanted: Wanted,
  label: string | null,
): boolean {
  const { fits, flags, before, after, most } = wanted;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const matches = [...lines.keys()]
    .filter((index) => {
      fits.lastIndex = 0;
      return fits.test(lines[index] ?? "") !== flags.has("v");
    })
    .slice(0, most);
  if (flags.has("q")) return matches.length > 0;
  if (flags.has("c")) {
    io.stdout(`${label === null ? "" : `${label}:`}${matches.length}\n`);
    return matches.length > 0;
  }
  const show = (index: number, part: string, mark: string): void => {
    const name = label === null ? "" : `${label}${mark}`;
    io.stdout(`${name}${flags.has("n") ? `${index + 1}${mark}` : ""}${part}\n`);
  };
  let next = 0;
  for (const [at, index] of matches.entries()) {
    if (flags.has("o")) {
      for (const part of lines[index]?.match(fits) ?? []) if (part !== "") show(index, part, ":");
      continue;
    }
    const from = Math.max(next, index - before);
    if (before + after > 0 && next > 0 && from > next) io.stdout("--\n");
    for (let line = from; line < index; line += 1) show(line, lines[line] ?? "", "-");
    show(index, lines[index] ?? "", ":");
    next = index + 1;
    const end = Math.min(index + 1 + after, matches[at + 1] ?? lines.length, lines.length);
    for (; next < end; next += 1) show(next, lines[next] ?? "", "-");
  }
  return matches.length > 0;
}

function expressionOf(patterns: readonly string[], flags: ReadonlySet<string>): RegExp {
  const sources = patterns
    .flatMap((pattern) => pattern.split("\n"))
    .map((pattern) => {
      if (flags.has("F")) return pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return extendedSource(flags.has("E") || flags.has("P") ? pattern : basicSource(pattern));
    });
  const union = `(?:${sources.join("|")})`;
  const word = flags.has("w") ? `\\b${union}\\b` : union;
  try {
    return new RegExp(flags.has("x") ? `^${word}$` : word, flags.has("i") ? "gi" : "g");
  } catch {
    throw new ToolError(`grep: bad regular expression '${patterns.join("|")}'`, 2);
  }
}

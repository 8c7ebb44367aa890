/**
 * `grep`.
 *
 * Spec: POSIX.1-2017, grep; XBD §9 (regular expressions).
 * Not modelled: -r, -A, -B, -C, several files at once.
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
      letters: "EFPcinoqsvwxe:m:",
      long: { quiet: "q", count: "c", "ignore-case": "i" },
      allowed: "options are -E -F -c -i -n -o -q -s -v -w -x -e PATTERN",
    });
    const given = options.filter(([letter]) => letter === "e").map(([, value]) => value);
    const patterns = given.length > 0 ? given : words.slice(0, 1);
    const [path = "-"] = words.slice(given.length > 0 ? 0 : 1);
    if (patterns.length === 0) throw new ToolError("Usage: grep [OPTION]... PATTERNS [FILE]...", 2);
    const flags = new Set(options.map(([letter]) => letter));
    const fits = expressionOf(patterns, flags);
    const act = (context: CommandContext, input: Uint8Array): number => {
      const bytes = path === "-" ? input : readFile(context.host, path);
      if (bytes !== null) return printMatches(context, fromUtf8(bytes), fits, flags);
      if (!flags.has("s")) context.io.stderr(`grep: ${path}: No such file or directory\n`);
      return 2;
    };
    if (path === "-") return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

function printMatches(
  { io }: CommandContext,
  text: string,
  fits: RegExp,
  flags: ReadonlySet<string>,
): number {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  let count = 0;
  for (const [index, line] of lines.entries()) {
    fits.lastIndex = 0;
    if (fits.test(line) === flags.has("v")) continue;
    count += 1;
    if (flags.has("q") || flags.has("c")) continue;
    const shown = flags.has("o") ? (line.match(fits) ?? []).filter((part) => part !== "") : [line];
    for (const part of shown) io.stdout(`${flags.has("n") ? `${index + 1}:` : ""}${part}\n`);
  }
  if (flags.has("c")) io.stdout(`${count}\n`);
  return count > 0 ? 0 : 1;
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

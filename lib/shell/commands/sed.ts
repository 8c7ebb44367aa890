/**
 * The part of `sed` that substitutes, prints and deletes lines.
 *
 * Spec: POSIX.1-2017, sed.
 * Not modelled: the hold space, branches, files of commands, `w`, `-i` with a suffix.
 */
import { notModelled, ToolError } from "../command.ts";
import { basicSource, extendedSource } from "../regular-expression.ts";
import { lineFilter } from "./filters.ts";

/** What one command does to a line: null deletes it. */
type Edit = (line: string) => string | null;

interface SedCommand {
  readonly selects: (line: string, number: number, isLast: boolean) => boolean;
  readonly edit: Edit;
  /** Whether it prints the line besides, once it has been edited. */
  readonly prints: (before: string) => boolean;
}

/** `sed [-n] [-E] [-i] 'COMMANDS' [FILE]`. */
export const sed = lineFilter(
  { command: "sed", letters: "nErei", allowed: "options are -n -E -r -e -i" },
  1,
  (options, [script = ""]) => {
    const isExtended = options.has("E") || options.has("r");
    const commands = commandsOf(script, isExtended);
    return (lines) =>
      lines.flatMap((text, index) => {
        const printed: string[] = [];
        let line: string | null = text;
        for (const { selects, edit, prints } of commands) {
          if (line === null || !selects(line, index + 1, index === lines.length - 1)) continue;
          const before: string = line;
          line = edit(line);
          if (line !== null && prints(before)) printed.push(line);
        }
        if (line !== null && !options.has("n")) printed.push(line);
        return printed;
      });
  },
);

function commandsOf(script: string, isExtended: boolean): SedCommand[] {
  const commands: SedCommand[] = [];
  let rest = script.trim();
  while (rest !== "") {
    const [command, length] = readCommand(rest, isExtended);
    commands.push(command);
    rest = rest.slice(length).replace(/^[\s;]+/, "");
  }
  return commands;
}

function readCommand(text: string, isExtended: boolean): [SedCommand, number] {
  const [address = ""] =
    /^(?:[0-9]+(?:,(?:[0-9]+|\$))?|\$|\/(?:[^/\\]|\\.)*\/)?\s*/.exec(text) ?? [];
  const selects = addressOf(address.trim(), isExtended);
  const body = text.slice(address.length);
  if (body.startsWith("d")) {
    return [{ selects, edit: () => null, prints: () => false }, address.length + 1];
  }
  if (body.startsWith("p")) {
    return [{ selects, edit: (line) => line, prints: () => true }, address.length + 1];
  }
  if (!body.startsWith("s")) throw notModelled("sed", body, "commands are s, p and d");
  const mark = `\\${body[1] ?? "/"}`;
  const part = `((?:[^${mark}\\\\]|\\\\.)*)${mark}`;
  const match = new RegExp(`^s${mark}${part}${part}([gip]*)`).exec(body);
  if (match === null) {
    throw new ToolError(`sed: -e expression #1, char ${text.length}: unterminated \`s' command`, 1);
  }
  const [whole, source = "", replacement = "", flags = ""] = match;
  const expression = new RegExp(
    expressionOf(source, isExtended),
    `${flags.includes("g") ? "g" : ""}${flags.includes("i") ? "i" : ""}`,
  );
  const target = replacementOf(replacement);
  const edit = (line: string): string => line.replace(expression, target);
  const prints = (before: string): boolean =>
    flags.includes("p") && before.search(expression) !== -1;
  return [{ selects, edit, prints }, address.length + whole.length];
}

/** A basic regular expression has its operators behind a backslash, and plain ones without it. */
function expressionOf(source: string, isExtended: boolean): string {
  return extendedSource(isExtended ? source : basicSource(source));
}

/** `&` and `\1` as JavaScript writes them. */
function replacementOf(text: string): string {
  return text.replace(/\$/g, "$$$$").replace(/\\([0-9&/|])|&/g, (found, escaped?: string) => {
    if (found === "&") return "$&";
    return escaped !== undefined && /[0-9]/.test(escaped) ? `$${escaped}` : (escaped ?? found);
  });
}

function addressOf(text: string, isExtended: boolean): SedCommand["selects"] {
  if (text === "") return () => true;
  if (text === "$") return (_line, _number, isLast) => isLast;
  if (text.startsWith("/")) {
    const expression = new RegExp(expressionOf(text.slice(1, -1), isExtended));
    return (line) => expression.test(line);
  }
  const [from = "", to = from] = text.split(",");
  const last = to === "$" ? Number.POSITIVE_INFINITY : Number(to);
  return (_line, number) => number >= Number(from) && number <= last;
}

/**
 * What kubectl says of text that is not YAML: the words of the YAML library that it uses, and the
 * line as that library counts. Our own parser finds the mistake and calls it by another name.
 *
 * Spec: sigs.k8s.io/yaml (goyaml.v2), scanner and parser errors.
 * Differs: of a text with several mistakes the two may name different ones.
 */

/** A mistake as our parser tells it. */
export interface SyntaxMistake {
  /** The parser's code. */
  readonly code: string;
  readonly message: string;
  /** From 1, within `lines`. */
  readonly line: number;
}

const CANNOT_START = "found character that cannot start any token";
const NO_KEY = "did not find expected key";
const NO_VALUE_HERE = "mapping values are not allowed in this context";

/** `yaml: line 3: did not find expected key`. `lines` are those of one document. */
export function goYamlError(mistake: SyntaxMistake, lines: readonly string[]): string {
  const [line, text] = translated(mistake, lines);
  return `yaml: ${line > 0 ? `line ${line}: ` : ""}${text}`;
}

/** The line as it is said, 0 if it is not, and the words. */
function translated(mistake: SyntaxMistake, lines: readonly string[]): [number, string] {
  const { code, message, line } = mistake;
  const here = lines[line - 1] ?? "";
  switch (code) {
    case "TAB_AS_INDENT":
      return scanned(line, tabProblem(lines, line));
    case "BAD_INDENT":
      if (message.startsWith("Flow")) return parsed(line, endOfFlow(message));
      return parsed(
        line,
        message.includes("sequence") ? "did not find expected '-' indicator" : NO_KEY,
      );
    case "MISSING_CHAR":
      if (message.startsWith("Sequence item")) {
        return parsed(line, "did not find expected '-' indicator");
      }
      if (message.startsWith("Missing closing")) {
        return scanned(lines.length + 1, "found unexpected end of stream");
      }
      if (message.startsWith("Flow")) return parsed(line, endOfFlow(message));
      return scanned(nextContent(lines, line), "could not find expected ':'");
    case "BLOCK_AS_IMPLICIT_KEY":
      if (message.startsWith("A block sequence")) return parsed(line, NO_KEY);
      return scanned(valueLine(lines, line, here), NO_VALUE_HERE);
    case "MULTILINE_IMPLICIT_KEY":
      if (/^\s*-(\s|$)/.test(here)) return parsed(line, NO_KEY);
      if (continues(lines, line)) return scanned(valueLine(lines, line, ""), NO_VALUE_HERE);
      return scanned(nextContent(lines, line), "could not find expected ':'");
    case "UNEXPECTED_TOKEN":
      if (message.includes("block-seq-ind")) {
        return scanned(line, "block sequence entries are not allowed in this context");
      }
      return parsed(line, NO_KEY);
    case "BAD_ALIAS":
      return scanned(line, "did not find expected alphabetic or numeric character");
    case "BAD_SCALAR_START":
      return scanned(line, CANNOT_START);
    default:
      return parsed(line, NO_KEY);
  }
}

/** Mistakes of the scanner: their line, but not the first. */
function scanned(line: number, text: string): [number, string] {
  return [line > 1 ? line : 0, text];
}

/** Mistakes of the parser: it counts lines from 0. */
function parsed(line: number, text: string): [number, string] {
  return [line - 1, text];
}

function endOfFlow(message: string): string {
  return `did not find expected ',' or '${message.includes("map") ? "}" : "]"}'`;
}

/** A tab at the start of a line breaks off the text of the line before, or stands for itself. */
function tabProblem(lines: readonly string[], line: number): string {
  const before = lines.slice(0, line - 1).findLast(isContent) ?? "";
  return /[:\-[\]{}"',]\s*$/.test(before) || before === ""
    ? CANNOT_START
    : "found a tab character that violates indentation";
}

/** The line of the `:` that comes too much: this one, or one that a text goes on in. */
function valueLine(lines: readonly string[], line: number, here: string): number {
  const isSecond = (here.match(/:(\s|$)/g) ?? []).length > 1;
  if (isSecond) return line;
  const next = lines.findIndex((text, index) => index >= line && /:(\s|$)/.test(text));
  return next === -1 ? line : next + 1;
}

/** Whether the text of a line goes on in the next: only of a document's first key. */
function continues(lines: readonly string[], line: number): boolean {
  return !lines.slice(0, line - 1).some(isContent);
}

/** The next line with something in it, or the one after the last. */
function nextContent(lines: readonly string[], line: number): number {
  const next = lines.findIndex((text, index) => index >= line && isContent(text));
  return next === -1 ? lines.length + 1 : next + 1;
}

function isContent(text: string): boolean {
  return /^\s*[^\s#]/.test(text) && !/^---/.test(text);
}

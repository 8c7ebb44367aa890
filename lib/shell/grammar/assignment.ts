/**
 * Words that assign: `NAME=value`, and bash's `NAME[index]=value`, `NAME+=value`, `NAME=(…)`.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9.1; bash(1) 5.2, Parameters, Arrays.
 */
import type { Dialect } from "./dialect.ts";
import type { Assignment, Word } from "./syntax.ts";

/** Commands whose arguments are assignments. */
export const DECLARATIONS: ReadonlySet<string> = new Set([
  "declare",
  "export",
  "local",
  "readonly",
  "typeset",
]);

/** Whether a word is `NAME=(…)`. */
export function hasArray({ parts }: Word): boolean {
  return parts.some(({ kind }) => kind === "array");
}

/** The assignment that a word is, or null; `indexOf` reads what stands in brackets. */
export function assignmentOf(
  { parts, text }: Word,
  { isBash }: Dialect,
  indexOf: (text: string) => Word,
): Assignment | null {
  const [first, ...rest] = parts;
  if (first?.kind !== "literal" || first.quoted) {
    return isBash ? indexedBy(text, parts, indexOf) : null;
  }
  const pattern = isBash
    ? /^([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\]]*)\])?(\+)?=/
    : /^([A-Za-z_][A-Za-z0-9_]*)=/;
  const match = pattern.exec(first.text);
  if (match === null) return isBash ? indexedBy(text, parts, indexOf) : null;
  const [start, name = "", index, plus] = match;
  const value = { ...first, text: first.text.slice(start.length) };
  return {
    name,
    index: index === undefined ? null : indexOf(index),
    appends: plus !== undefined,
    value: { parts: [value, ...rest], text: text.slice(start.length) },
  };
}

/** `NAME[$i]=value`: the index has parts of its own in front of the `]=`. */
function indexedBy(
  text: string,
  parts: Word["parts"],
  indexOf: (text: string) => Word,
): Assignment | null {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)\[("?[^\]]*"?)\](\+)?=/.exec(text);
  if (match === null) return null;
  const [start, name = "", index = "", plus] = match;
  const at = parts.findIndex((part) => part.kind === "literal" && /^\]\+?=/.test(part.text));
  const closing = parts[at];
  if (closing?.kind !== "literal") return null;
  const value = { ...closing, text: closing.text.replace(/^\]\+?=/, "") };
  return {
    name,
    index: indexOf(index.replace(/^"(.*)"$/, "$1")),
    appends: plus !== undefined,
    value: { parts: [value, ...parts.slice(at + 1)], text: text.slice(start.length) },
  };
}

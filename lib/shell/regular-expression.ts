/**
 * POSIX's regular expressions as JavaScript's.
 *
 * Spec: POSIX.1-2017, XBD §9.3 (basic), §9.4 (extended), §9.3.5 (classes in brackets).
 */
import { ToolError } from "./command.ts";
import { CLASSES } from "./interpreter/pattern.ts";

/** An extended expression. Throws `ToolError` with `problem` if it is none. */
export function expressionOf(source: string, flags: string, problem = ""): RegExp {
  try {
    return new RegExp(extendedSource(source), flags);
  } catch {
    throw new ToolError(problem, 2);
  }
}

/** The source of an extended expression for JavaScript: classes, and backslashes in brackets. */
export function extendedSource(source: string): string {
  return source.replace(/\\.|\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]/g, (found) => {
    if (found.startsWith("\\")) return found === "\\<" || found === "\\>" ? "\\b" : found;
    const inner = found
      .slice(1, -1)
      .replaceAll("\\", "\\\\")
      .replace(/^(\^?)\]/, "$1\\]");
    return `[${inner.replace(/\[:([a-z]+):\]/g, (_, name: string) => CLASSES[name] ?? "").replaceAll("[", "\\[")}]`;
  });
}

/** A basic expression as an extended one: `\(`, `\{`, `\|` and the plain ones swap. */
export function basicSource(source: string): string {
  const swapped = source.replace(
    /\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]|\\([(){}|+?])|\\.|[(){}|+?]/g,
    (whole, operator: string | undefined) => {
      if (operator !== undefined) return operator;
      return whole.startsWith("\\") || whole.startsWith("[") ? whole : `\\${whole}`;
    },
  );
  // A star at the beginning is one.
  return swapped.replace(/^(\^?)\*/, "$1\\*");
}

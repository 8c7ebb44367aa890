/**
 * Shell patterns: `*`, `?` and `[…]`, as `case` and `${name%pattern}` match them.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.13, §2.6.2 (prefixes and suffixes).
 */

/** Whether all of `text` fits. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compile(pattern).test(text);
}

/** Removes a prefix (`#`, `##`) or suffix (`%`, `%%`) that fits; doubled, the longest one. */
export function trimPattern(
  text: string,
  pattern: string,
  operator: "#" | "##" | "%" | "%%",
): string {
  const fits = compile(pattern);
  const longest = operator.length === 2;
  for (let step = 0; step <= text.length; step += 1) {
    const length = longest ? text.length - step : step;
    const isPrefix = operator.startsWith("#");
    const part = isPrefix ? text.slice(0, length) : text.slice(text.length - length);
    if (!fits.test(part)) continue;
    return isPrefix ? text.slice(length) : text.slice(0, text.length - length);
  }
  return text;
}

/** Replaces what fits: the first (`/`), each (`//`), a prefix (`/#`) or a suffix (`/%`). */
export function replacePattern(
  text: string,
  pattern: string,
  replacement: string,
  operator: "/" | "//" | "/#" | "/%",
): string {
  const source = sourceOf(pattern);
  const anchored = operator === "/#" ? `^${source}` : operator === "/%" ? `${source}$` : source;
  return text.replace(new RegExp(anchored, operator === "//" ? "g" : ""), () => replacement);
}

/** Makes characters that mean something in a pattern stand for themselves. */
export function quotePattern(text: string): string {
  return text.replace(/[*?[\]\\]/g, "\\$&");
}

function compile(pattern: string): RegExp {
  return new RegExp(`^${sourceOf(pattern)}$`);
}

/** The regular expression of a pattern, without anchors. */
function sourceOf(pattern: string): string {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    const [set = ""] = char === "[" ? (SET.exec(pattern.slice(at)) ?? []) : [];
    if (char === "*") source += "[^]*";
    else if (char === "?") source += "[^]";
    else if (set !== "") {
      const inner = set.slice(1, -1).replace(/^!/, "^").replaceAll("\\", "\\\\");
      source += `[${inner.replace(/\[:([a-z]+):\]/g, (_, name: string) => CLASSES[name] ?? "")}]`;
      at += set.length - 1;
    } else {
      if (char === "\\") at += 1;
      source += (pattern[at] ?? "\\").replace(/[.*+?^${}()|[\]\\]/, "\\$&");
    }
  }
  return source;
}

/** A set in brackets, in which classes such as `[:space:]` may stand. */
const SET = /^\[[!^]?\]?(?:\[:[a-z]+:\]|[^\]])*\]/;

/** Classes of characters as JavaScript's regular expressions have them. */
export const CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  space: " \\t\\n\\r",
  blank: " \\t",
  upper: "A-Z",
  lower: "a-z",
  xdigit: "0-9A-Fa-f",
  punct: "!-/:-@[-`{-~",
};

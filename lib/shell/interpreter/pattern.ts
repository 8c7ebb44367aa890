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

/** Makes characters that mean something in a pattern stand for themselves. */
export function quotePattern(text: string): string {
  return text.replace(/[*?[\]\\]/g, "\\$&");
}

function compile(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    const close = char === "[" ? pattern.indexOf("]", at + 2) : -1;
    if (char === "*") source += "[^]*";
    else if (char === "?") source += "[^]";
    else if (close !== -1) {
      const set = pattern
        .slice(at + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\");
      source += `[${set.replace(/\[:(alpha|digit|alnum|space):\]?/g, (_, name: string) => CLASSES[name] ?? "")}]`;
      at = close;
    } else {
      if (char === "\\") at += 1;
      source += (pattern[at] ?? "\\").replace(/[.*+?^${}()|[\]\\]/, "\\$&");
    }
  }
  return new RegExp(`^${source}$`);
}

const CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  space: " \\t\\n",
};

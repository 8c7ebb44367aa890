/**
 * JSON as iproute2 prints it: on one line, or with `-p` as its own writer breaks lines, which puts
 * the objects of an array side by side and the members of an object below each other.
 *
 * Spec: iproute2 6.1, lib/json_writer.c.
 */

const INDENT = 4;

/** The text of `value` with a line end behind it. */
export function jsonText(value: unknown, pretty: boolean): string {
  return `${pretty ? prettyText(value, 1) : JSON.stringify(value)}\n`;
}

/** `depth` is that of what stands inside of `value`. */
function prettyText(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    const elements = value.map((element) => prettyText(element, depth + 1));
    return elements.length === 0 ? "[ ]" : `[ ${elements.join(",")} ]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `\n${indentOf(depth)}"${name}": ${prettyText(member, depth + 1)}`,
  );
  return members.length === 0 ? "{}" : `{${members.join(",")}\n${indentOf(depth - 1)}}`;
}

function indentOf(depth: number): string {
  return " ".repeat(INDENT * depth);
}

/**
 * Objects as YAML and JSON, as `kubectl get -o` prints them: keys in order, lists not indented,
 * strings quoted only where they could be read as something else.
 *
 * Spec: sigs.k8s.io/yaml (go-yaml v2 emitter).
 */

/** The value as a YAML document. */
export function toYaml(value: unknown): string {
  return lines(value, "").join("\n").concat("\n");
}

/** The value as JSON, four spaces deep, keys in order. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(ordered(value), null, 4)}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(entriesOf(value).map(([name, field]) => [name, ordered(field)]));
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function lines(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => itemLines(item, indent));
  if (typeof value === "object" && value !== null) {
    return entriesOf(value).flatMap(([name, field]) =>
      fieldLines(`${indent}${scalar(name)}:`, field, indent),
    );
  }
  return [`${indent}${scalar(value)}`];
}

function fieldLines(head: string, value: unknown, indent: string): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${head} []`] : [head, ...lines(value, indent)];
  if (typeof value === "object" && value !== null) {
    return entriesOf(value).length === 0 ? [`${head} {}`] : [head, ...lines(value, `${indent}  `)];
  }
  if (typeof value === "string" && value.includes("\n")) {
    const body = value.replace(/\n$/, "").split("\n");
    const mark = value.endsWith("\n") ? "|" : "|-";
    return [`${head} ${mark}`, ...body.map((line) => (line === "" ? "" : `${indent}  ${line}`))];
  }
  return [`${head} ${scalar(value)}`];
}

function itemLines(item: unknown, indent: string): string[] {
  const isBlock = typeof item === "object" && item !== null && Object.keys(item).length > 0;
  if (!isBlock)
    return [
      `${indent}- ${Array.isArray(item) ? "[]" : typeof item === "object" && item !== null ? "{}" : scalar(item)}`,
    ];
  const [first = "", ...rest] = lines(item, `${indent}  `);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

const AMBIGUOUS =
  /^(|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|y|Y|n|N|[-+]?[\d.][\d_.,]*(e[-+]?\d+)?|0x[\da-fA-F]+|\d{4}-\d\d-\d\d([Tt ].*)?)$/;

function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const isAddress = /^\d+\.\d+\.\d+/.test(value);
  if (AMBIGUOUS.test(value) && !isAddress) return JSON.stringify(value);
  const isSpecial = /^[-?:,[\]{}#&*!|>'"%@`\s]|: |\s#|:$|\s$/.test(value) && !/^-[^\s]/.test(value);
  return isSpecial ? `'${value.replaceAll("'", "''")}'` : value;
}

/**
 * What plain scalars of manifests mean: kubectl reads YAML 1.1, where `yes` is a truth and `0644` an
 * octal number.
 *
 * Spec: sigs.k8s.io/yaml (goyaml.v2), resolve.go; Go strconv (ParseInt with base 0, ParseFloat).
 */
import type { YamlScalar } from "./yaml-node.ts";

type Value = YamlScalar["value"];

/** The words with a meaning, each also with a capital and in capitals. */
const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...spelled(["y", "yes", "true", "on"], true),
  ...spelled(["n", "no", "false", "off"], false),
  ...spelled(["", "~", "null"], null),
]);

const SIGNED = /^([+-]?)(.*)$/s;
const FLOAT = /^[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?$/;
/** Digits of an integer, by their base. */
const INTEGERS: readonly (readonly [form: RegExp, base: number])[] = [
  [/^0[xX]([0-9a-fA-F]+)$/, 16],
  [/^0[bB]([01]+)$/, 2],
  [/^0[oO]?([0-7]+)$/, 8],
  [/^(0|[1-9][0-9]*)$/, 10],
];

/** The value of a plain scalar without a tag. */
export function goYamlScalar(text: string): Value {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  return /^[-+.0-9]/.test(text) ? (numberOf(text) ?? text) : text;
}

function numberOf(text: string): number | null {
  // Underscores may stand anywhere; a text that begins with a point has none.
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  const [, sign = "", digits = ""] = SIGNED.exec(plain) ?? [];
  for (const [form, base] of INTEGERS) {
    const match = form.exec(digits);
    if (match === null) continue;
    const value = Number.parseInt(match[1] ?? "", base);
    return sign === "-" && value !== 0 ? -value : value;
  }
  if (!FLOAT.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

function spelled(words: readonly string[], value: Value): [string, Value][] {
  return words.flatMap((word): [string, Value][] => [
    [word, value],
    [`${word.charAt(0).toUpperCase()}${word.slice(1)}`, value],
    [word.toUpperCase(), value],
  ]);
}

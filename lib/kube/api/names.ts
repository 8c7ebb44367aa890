/**
 * Names that the control plane makes up: random suffixes, uids, hashes of templates.
 *
 * Spec: apimachinery util/rand (alphabet without vowels and look-alikes), FNV-1a 32 bit.
 */
import type { RandomStream } from "../../sim/random.ts";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** The five letters after a generateName. */
export function randomSuffix(random: RandomStream): string {
  let suffix = "";
  for (let index = 0; index < 5; index += 1)
    suffix += ALPHABET[random.below(ALPHABET.length)] ?? "";
  return suffix;
}

/** A random uid, RFC 9562 version 4. */
export function objectUid(random: RandomStream): string {
  const [a, b, c, d] = [word(random), word(random), word(random), word(random)];
  const variant = "89ab"[random.below(4)] ?? "8";
  // Joined, it is one string in memory, not a tree of its parts: uids are many and stay.
  return [
    a,
    b.slice(0, 4),
    `4${b.slice(5)}`,
    `${variant}${c.slice(1, 4)}`,
    `${c.slice(4)}${d}`,
  ].join("-");
}

/** Eight hexadecimal digits. */
function word(random: RandomStream): string {
  return random.uint32().toString(16).padStart(8, "0");
}

/**
 * The hash of a Pod template, as names and labels have it.
 *
 * Differs: Kubernetes hashes Go's dump of the template; here it is the template's JSON with sorted
 * keys, so the letters are others, but equal templates have equal hashes.
 */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  const text = `${templateText(template)}${collisionCount === undefined ? "" : collisionCount}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return [...String(hash >>> 0)]
    .map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length] ?? "")
    .join("");
}

/** Texts of templates, which are asked for again and again and never change. */
const texts = new WeakMap<object, string>();

function templateText(template: unknown): string {
  if (typeof template !== "object" || template === null) return canonical(template);
  const known = texts.get(template);
  if (known !== undefined) return known;
  const text = canonical(template);
  texts.set(template, text);
  return text;
}

/** JSON with keys in order and without fields that are undefined. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const name of Object.keys(fields).sort()) {
    const field = fields[name];
    if (field === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonical(field)}`;
  }
  return `{${text}}`;
}

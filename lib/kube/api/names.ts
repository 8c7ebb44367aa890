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

/** The characters of a uid that is being written: its dashes and its version stay. */
const UID = Array.from("00000000-0000-4000-0000-000000000000", (letter) => letter.charCodeAt(0));
const DIGITS = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** The first of the values that the variant's digit may have. */
const VARIANT = 8;

/** A random uid, RFC 9562 version 4. */
export function objectUid(random: RandomStream): string {
  const [a, b, c, d] = [random.int32(), random.int32(), random.int32(), random.int32()];
  writeHex(a, 0, 8);
  writeHex(b >>> 16, 9, 4);
  writeHex(b, 15, 3);
  writeHex(VARIANT + random.below(4), 19, 1);
  writeHex(c >>> 16, 20, 3);
  writeHex(c, 24, 4);
  writeHex(d, 28, 8);
  // Of codes it is one string in memory, not a tree of its parts: uids are many and stay.
  return String.fromCharCode(...UID);
}

/** Writes the last `count` hexadecimal digits of a value at a place of `UID`. */
function writeHex(value: number, at: number, count: number): void {
  let left = value;
  for (let index = at + count - 1; index >= at; index -= 1) {
    UID[index] = DIGITS[left & 15] ?? 0;
    left >>>= 4;
  }
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
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonical(item)}`;
    return `[${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of namesInOrder(fields)) {
    const field = fields[name];
    if (field === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonical(field)}`;
  }
  return `{${text}}`;
}

/** The fields' names, sorted unless they are so already, as most are that the API has written. */
function namesInOrder(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const names = Object.keys(fields);
  for (let index = 1; index < names.length; index += 1) {
    if ((names[index - 1] ?? "") > (names[index] ?? "")) return names.sort();
  }
  return names;
}

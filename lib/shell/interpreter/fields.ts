/**
 * The fields that a word becomes, and the path names that patterns among them stand for.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6.5 (splitting), §2.6.6 (path names); read.
 */
import { quotePattern } from "./pattern.ts";

/** A field, and the pattern that it is if what was unquoted in it is taken for one. */
export interface Field {
  readonly text: string;
  /** null: nothing unquoted in it stands for other characters. */
  readonly pattern: string | null;
}

/** Splits a text at the separators of `read`, into at most `limit` fields. */
export function splitFields(text: string, separators: string, limit: number): string[] {
  const fields: string[] = [];
  let rest = trimStart(text, separators);
  while (rest !== "" && fields.length < limit - 1) {
    const end = [...rest].findIndex((char) => separators.includes(char));
    fields.push(end === -1 ? rest : rest.slice(0, end));
    rest = end === -1 ? "" : trimStart(rest.slice(end + 1), separators);
  }
  let end = rest.length;
  while (end > 0 && separators.includes(rest[end - 1] ?? "")) end -= 1;
  if (end > 0) fields.push(rest.slice(0, end));
  return fields;
}

function trimStart(text: string, separators: string): string {
  let at = 0;
  while (at < text.length && separators.includes(text[at] ?? "")) at += 1;
  return text.slice(at);
}

/** The fields of one word. */
export class FieldBuilder {
  readonly #separators: string;
  readonly #fields: Field[] = [];
  #current = "";
  #pattern = "";
  #isPattern = false;
  /** Whether there is a field now, though it may be empty. */
  #open = false;

  constructor(separators: string) {
    this.#separators = separators;
  }

  add(text: string, quoted: boolean): void {
    this.#current += text;
    this.#open ||= quoted || text !== "";
    const isPattern = !quoted && /[*?[]/.test(text);
    this.#pattern += isPattern ? text : quotePattern(text);
    this.#isPattern ||= isPattern;
  }

  /** `$@`: each parameter is a field of its own. */
  addList(texts: readonly string[], quoted: boolean): void {
    texts.forEach((text, index) => {
      if (index > 0) this.#close();
      if (quoted) this.add(text, true);
      else this.split(text);
    });
  }

  split(text: string): void {
    for (const char of text) {
      if (this.#separators.includes(char)) this.#close();
      else this.add(char, false);
    }
  }

  finish(): readonly Field[] {
    this.#close();
    return this.#fields;
  }

  #close(): void {
    const pattern = this.#isPattern ? this.#pattern : null;
    if (this.#open) this.#fields.push({ text: this.#current, pattern });
    this.#current = "";
    this.#pattern = "";
    this.#isPattern = false;
    this.#open = false;
  }
}

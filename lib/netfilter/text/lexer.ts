/**
 * Words of a line of iptables-restore text. Words are separated by blanks; double quotes hold
 * blanks, inside them a backslash takes the next character as it is; a closing quote ends the word.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (add_param_to_argv).
 */

const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;

/** Slots of the word table if nobody says how long the text is. */
const FEW_SLOTS = 64;
const MAX_SLOTS = 1 << 17;

/**
 * The words of one line and the columns where they begin; reused from line to line. Words that came
 * not long ago are found in a table, so that a text of a hundred thousand rules does not become a
 * million strings.
 */
export class Words {
  readonly #texts: string[] = [];
  readonly #columns: number[] = [];
  #length = 0;
  readonly #known: string[];
  readonly #mask: number;

  /** For a text of about `characters`. */
  constructor(characters = 0) {
    let slots = FEW_SLOTS;
    while (slots < MAX_SLOTS && slots * 64 < characters) slots *= 2;
    this.#known = new Array<string>(slots).fill("");
    this.#mask = slots - 1;
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets the words of the line. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds a word that begins in that column, counted from 1. */
  add(text: string, column: number): void {
    this.#texts[this.#length] = text;
    this.#columns[this.#length] = column;
    this.#length += 1;
  }

  /** The word at `index`, or undefined behind the last. */
  at(index: number): string | undefined {
    return index < this.#length ? this.#texts[index] : undefined;
  }

  /** The column of the word at `index`, or the one behind the last word. */
  columnAt(index: number): number {
    const last = this.#length - 1;
    if (index <= last) return this.#columns[index] ?? 1;
    return last < 0 ? 1 : (this.#columns[last] ?? 1) + (this.#texts[last]?.length ?? 0);
  }

  /** The characters from `start` to `end`, whose hash is given, as one string for all occurrences. */
  #word(text: string, start: number, end: number, hash: number): string {
    const slot = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#known[slot] ?? "";
    if (known.length === end - start && text.startsWith(known, start)) return known;
    const word = text.slice(start, end);
    this.#known[slot] = word;
    return word;
  }

  /** Adds the words of `text` between `from` and `to`; columns count from `lineStart`. */
  split(text: string, from: number, to: number, lineStart: number): void {
    let at = from;
    while (at < to) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === TAB || code === NEWLINE) {
        at += 1;
        continue;
      }
      at =
        code === QUOTE
          ? this.#quoted(text, at, to, lineStart)
          : this.#bare(text, at, to, lineStart);
    }
  }

  /** A word without quotes, or up to its first quote. */
  #bare(text: string, start: number, to: number, lineStart: number): number {
    let at = start;
    let hash = 0;
    for (; at < to; at += 1) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === TAB || code === NEWLINE) break;
      if (code === QUOTE) return this.#quoted(text, at, to, lineStart, text.slice(start, at));
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.add(this.#word(text, start, at, hash), start - lineStart + 1);
    return at;
  }

  /** A word that begins with `before`, whose quote opens at `quote`. */
  #quoted(text: string, quote: number, to: number, lineStart: number, before = ""): number {
    const column = quote - before.length - lineStart + 1;
    let word = before;
    let from = quote + 1;
    for (let at = from; at < to; at += 1) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) {
        word += text.slice(from, at) + text.slice(at + 1, at + 2);
        at += 1;
        from = at + 1;
      } else if (code === QUOTE) {
        this.add(word + text.slice(from, at), column);
        return at + 1;
      }
    }
    // A quote that nobody closes holds the rest of the line, as in the real tool.
    word += text.slice(from, to);
    if (word !== "") this.add(word, column);
    return to;
  }
}

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

/** The words of one line and the columns where they begin; reused from line to line. */
export class Words {
  readonly #texts: string[] = [];
  readonly #columns: number[] = [];
  /** How far from the start of the line each ends, its quotes counted. */
  readonly #ends: number[] = [];
  #length = 0;
  get length(): number {
    return this.#length;
  }

  /** Forgets the words of the line. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds a word that begins in that column, counted from 1, and ends before `end`, from 0. */
  add(text: string, column: number, end = column - 1 + text.length): void {
    this.#texts[this.#length] = text;
    this.#columns[this.#length] = column;
    this.#ends[this.#length] = end;
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

  /** How far from the start of the line the word at `index` ends, its quotes counted. */
  endAt(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /**
   * Adds the word that begins at `at`, if there is one and not a blank, and returns where it ends;
   * `to` and columns as for `split`.
   */
  next(text: string, at: number, to: number, lineStart: number): number {
    const code = text.charCodeAt(at);
    if (code === SPACE || code === TAB || code === NEWLINE) return at;
    return code === QUOTE
      ? this.#quoted(text, at, to, lineStart)
      : this.#bare(text, at, to, lineStart);
  }

  /** Adds the words of `text` between `from` and `to`; columns count from `lineStart`. */
  split(text: string, from: number, to: number, lineStart: number): void {
    let at = from;
    while (at < to) {
      const end = this.next(text, at, to, lineStart);
      at = end === at ? at + 1 : end;
    }
  }

  /** A word without quotes, or up to its first quote. */
  #bare(text: string, start: number, to: number, lineStart: number): number {
    let at = start;
    for (; at < to; at += 1) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === TAB || code === NEWLINE) break;
      if (code === QUOTE) return this.#quoted(text, at, to, lineStart, text.slice(start, at));
    }
    this.add(text.slice(start, at), start - lineStart + 1, at - lineStart);
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
        this.add(word + text.slice(from, at), column, at + 1 - lineStart);
        return at + 1;
      }
    }
    // A quote that nobody closes holds the rest of the line, as in the real tool.
    word += text.slice(from, to);
    if (word !== "") this.add(word, column, to - lineStart);
    return to;
  }
}

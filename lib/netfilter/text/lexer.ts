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
  readonly texts: string[] = [];
  /** From 1. */
  readonly columns: number[] = [];

  get length(): number {
    return this.texts.length;
  }

  /** Forgets all words. */
  clear(): void {
    this.texts.length = 0;
    this.columns.length = 0;
  }

  add(text: string, column: number): void {
    this.texts.push(text);
    this.columns.push(column);
  }

  /** The word at `index`, or undefined behind the last. */
  at(index: number): string | undefined {
    return this.texts[index];
  }

  /** The column of the word at `index`, or the one behind the last word. */
  columnAt(index: number): number {
    const last = this.columns.length - 1;
    if (index <= last) return this.columns[index] ?? 1;
    return last < 0 ? 1 : (this.columns[last] ?? 1) + (this.texts[last]?.length ?? 0);
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
    for (; at < to; at += 1) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === TAB || code === NEWLINE) break;
      if (code === QUOTE) return this.#quoted(text, at, to, lineStart, text.slice(start, at));
    }
    this.add(text.slice(start, at), start - lineStart + 1);
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

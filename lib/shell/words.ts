/** A cursor over the words of a command line, for tools that read keywords one after another. */
import { ToolError } from "./command.ts";

/** Words and a position among them. */
export class Words {
  readonly #words: readonly string[];
  #next = 0;
  /** What to say when a word is missing, and the exit status then. */
  readonly #incomplete: { readonly text: string; readonly status: number };

  constructor(
    words: readonly string[],
    incomplete = { text: 'Command line is not complete. Try option "help"', status: 255 },
  ) {
    this.#words = words;
    this.#incomplete = incomplete;
  }

  get done(): boolean {
    return this.#next >= this.#words.length;
  }

  /** The next word without taking it, or "". */
  peek(): string {
    return this.#words[this.#next] ?? "";
  }

  /** Takes the next word, which must be there. */
  take(): string {
    const word = this.#words[this.#next];
    if (word === undefined) throw new ToolError(this.#incomplete.text, this.#incomplete.status);
    this.#next += 1;
    return word;
  }

  /** Takes the next word if it is one of these. */
  takes(...words: string[]): boolean {
    if (this.done || !words.includes(this.peek())) return false;
    this.#next += 1;
    return true;
  }

  /** All that is left. */
  rest(): string[] {
    const rest = this.#words.slice(this.#next);
    this.#next = this.#words.length;
    return rest;
  }
}

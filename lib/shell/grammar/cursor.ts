/** Walks along the tokens of a script, and says what it met where something else belongs. */
import type { VethworkError } from "../../base/errors.ts";
import type { Word } from "./syntax.ts";
import { shellProblem, type Token, type Tokens } from "./token.ts";

/** A place among the tokens of a text. */
export class Cursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #documents: Word[];
  readonly #end: Token;
  #next = 0;

  constructor(text: string, { tokens, documents, end }: Tokens) {
    this.#text = text;
    this.#tokens = tokens;
    this.#documents = [...documents];
    this.#end = { kind: "end", text: "", word: null, at: end, end };
  }

  /** The token at hand. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? this.#end;
  }

  /** Goes on behind some tokens. */
  skip(count = 1): void {
    this.#next += count;
  }

  /** Whether the operator is at hand. */
  is(operator: string): boolean {
    const token = this.peek();
    return token.kind === "operator" && token.text === operator;
  }

  /** Whether the operator stands here twice without a space, which means something to bash. */
  isDoubled(operator: "(" | ")"): boolean {
    const after = this.peek(1);
    return this.is(operator) && after.text === operator && after.at === this.peek().end;
  }

  /** Takes `((…))`, and returns the text between. */
  takeDoubled(): string {
    const start = this.peek().end + 1;
    this.skip(2);
    let depth = 0;
    while (depth > 0 || !this.isDoubled(")")) {
      if (this.peek().kind === "end") throw this.unexpected();
      depth += Number(this.is("(")) - Number(this.is(")"));
      this.skip();
    }
    const text = this.#text.slice(start, this.peek().at);
    this.skip(2);
    return text;
  }

  /** Takes an operator if it is at hand. */
  takes(operator: string): boolean {
    if (!this.is(operator)) return false;
    this.skip();
    return true;
  }

  /** Takes a reserved word if it is at hand. */
  takesWord(word: string): boolean {
    const token = this.peek();
    if (token.kind !== "word" || token.text !== word) return false;
    this.skip();
    return true;
  }

  /** Takes a reserved word, which must be there. */
  expectWord(word: string): void {
    if (!this.takesWord(word)) throw this.unexpected();
  }

  /** Takes the token at hand, whatever it is. */
  take(): Token {
    const token = this.peek();
    this.skip();
    return token;
  }

  /** Takes a word, which must be there. */
  takeWord(): Word {
    const { word } = this.peek();
    if (word === null) throw this.unexpected();
    this.skip();
    return word;
  }

  /** Takes line ends, if there are any. */
  newlines(): void {
    while (this.takes("\n"));
  }

  /** The body of the next here-document, or undefined. */
  takeDocument(): Word | undefined {
    return this.#documents.shift();
  }

  /** The text from `at` to the end of what was taken last. */
  since(at: number): string {
    return this.#text.slice(at, this.#tokens[this.#next - 1]?.end ?? at);
  }

  /** The error for the token at hand. */
  unexpected(): VethworkError {
    const token = this.peek();
    const what = token.kind === "end" ? "end of line" : JSON.stringify(token.text);
    return shellProblem(`unexpected ${what} in "${this.#text.trim()}"`);
  }
}

/**
 * Cuts a shell script into words and operators. Words are read down to their expansions; a command
 * substitution is cut by a lexer of its own.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.2 (quoting), §2.3 (token recognition),
 * §2.7.4 (here-documents); bash(1) 5.2 for what a `Dialect` has besides.
 * Not modelled: a `case` pattern with an unpaired `)` inside of `$(…)`.
 */
import type { VethworkError } from "../../base/errors.ts";
import { unescapeText } from "../escapes.ts";
import type { Dialect } from "./dialect.ts";
import { readBraced } from "./parameter.ts";
import type { CommandList, Word, WordPart } from "./syntax.ts";
import { type ParseTokens, shellProblem, type Token, type Tokens } from "./token.ts";

const OPERATORS = [
  "&&",
  "||",
  ";;",
  "&>>",
  "&>",
  ">&",
  "<&",
  ">|",
  "<>",
  "<<<",
  "<<-",
  "<<",
  ">>",
  ";",
  "&",
  "|",
  "<",
  ">",
  "\n",
  "(",
  ")",
];

/** Names of variables are looked for in so many characters. */
const LONGEST_NAME = 200;

/** Cuts `text`. Throws `VW_COMMAND`. */
export function tokenize(text: string, parse: ParseTokens, dialect: Dialect): Tokens {
  return new Lexer(text, 0, parse, dialect).tokens(false);
}

/** A text in which only expansions count: an arithmetic expression. Throws `VW_COMMAND`. */
export function expansionsOf(text: string, parse: ParseTokens, dialect: Dialect): Word {
  return new Lexer(text, 0, parse, dialect).wordOf(text);
}

/** What double quotes and here-documents end with, or the end of a `${…}` word. */
export type Quoting = "none" | "double" | "document" | "brace" | "quoted-brace";

/** Reads one text; `readBraced` takes it over behind `${`. */
export class Lexer {
  readonly dialect: Dialect;
  readonly #text: string;
  readonly #parse: ParseTokens;
  readonly #tokens: Token[] = [];
  readonly #documents: Word[] = [];
  #at: number;
  /** End words of here-documents whose bodies begin after the next newline. */
  #pending: { readonly end: string; readonly expand: boolean; readonly tabs: boolean }[] = [];
  /** Between `[[` and `]]`, where `=~` is followed by a regular expression. */
  #inTest = false;

  constructor(text: string, at: number, parse: ParseTokens, dialect: Dialect) {
    this.#text = text;
    this.#at = at;
    this.#parse = parse;
    this.dialect = dialect;
  }

  /** All tokens; of a substitution those up to its closing parenthesis. */
  tokens(nested: boolean): Tokens {
    let depth = 0;
    for (;;) {
      while (/[ \t\r]/.test(this.#char())) this.#at += 1;
      if (this.#text.startsWith("\\\n", this.#at)) this.#at += 2;
      else if (this.#char() === "#") this.#skipComment();
      else if (this.#at >= this.#text.length) {
        if (nested) throw this.#open("$(");
        if (this.#pending.length > 0) this.#readDocuments();
        return { tokens: this.#tokens, documents: this.#documents, end: this.#at };
      } else {
        if (this.#char() === "(") depth += 1;
        if (this.#char() === ")") depth -= 1;
        if (nested && depth < 0) {
          this.#at += 1;
          return { tokens: this.#tokens, documents: this.#documents, end: this.#at };
        }
        this.#token();
      }
    }
  }

  #token(): void {
    const at = this.#at;
    const operator = this.#operator();
    if (operator === null) {
      const word = this.#word();
      if (this.dialect.hasTest)
        this.#inTest = this.#inTest ? word.text !== "]]" : word.text === "[[";
      this.#noteDocument(word);
      this.#tokens.push({ kind: "word", text: word.text, word, at, end: this.#at });
      return;
    }
    this.#at += operator.length;
    this.#tokens.push({ kind: "operator", text: operator, word: null, at, end: this.#at });
    if (operator === "\n") this.#readDocuments();
  }

  /** The operator that begins here; null for a word. */
  #operator(): string | null {
    if (this.#inTest && this.#tokens.at(-1)?.text === "=~") return null;
    if (this.dialect.isBash && /^<\((?!\()/.test(this.#text.slice(this.#at, this.#at + 3)))
      return null;
    return OPERATORS.find((text) => this.#text.startsWith(text, this.#at)) ?? null;
  }

  /** A word behind `<<` is the end of a document; in quotes, nothing in it is expanded. */
  #noteDocument({ parts, text }: Word): void {
    const before = this.#tokens.at(-1);
    if (before?.kind !== "operator" || !/^<<-?$/.test(before.text)) return;
    const end = parts.map((part) => (part.kind === "literal" ? part.text : text)).join("");
    const expand = parts.every((part) => part.kind !== "literal" || !part.quoted);
    this.#pending.push({ end, expand, tabs: before.text === "<<-" });
  }

  #word(): Word {
    const at = this.#at;
    const isExpression = this.#inTest && this.#tokens.at(-1)?.text === "=~";
    const parts: WordPart[] = [];
    if (this.dialect.isBash && this.take("<(")) {
      parts.push({ kind: "process", list: this.#nested(), quoted: false });
    }
    parts.push(...this.parts("none", isExpression ? /[ \t\r\n]/ : /[ \t\r\n;&|<>()]/));
    const isArray = /^[A-Za-z_][A-Za-z0-9_]*\+?=$/.test(this.#text.slice(at, this.#at));
    if (isArray && this.dialect.isBash && this.take("(")) parts.push(this.#array());
    return { parts, text: this.#text.slice(at, this.#at) };
  }

  /** The elements of `name=(…)`, whose opening parenthesis has been taken. */
  #array(): WordPart {
    const lexer = new Lexer(this.#text, this.#at, this.#parse, this.dialect);
    const { tokens, end } = lexer.tokens(true);
    this.#at = end;
    return { kind: "array", words: tokens.flatMap(({ word }) => word ?? []), quoted: false };
  }

  /** Parts up to a character that `stop` knows, which is not taken, or the end of the text. */
  parts(quoting: Quoting, stop: RegExp): WordPart[] {
    const parts: WordPart[] = [];
    const quoted = quoting === "double" || quoting === "document" || quoting === "quoted-brace";
    const add = (text: string, isQuoted = quoted): void => {
      const last = parts.at(-1);
      if (last?.kind === "literal" && last.quoted === isQuoted) {
        parts[parts.length - 1] = { kind: "literal", text: last.text + text, quoted: isQuoted };
      } else parts.push({ kind: "literal", text, quoted: isQuoted });
    };
    for (;;) {
      const char = this.#char();
      if (char === "" || stop.test(char)) return parts;
      this.#at += 1;
      if (char === "'" && !quoted) add(this.#until("'"), true);
      else if (char === '"' && quoting !== "double" && quoting !== "document") {
        const inner = this.parts("double", /"/);
        if (this.#char() === "") throw this.#open('"');
        this.#at += 1;
        if (inner.length === 0) add("", true);
        parts.push(...inner);
      } else if (char === "\\") {
        if (quoted && !/["\\$`\n}]/.test(this.#char())) add("\\");
        else if (this.#char() === "\n") this.#at += 1;
        else {
          add(this.#char(), true);
          this.#at += 1;
        }
      } else if (char === "`") parts.push(this.#backquoted(quoted));
      else if (char === "$" && !quoted && this.dialect.hasAnsiQuotes && this.take("'")) {
        add(this.#ansiQuoted(), true);
      } else if (char === "$") {
        const part = this.#expansion(quoted);
        if (part === null) add("$");
        else parts.push(part);
      } else add(char);
    }
  }

  /** What stands behind a `$`; null if nothing does, and it is a dollar sign. */
  #expansion(quoted: boolean): WordPart | null {
    if (this.#text.startsWith("((", this.#at)) return this.#arithmetic(quoted);
    if (this.take("(")) return { kind: "substitution", list: this.#nested(), quoted };
    if (this.take("{")) return readBraced(this, quoted);
    const name = this.takeMatch(/^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/);
    if (name === null) return null;
    const plain = { index: null, indirect: false, operator: null, word: null, second: null };
    return { kind: "parameter", name: name[0], ...plain, quoted };
  }

  /** What stands in `$(…)`, whose opening parenthesis has been taken. */
  #nested(): CommandList {
    const lexer = new Lexer(this.#text, this.#at, this.#parse, this.dialect);
    const tokens = lexer.tokens(true);
    this.#at = tokens.end;
    return this.#parse(this.#text, tokens, this.dialect);
  }

  #arithmetic(quoted: boolean): WordPart {
    const start = this.#at + 2;
    let depth = 0;
    let at = start;
    for (; at < this.#text.length; at += 1) {
      const char = this.#text[at];
      if (char === "(") depth += 1;
      else if (char === ")" && depth > 0) depth -= 1;
      else if (char === ")") break;
    }
    if (!this.#text.startsWith("))", at)) throw this.#open("$((");
    const inner = this.#text.slice(start, at);
    this.#at = at + 2;
    return { kind: "arithmetic", expression: this.wordOf(inner), quoted };
  }

  #backquoted(quoted: boolean): WordPart {
    let inner = "";
    for (;;) {
      const char = this.#char();
      if (char === "") throw this.#open("`");
      this.#at += 1;
      if (char === "`") break;
      if (char === "\\" && /[$`\\]/.test(this.#char())) {
        inner += this.#char();
        this.#at += 1;
      } else inner += char;
    }
    const tokens = tokenize(inner, this.#parse, this.dialect);
    const list = this.#parse(inner, tokens, this.dialect);
    return { kind: "substitution", list, quoted };
  }

  /** A text in which only expansions count: a here-document, an arithmetic expression. */
  wordOf(text: string): Word {
    const lexer = new Lexer(text, 0, this.#parse, this.dialect);
    return { parts: lexer.parts("document", /(?!)/), text };
  }

  /** A word in `${…}` or `name[…]`, up to a character that `stop` knows. */
  wordUpTo(stop: RegExp, quoted: boolean): Word {
    const at = this.#at;
    const parts = this.parts(quoted ? "quoted-brace" : "brace", stop);
    return { parts, text: this.#text.slice(at, this.#at) };
  }

  /** Whether `text` stands here; then it is taken. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What a pattern that begins with `^` finds here, which is taken. */
  takeMatch(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.#text.slice(this.#at, this.#at + LONGEST_NAME));
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  /** The error for a `${…}` that is none. */
  badSubstitution(): VethworkError {
    if (this.#char() === "") return this.#open("${");
    return shellProblem(`bad substitution near "${this.#text.slice(this.#at, this.#at + 10)}"`);
  }

  /** What stands in `$'…'`, whose opening quote has been taken. */
  #ansiQuoted(): string {
    const match = this.#text.slice(this.#at).match(/^((?:[^'\\]|\\.)*)'/s);
    if (match === null) throw this.#open("$'");
    this.#at += match[0].length;
    return unescapeText((match[1] ?? "").replace(/\\(['"])/g, "$1"));
  }

  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at);
    if (end === -1) throw this.#open(quote);
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #readDocuments(): void {
    for (const { end: endWord, expand, tabs } of this.#pending) {
      let body = "";
      for (;;) {
        if (this.#at >= this.#text.length) {
          throw shellProblem(`here-document "${endWord}" has no end`);
        }
        const newline = this.#text.indexOf("\n", this.#at);
        const end = newline === -1 ? this.#text.length : newline;
        const whole = this.#text.slice(this.#at, end);
        const row = tabs ? whole.replace(/^\t+/, "") : whole;
        this.#at = end + 1;
        if (row.trim() === endWord) break;
        body += `${row}\n`;
      }
      const literal: Word = { parts: [{ kind: "literal", text: body, quoted: true }], text: body };
      this.#documents.push(expand ? this.wordOf(body) : literal);
    }
    this.#pending = [];
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#char() !== "\n") this.#at += 1;
  }

  #char(): string {
    return this.#text[this.#at] ?? "";
  }

  #open(what: string): VethworkError {
    return shellProblem(`${what} is not closed in ${JSON.stringify(this.#text.trim())}`);
  }
}

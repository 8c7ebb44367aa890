/**
 * Cuts a shell script into words and operators. Words are read down to their expansions; a command
 * substitution is cut by a lexer of its own.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.2 (quoting), §2.3 (token recognition),
 * §2.7.4 (here-documents); busybox ash for `<<<`, `&>`.
 * Not modelled: a `case` pattern with an unpaired `)` inside of `$(…)`, `$'…'`.
 */
import type { VethworkError } from "../../base/errors.ts";
import type { ParameterOperator, Word, WordPart } from "./syntax.ts";
import { type ParseTokens, shellProblem, type Token, type Tokens } from "./token.ts";

const OPERATORS = [
  "&&",
  "||",
  ";;",
  "&>",
  ">&",
  ">|",
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
const PARAMETER_OPERATORS: readonly ParameterOperator[] = [
  ":-",
  ":=",
  ":?",
  ":+",
  "%%",
  "##",
  "-",
  "=",
  "?",
  "+",
  "%",
  "#",
];

/** Cuts `text`. Throws `VW_COMMAND`. */
export function tokenize(text: string, parse: ParseTokens): Tokens {
  return new Lexer(text, 0, parse).tokens(false);
}

/** What double quotes and here-documents end with, or the end of a `${…}` word. */
type Quoting = "none" | "double" | "document" | "brace" | "quoted-brace";

class Lexer {
  readonly #text: string;
  readonly #parse: ParseTokens;
  readonly #tokens: Token[] = [];
  readonly #documents: Word[] = [];
  #at: number;
  /** End words of here-documents whose bodies begin after the next newline. */
  #pending: { readonly end: string; readonly expand: boolean }[] = [];

  constructor(text: string, at: number, parse: ParseTokens) {
    this.#text = text;
    this.#at = at;
    this.#parse = parse;
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
    const operator = OPERATORS.find((text) => this.#text.startsWith(text, at));
    if (operator === undefined) {
      const word = this.#word();
      this.#noteDocument(word);
      this.#tokens.push({ kind: "word", text: word.text, word, at, end: this.#at });
      return;
    }
    this.#at += operator.length;
    this.#tokens.push({ kind: "operator", text: operator, word: null, at, end: this.#at });
    if (operator === "\n") this.#readDocuments();
  }

  /** A word behind `<<` is the end of a document; in quotes, nothing in it is expanded. */
  #noteDocument({ parts, text }: Word): void {
    const before = this.#tokens.at(-1);
    if (before?.kind !== "operator" || !/^<<-?$/.test(before.text)) return;
    const end = parts.map((part) => (part.kind === "literal" ? part.text : text)).join("");
    const expand = parts.every((part) => part.kind !== "literal" || !part.quoted);
    this.#pending.push({ end, expand });
  }

  #word(): Word {
    const at = this.#at;
    const parts = this.#parts("none", /[ \t\r\n;&|<>()]/);
    return { parts, text: this.#text.slice(at, this.#at) };
  }

  /** Parts up to a character that `stop` knows, which is not taken, or the end of the text. */
  #parts(quoting: Quoting, stop: RegExp): WordPart[] {
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
        const inner = this.#parts("double", /"/);
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
      else if (char === "$") {
        const part = this.#expansion(quoted);
        if (part === null) add("$");
        else parts.push(part);
      } else add(char);
    }
  }

  /** What stands behind a `$`; null if nothing does, and it is a dollar sign. */
  #expansion(quoted: boolean): WordPart | null {
    if (this.#text.startsWith("((", this.#at)) return this.#arithmetic(quoted);
    if (this.#char() === "(") {
      const lexer = new Lexer(this.#text, this.#at + 1, this.#parse);
      const tokens = lexer.tokens(true);
      this.#at = tokens.end;
      return { kind: "substitution", list: this.#parse(this.#text, tokens), quoted };
    }
    if (this.#char() === "{") return this.#braced(quoted);
    const name = /^([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(
      this.#text.slice(this.#at, this.#at + 200),
    );
    if (name === null) return null;
    this.#at += name[0].length;
    return { kind: "parameter", name: name[0], operator: null, word: null, quoted };
  }

  #braced(quoted: boolean): WordPart {
    this.#at += 1;
    const match = /^(#)?([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/.exec(this.#text.slice(this.#at));
    if (match === null)
      throw shellProblem(`bad substitution "\${${this.#text.slice(this.#at, this.#at + 10)}"`);
    const isCount = match[1] === undefined && match[0] === "#";
    const [, hash, name = ""] = match;
    this.#at += match[0].length;
    const operator =
      hash !== undefined && !isCount
        ? "#length"
        : (PARAMETER_OPERATORS.find((text) => this.#text.startsWith(text, this.#at)) ?? null);
    let word: Word | null = null;
    if (operator !== null && operator !== "#length") {
      this.#at += operator.length;
      const at = this.#at;
      const parts = this.#parts(quoted ? "quoted-brace" : "brace", /\}/);
      word = { parts, text: this.#text.slice(at, this.#at) };
    }
    if (this.#char() === "") throw this.#open("${");
    if (this.#char() !== "}") throw shellProblem(`bad substitution "\${${name}${this.#char()}"`);
    this.#at += 1;
    return { kind: "parameter", name, operator, word, quoted };
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
    return { kind: "arithmetic", expression: this.#wordOf(inner), quoted };
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
    const list = this.#parse(inner, tokenize(inner, this.#parse));
    return { kind: "substitution", list, quoted };
  }

  /** A text in which only expansions count: a here-document, an arithmetic expression. */
  #wordOf(text: string): Word {
    return { parts: new Lexer(text, 0, this.#parse).#parts("document", /(?!)/), text };
  }

  #until(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at);
    if (end === -1) throw this.#open(quote);
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #readDocuments(): void {
    for (const { end: endWord, expand } of this.#pending) {
      let body = "";
      for (;;) {
        if (this.#at >= this.#text.length) {
          throw shellProblem(`here-document "${endWord}" has no end`);
        }
        const newline = this.#text.indexOf("\n", this.#at);
        const end = newline === -1 ? this.#text.length : newline;
        const row = this.#text.slice(this.#at, end);
        this.#at = end + 1;
        if (row.trim() === endWord) break;
        body += `${row}\n`;
      }
      const literal: Word = { parts: [{ kind: "literal", text: body, quoted: true }], text: body };
      this.#documents.push(expand ? this.#wordOf(body) : literal);
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

/**
 * Reads a command line as a POSIX shell does, as far as labs need: words with quotes, `;` and
 * newlines, `&&`, `||`, `!`, `&`, pipes, redirections to files, here-strings and here-documents.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.2 (quoting), §2.7 (redirection), §2.9 (lists).
 * Not modelled: variables, command substitution, globs (a pattern stays as it is written), control
 * structures and groups.
 */
import { VethworkError } from "../base/errors.ts";

/** One redirection: `descriptor` 0, 1 or 2; for `text` the target is the text itself. */
export interface Redirect {
  readonly descriptor: number;
  readonly kind: "read" | "write" | "append" | "text" | "duplicate";
  readonly target: string;
}

/** A command with its arguments. */
export interface SimpleCommand {
  readonly words: readonly string[];
  readonly redirects: readonly Redirect[];
}

/** Commands of which each feeds the next. */
export interface Pipeline {
  readonly commands: readonly SimpleCommand[];
  /** `! …`: the exit status is turned around. */
  readonly negated: boolean;
}

/** A pipeline and the condition under which it is run after the one before. */
export interface ListItem {
  readonly condition: "always" | "and" | "or";
  readonly pipeline: Pipeline;
}

/** Pipelines joined by `&&` and `||`, run as a whole in the foreground or the background. */
export interface Job {
  readonly items: readonly ListItem[];
  readonly background: boolean;
  /** As it was written, without `&`. */
  readonly text: string;
}

interface Token {
  readonly kind: "word" | "operator" | "end";
  readonly text: string;
  /** Where it begins and ends in the line. */
  readonly at: number;
  readonly end: number;
}

const OPERATORS = ["&&", "||", ">&", "<<<", "<<", ">>", ";", "&", "|", "<", ">", "\n", "(", ")"];
const NOT_MODELLED = "a lab's shell has words, quotes, ; && || ! & | < > >> <<< << and comments";

/** The jobs of a command line, in order. Throws `VW_COMMAND`. */
export function parseCommandLine(line: string): Job[] {
  return new Parser(line).jobs();
}

/** The words of a text without operators, as the arguments of one command. */
export function splitWords(text: string): string[] {
  const jobs = parseCommandLine(text);
  const command = jobs[0]?.items[0]?.pipeline.commands[0];
  return command === undefined ? [] : [...command.words];
}

class Parser {
  readonly #line: string;
  #tokens: Token[];
  #next = 0;
  /** Bodies of here-documents in the order of their operators. */
  readonly #documents: string[];

  constructor(line: string) {
    this.#line = line;
    const lexer = new Lexer(line);
    this.#tokens = lexer.tokens();
    this.#documents = lexer.documents;
  }

  jobs(): Job[] {
    const jobs: Job[] = [];
    for (;;) {
      while (this.#takes(";") || this.#takes("\n"));
      if (this.#peek().kind === "end") return jobs;
      const at = this.#peek().at;
      const items = this.#items();
      const text = this.#line.slice(at, this.#previousEnd());
      const background = this.#takes("&");
      jobs.push({ items, background, text });
      const next = this.#peek();
      if (!background && next.kind !== "end" && next.text !== ";" && next.text !== "\n") {
        throw this.#unexpected(next);
      }
    }
  }

  #items(): ListItem[] {
    const items: ListItem[] = [{ condition: "always", pipeline: this.#pipeline() }];
    for (;;) {
      const condition = this.#takes("&&") ? "and" : this.#takes("||") ? "or" : null;
      if (condition === null) return items;
      while (this.#takes("\n"));
      items.push({ condition, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    const first = this.#peek();
    const negated = first.kind === "word" && this.#raw(first) === "!";
    if (negated) this.#next += 1;
    const commands = [this.#command()];
    while (this.#takes("|")) {
      while (this.#takes("\n"));
      commands.push(this.#command());
    }
    return { commands, negated };
  }

  #command(): SimpleCommand {
    const words: string[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "word") {
        this.#next += 1;
        const after = this.#peek();
        const descriptor = /^[012]$/.test(this.#raw(token)) && after.at === token.end;
        if (descriptor && isRedirect(after)) redirects.push(this.#redirect(Number(token.text)));
        else words.push(token.text);
      } else if (isRedirect(token)) {
        redirects.push(this.#redirect(null));
      } else {
        if (words.length === 0) throw this.#unexpected(token);
        if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0] ?? "")) {
          throw problem(`"${words[0]}" sets a variable`);
        }
        return { words, redirects };
      }
    }
  }

  #redirect(descriptor: number | null): Redirect {
    const operator = this.#peek().text;
    this.#next += 1;
    const target = this.#peek();
    if (target.kind !== "word") throw this.#unexpected(target);
    this.#next += 1;
    switch (operator) {
      case "<":
        return { descriptor: descriptor ?? 0, kind: "read", target: target.text };
      case ">":
        return { descriptor: descriptor ?? 1, kind: "write", target: target.text };
      case ">>":
        return { descriptor: descriptor ?? 1, kind: "append", target: target.text };
      case "<<<":
        return { descriptor: 0, kind: "text", target: `${target.text}\n` };
      case "<<":
        return { descriptor: 0, kind: "text", target: this.#documents.shift() ?? "" };
      default:
        if (!/^[12]$/.test(target.text)) throw problem(`"${operator}${target.text}"`);
        return { descriptor: descriptor ?? 1, kind: "duplicate", target: target.text };
    }
  }

  #peek(): Token {
    const length = this.#line.length;
    return this.#tokens[this.#next] ?? { kind: "end", text: "", at: length, end: length };
  }

  #takes(operator: string): boolean {
    const token = this.#peek();
    if (token.kind !== "operator" || token.text !== operator) return false;
    this.#next += 1;
    return true;
  }

  #raw(token: Token): string {
    return this.#line.slice(token.at, token.end);
  }

  #previousEnd(): number {
    return this.#tokens[this.#next - 1]?.end ?? 0;
  }

  #unexpected(token: Token): VethworkError {
    const what = token.kind === "end" ? "end of line" : JSON.stringify(token.text);
    return problem(`unexpected ${what} in "${this.#line.trim()}"`);
  }
}

class Lexer {
  readonly #line: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  /** End words of here-documents whose bodies begin after the next newline. */
  #pending: string[] = [];
  readonly documents: string[] = [];

  constructor(line: string) {
    this.#line = line;
  }

  tokens(): Token[] {
    for (;;) {
      while (/[ \t\r]/.test(this.#char())) this.#at += 1;
      if (this.#line.startsWith("\\\n", this.#at)) this.#at += 2;
      else if (this.#char() === "#") this.#skipComment();
      else if (this.#at >= this.#line.length) return this.#tokens;
      else this.#token();
    }
  }

  #token(): void {
    const at = this.#at;
    const operator = OPERATORS.find((text) => this.#line.startsWith(text, at));
    if (operator === undefined) {
      const text = this.#word();
      const before = this.#tokens.at(-1);
      if (before?.kind === "operator" && before.text === "<<") this.#pending.push(text);
      this.#tokens.push({ kind: "word", text, at, end: this.#at });
      return;
    }
    if (operator === "(" || operator === ")") throw problem(`"${operator}"`);
    this.#at += operator.length;
    this.#tokens.push({ kind: "operator", text: operator, at, end: this.#at });
    if (operator === "\n") this.#readDocuments();
  }

  #word(): string {
    let text = "";
    for (;;) {
      const char = this.#char();
      if (char === "" || /[ \t\r\n;&|<>()]/.test(char)) return text;
      this.#at += 1;
      if (char === "'") text += this.#until("'");
      else if (char === '"') text += this.#doubleQuoted();
      else if (char === "\\") text += this.#escaped();
      else if (char === "$" || char === "`") throw problem(`"${char}"`);
      else text += char;
    }
  }

  #doubleQuoted(): string {
    let text = "";
    for (;;) {
      const char = this.#char();
      this.#at += 1;
      if (char === '"') return text;
      if (char === "") throw problem(`the quote " is not closed in ${this.#line.trim()}`);
      if (char === "$" || char === "`") throw problem(`"${char}" in double quotes`);
      if (char === "\\" && /["\\$`\n]/.test(this.#char())) text += this.#escaped();
      else text += char;
    }
  }

  #escaped(): string {
    const char = this.#char();
    this.#at += 1;
    return char === "\n" ? "" : char;
  }

  #until(quote: string): string {
    const end = this.#line.indexOf(quote, this.#at);
    if (end === -1) throw problem(`the quote ${quote} is not closed in ${this.#line.trim()}`);
    const text = this.#line.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #readDocuments(): void {
    for (const endWord of this.#pending) {
      let body = "";
      for (;;) {
        if (this.#at >= this.#line.length) throw problem(`here-document "${endWord}" has no end`);
        const newline = this.#line.indexOf("\n", this.#at);
        const end = newline === -1 ? this.#line.length : newline;
        const row = this.#line.slice(this.#at, end);
        this.#at = end + 1;
        if (row.trim() === endWord) break;
        body += `${row}\n`;
      }
      this.documents.push(body);
    }
    this.#pending = [];
  }

  #skipComment(): void {
    while (this.#at < this.#line.length && this.#char() !== "\n") this.#at += 1;
  }

  #char(): string {
    return this.#line[this.#at] ?? "";
  }
}

function isRedirect(token: Token): boolean {
  return token.kind === "operator" && ["<", ">", ">>", "<<<", "<<", ">&"].includes(token.text);
}

function problem(what: string): VethworkError {
  return new VethworkError("VW_COMMAND", `shell: ${what}`, NOT_MODELLED);
}

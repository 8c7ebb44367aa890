/**
 * Reads a shell script by recursive descent: lists, pipelines, simple and compound commands.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9, §2.10 (grammar); bash(1) 5.2, Compound Commands.
 */
import type { VethworkError } from "../../base/errors.ts";
import { assignmentOf, DECLARATIONS, hasArray } from "./assignment.ts";
import { readCondition } from "./condition.ts";
import { type Dialect, dialectOf, type ShellKind } from "./dialect.ts";
import { expansionsOf, shellProblem, type Token, type Tokens, tokenize } from "./lexer.ts";
import {
  type Assignment,
  type Branch,
  type CaseClause,
  type CommandList,
  type CompoundBody,
  type CompoundCommand,
  type Job,
  type ListItem,
  literalWord,
  type Pipeline,
  type Redirect,
  type ShellCommand,
  type SimpleCommand,
  type Word,
} from "./syntax.ts";

const REDIRECTIONS = ["<", ">", ">>", ">|", "<>", "<<<", "<<", "<<-", ">&", "<&", "&>", "&>>"];
/** Words that end a list in the middle of a compound command. */
const CLOSING = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

/** The list that a script is to a shell. Throws `VW_COMMAND`. */
export function parseScriptText(text: string, shell: ShellKind = "dash"): CommandList {
  const dialect = dialectOf(shell);
  return parseTokens(text, tokenize(text, parseTokens, dialect), dialect);
}

function parseTokens(text: string, tokens: Tokens, dialect: Dialect): CommandList {
  const parser = new Parser(text, tokens, dialect);
  const list = parser.list();
  parser.expectEnd();
  return list;
}

class Parser {
  readonly #text: string;
  readonly #dialect: Dialect;
  readonly #tokens: readonly Token[];
  readonly #documents: Word[];
  readonly #end: Token;
  #next = 0;

  constructor(text: string, { tokens, documents, end }: Tokens, dialect: Dialect) {
    this.#text = text;
    this.#dialect = dialect;
    this.#tokens = tokens;
    this.#documents = [...documents];
    this.#end = { kind: "end", text: "", word: null, at: end, end };
  }

  /** Jobs up to the end, a `)`, a `;;` or a word that closes a compound command. */
  list(): CommandList {
    const jobs: Job[] = [];
    for (;;) {
      while (this.#takes(";") || this.#takes("\n"));
      if (this.#closes()) return jobs;
      const { at } = this.#peek();
      const items = this.#items();
      const text = this.#since(at);
      const background = this.#takes("&");
      jobs.push({ items, background, text });
      if (!background && !this.#closes() && !this.#is(";") && !this.#is("\n")) {
        throw this.#unexpected();
      }
    }
  }

  expectEnd(): void {
    if (this.#peek().kind !== "end") throw this.#unexpected();
  }

  #closes(): boolean {
    const { kind, text } = this.#peek();
    if (kind === "end") return true;
    if (kind === "operator") return text === ")" || text === ";;";
    return CLOSING.includes(text);
  }

  #items(): ListItem[] {
    const items: ListItem[] = [{ condition: "always", pipeline: this.#pipeline() }];
    for (;;) {
      const condition = this.#takes("&&") ? "and" : this.#takes("||") ? "or" : null;
      if (condition === null) return items;
      this.#newlines();
      items.push({ condition, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#takesWord("!");
    const commands = [this.#command()];
    while (this.#takes("|")) {
      this.#newlines();
      commands.push(this.#command());
    }
    return { commands, negated };
  }

  #command(): ShellCommand {
    const { at, kind, text } = this.#peek();
    if (this.#isDoubled("(")) return this.#compound(at, this.#arithmetic());
    if (kind === "operator" && text === "(") return this.#compound(at, this.#subshell());
    if (kind !== "word") return this.#simple(at);
    switch (text) {
      case "[[":
        if (!this.#dialect.hasTest) break;
        return this.#compound(at, this.#test());
      case "function":
        if (!this.#dialect.isBash) break;
        this.#next += 1;
        return this.#function(at);
      case "{":
        return this.#compound(at, this.#group());
      case "if":
        return this.#compound(at, this.#if());
      case "while":
      case "until":
        return this.#compound(at, this.#loop());
      case "for":
        return this.#compound(at, this.#for());
      case "case":
        return this.#compound(at, this.#case());
    }
    return this.#isFunction() ? this.#function(at) : this.#simple(at);
  }

  /** Whether the operator stands here twice without a space, which means something to bash. */
  #isDoubled(operator: "(" | ")"): boolean {
    if (!this.#dialect.isBash || !this.#is(operator)) return false;
    const after = this.#tokens[this.#next + 1];
    return after?.text === operator && after.at === this.#peek().end;
  }

  /** The text of `((…))`. */
  #doubled(): string {
    const start = this.#peek().end + 1;
    this.#next += 2;
    let depth = 0;
    while (depth > 0 || !this.#isDoubled(")")) {
      if (this.#peek().kind === "end") throw this.#unexpected();
      depth += Number(this.#is("(")) - Number(this.#is(")"));
      this.#next += 1;
    }
    const text = this.#text.slice(start, this.#peek().at);
    this.#next += 2;
    return text;
  }

  #arithmetic(): CompoundBody {
    return { kind: "arithmetic", expression: this.#expression(this.#doubled()) };
  }

  #expression(text: string): Word {
    return expansionsOf(text, parseTokens, this.#dialect);
  }

  #test(): CompoundBody {
    this.#next += 1;
    const take = (): Token => {
      const token = this.#peek();
      this.#next += 1;
      return token;
    };
    const unexpected = (): VethworkError => this.#unexpected();
    const condition = readCondition({ peek: () => this.#peek(), take, unexpected });
    this.#expectWord("]]");
    return { kind: "test", condition };
  }

  #compound(at: number, body: CompoundBody): CompoundCommand {
    const redirects: Redirect[] = [];
    while (this.#atRedirect()) redirects.push(...this.#redirect());
    return { ...body, redirects, text: this.#since(at) };
  }

  #subshell(): CompoundBody {
    this.#next += 1;
    const body = this.#filled();
    if (!this.#takes(")")) throw this.#unexpected();
    return { kind: "subshell", body };
  }

  #group(): CompoundBody {
    this.#next += 1;
    const body = this.#filled();
    this.#expectWord("}");
    return { kind: "group", body };
  }

  #if(): CompoundBody {
    const branches: Branch[] = [];
    do {
      this.#next += branches.length === 0 ? 1 : 0;
      const condition = this.#filled();
      this.#expectWord("then");
      branches.push({ condition, body: this.#filled() });
    } while (this.#takesWord("elif"));
    const otherwise = this.#takesWord("else") ? this.#filled() : null;
    this.#expectWord("fi");
    return { kind: "if", branches, otherwise };
  }

  #loop(): CompoundBody {
    const until = this.#peek().text === "until";
    this.#next += 1;
    const condition = this.#filled();
    return { kind: "loop", until, condition, body: this.#doGroup() };
  }

  /** `for ((start; condition; step))`, whose first word has been taken. */
  #count(): CompoundBody {
    const [start = "", condition = "", step = "", ...more] = this.#doubled().split(";");
    if (more.length > 0) throw this.#unexpected();
    while (this.#takes(";") || this.#takes("\n"));
    return {
      kind: "count",
      start: this.#expression(start),
      condition: this.#expression(condition),
      step: this.#expression(step),
      body: this.#is("{") ? this.#filled() : this.#doGroup(),
    };
  }

  #for(): CompoundBody {
    this.#next += 1;
    if (this.#isDoubled("(")) return this.#count();
    const name = this.#peek().text;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw this.#unexpected();
    this.#next += 1;
    this.#newlines();
    let words: Word[] | null = null;
    if (this.#takesWord("in")) {
      words = [];
      for (;;) {
        const { word } = this.#peek();
        if (word === null) break;
        words.push(word);
        this.#next += 1;
      }
    }
    while (this.#takes(";") || this.#takes("\n"));
    return { kind: "for", name, words, body: this.#doGroup() };
  }

  #doGroup(): CommandList {
    this.#expectWord("do");
    const body = this.#filled();
    this.#expectWord("done");
    return body;
  }

  #case(): CompoundBody {
    this.#next += 1;
    const subject = this.#takeWord();
    this.#newlines();
    this.#expectWord("in");
    const clauses: CaseClause[] = [];
    for (;;) {
      this.#newlines();
      if (this.#takesWord("esac")) return { kind: "case", subject, clauses };
      this.#takes("(");
      const patterns = [this.#takeWord()];
      while (this.#takes("|")) patterns.push(this.#takeWord());
      if (!this.#takes(")")) throw this.#unexpected();
      clauses.push({ patterns, body: this.list() });
      this.#newlines();
      if (!this.#takes(";;") && this.#peek().text !== "esac") throw this.#unexpected();
    }
  }

  #isFunction(): boolean {
    const [name, open, close] = this.#tokens.slice(this.#next, this.#next + 3);
    return (
      (this.#dialect.isBash ? /^[\w.:-]+$/ : /^[A-Za-z_][A-Za-z0-9_]*$/).test(name?.text ?? "") &&
      open?.kind === "operator" &&
      open.text === "(" &&
      close?.kind === "operator" &&
      close.text === ")"
    );
  }

  #function(at: number): CompoundCommand {
    const name = this.#peek().text;
    this.#next += this.#isFunction() ? 3 : 1;
    this.#newlines();
    const body = this.#command();
    return { kind: "function", name, body, redirects: [], text: this.#since(at) };
  }

  #simple(at: number): SimpleCommand {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const { word } = this.#peek();
      if (this.#atRedirect()) redirects.push(...this.#redirect());
      else if (word === null) break;
      else {
        const declares = DECLARATIONS.has(words[0]?.text ?? "") && hasArray(word);
        const assignment =
          words.length === 0 || declares ? assignmentOf(word, this.#dialect, this.#indexOf) : null;
        if (assignment === null) words.push(word);
        else assignments.push(assignment);
        if (declares && assignment !== null) words.push(literalWord(assignment.name));
        this.#next += 1;
      }
    }
    if (words.length + assignments.length + redirects.length === 0) throw this.#unexpected();
    return { kind: "simple", assignments, words, redirects, text: this.#since(at) };
  }

  readonly #indexOf = (text: string): Word => this.#expression(text);

  /** Whether a redirection begins here, with its descriptor in front or without one. */
  #atRedirect(): boolean {
    const token = this.#peek();
    if (token.kind === "operator") return REDIRECTIONS.includes(token.text);
    const after = this.#tokens[this.#next + 1];
    if (!/^[0-9]$/.test(token.text) || after === undefined || after.at !== token.end) return false;
    return after.kind === "operator" && REDIRECTIONS.includes(after.text);
  }

  #redirect(): Redirect[] {
    let given: number | null = null;
    if (this.#peek().kind === "word") {
      given = Number(this.#peek().text);
      this.#next += 1;
    }
    const operator = this.#peek().text;
    this.#next += 1;
    const target = this.#takeWord();
    const output = given ?? 1;
    switch (operator) {
      case "<":
        return [{ descriptor: given ?? 0, kind: "read", target }];
      case "<>":
        return [{ descriptor: given ?? 0, kind: "both", target }];
      case ">":
      case ">|":
        return [{ descriptor: output, kind: "write", target }];
      case ">>":
        return [{ descriptor: output, kind: "append", target }];
      case "<<<":
        return [{ descriptor: 0, kind: "text", target: withNewline(target) }];
      case "<<":
      case "<<-":
        return [{ descriptor: 0, kind: "text", target: this.#documents.shift() ?? target }];
      case "&>":
      case "&>>":
        return [
          { descriptor: 1, kind: operator === "&>" ? "write" : "append", target },
          { descriptor: 2, kind: "duplicate", target: literalWord("1") },
        ];
      default: {
        const descriptor = operator === "<&" ? (given ?? 0) : output;
        if (target.text === "-") return [{ descriptor, kind: "close", target }];
        if (!/^[0-9]$/.test(target.text)) throw shellProblem(`"${operator}${target.text}"`);
        return [{ descriptor, kind: "duplicate", target }];
      }
    }
  }

  /** A list that must hold something. */
  #filled(): CommandList {
    const list = this.list();
    if (list.length === 0) throw this.#unexpected();
    return list;
  }

  #takeWord(): Word {
    const { word } = this.#peek();
    if (word === null) throw this.#unexpected();
    this.#next += 1;
    return word;
  }

  #takesWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== "word" || token.text !== word) return false;
    this.#next += 1;
    return true;
  }

  #expectWord(word: string): void {
    if (!this.#takesWord(word)) throw this.#unexpected();
  }

  #newlines(): void {
    while (this.#takes("\n"));
  }

  #is(operator: string): boolean {
    const token = this.#peek();
    return token.kind === "operator" && token.text === operator;
  }

  #takes(operator: string): boolean {
    if (!this.#is(operator)) return false;
    this.#next += 1;
    return true;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? this.#end;
  }

  #since(at: number): string {
    return this.#text.slice(at, this.#tokens[this.#next - 1]?.end ?? at);
  }

  #unexpected(): VethworkError {
    const token = this.#peek();
    const what = token.kind === "end" ? "end of line" : JSON.stringify(token.text);
    return shellProblem(`unexpected ${what} in "${this.#text.trim()}"`);
  }
}

function withNewline({ parts, text }: Word): Word {
  return { parts: [...parts, { kind: "literal", text: "\n", quoted: true }], text };
}

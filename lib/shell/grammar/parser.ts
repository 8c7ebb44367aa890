/**
 * Reads a shell script by recursive descent: lists, pipelines, simple and compound commands.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.9, §2.10 (grammar); bash(1) 5.2, Compound Commands.
 */
import { assignmentOf, DECLARATIONS, hasArray } from "./assignment.ts";
import { readCondition } from "./condition.ts";
import { Cursor } from "./cursor.ts";
import { type Dialect, dialectOf, type ShellKind } from "./dialect.ts";
import { expansionsOf, tokenize } from "./lexer.ts";
import { atRedirect, takeRedirect } from "./redirection.ts";
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
import type { Tokens } from "./token.ts";

/** Words that end a list in the middle of a compound command. */
const CLOSING = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

/** The list that a script is to a shell. Throws `VW_COMMAND`. */
export function parseScriptText(text: string, shell: ShellKind = "dash"): CommandList {
  const dialect = dialectOf(shell);
  return parseTokens(text, tokenize(text, parseTokens, dialect), dialect);
}

function parseTokens(text: string, tokens: Tokens, dialect: Dialect): CommandList {
  const parser = new Parser(new Cursor(text, tokens), dialect);
  const list = parser.list();
  parser.expectEnd();
  return list;
}

class Parser {
  readonly #cursor: Cursor;
  readonly #dialect: Dialect;

  constructor(cursor: Cursor, dialect: Dialect) {
    this.#cursor = cursor;
    this.#dialect = dialect;
  }

  /** Jobs up to the end, a `)`, a `;;` or a word that closes a compound command. */
  list(): CommandList {
    const jobs: Job[] = [];
    for (;;) {
      while (this.#cursor.takes(";") || this.#cursor.takes("\n"));
      if (this.#closes()) return jobs;
      const { at } = this.#cursor.peek();
      const items = this.#items();
      const text = this.#cursor.since(at);
      const background = this.#cursor.takes("&");
      jobs.push({ items, background, text });
      if (!background && !this.#closes() && !this.#cursor.is(";") && !this.#cursor.is("\n")) {
        throw this.#cursor.unexpected();
      }
    }
  }

  expectEnd(): void {
    if (this.#cursor.peek().kind !== "end") throw this.#cursor.unexpected();
  }

  #closes(): boolean {
    const { kind, text } = this.#cursor.peek();
    if (kind === "end") return true;
    if (kind === "operator") return text === ")" || text === ";;";
    return CLOSING.includes(text);
  }

  #items(): ListItem[] {
    const items: ListItem[] = [{ condition: "always", pipeline: this.#pipeline() }];
    for (;;) {
      const condition = this.#cursor.takes("&&") ? "and" : this.#cursor.takes("||") ? "or" : null;
      if (condition === null) return items;
      this.#cursor.newlines();
      items.push({ condition, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#cursor.takesWord("!");
    const commands = [this.#command()];
    while (this.#cursor.takes("|")) {
      this.#cursor.newlines();
      commands.push(this.#command());
    }
    return { commands, negated };
  }

  #command(): ShellCommand {
    const { at, kind, text } = this.#cursor.peek();
    if (this.#dialect.isBash && this.#cursor.isDoubled("("))
      return this.#compound(at, this.#arithmetic());
    if (kind === "operator" && text === "(") return this.#compound(at, this.#subshell());
    if (kind !== "word") return this.#simple(at);
    switch (text) {
      case "[[":
        if (!this.#dialect.hasTest) break;
        return this.#compound(at, this.#test());
      case "function":
        if (!this.#dialect.isBash) break;
        this.#cursor.skip();
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

  #arithmetic(): CompoundBody {
    return { kind: "arithmetic", expression: this.#expression(this.#cursor.takeDoubled()) };
  }

  #expression(text: string): Word {
    return expansionsOf(text, parseTokens, this.#dialect);
  }

  #test(): CompoundBody {
    this.#cursor.skip();
    const condition = readCondition(this.#cursor);
    this.#cursor.expectWord("]]");
    return { kind: "test", condition };
  }

  #compound(at: number, body: CompoundBody): CompoundCommand {
    const redirects: Redirect[] = [];
    while (atRedirect(this.#cursor)) redirects.push(...takeRedirect(this.#cursor));
    return { ...body, redirects, text: this.#cursor.since(at) };
  }

  #subshell(): CompoundBody {
    this.#cursor.skip();
    const body = this.#filled();
    if (!this.#cursor.takes(")")) throw this.#cursor.unexpected();
    return { kind: "subshell", body };
  }

  #group(): CompoundBody {
    this.#cursor.skip();
    const body = this.#filled();
    this.#cursor.expectWord("}");
    return { kind: "group", body };
  }

  #if(): CompoundBody {
    const branches: Branch[] = [];
    do {
      if (branches.length === 0) this.#cursor.skip();
      const condition = this.#filled();
      this.#cursor.expectWord("then");
      branches.push({ condition, body: this.#filled() });
    } while (this.#cursor.takesWord("elif"));
    const otherwise = this.#cursor.takesWord("else") ? this.#filled() : null;
    this.#cursor.expectWord("fi");
    return { kind: "if", branches, otherwise };
  }

  #loop(): CompoundBody {
    const until = this.#cursor.peek().text === "until";
    this.#cursor.skip();
    const condition = this.#filled();
    return { kind: "loop", until, condition, body: this.#doGroup() };
  }

  /** `for ((start; condition; step))`, whose first word has been taken. */
  #count(): CompoundBody {
    const [start = "", condition = "", step = "", ...more] = this.#cursor.takeDoubled().split(";");
    if (more.length > 0) throw this.#cursor.unexpected();
    while (this.#cursor.takes(";") || this.#cursor.takes("\n"));
    return {
      kind: "count",
      start: this.#expression(start),
      condition: this.#expression(condition),
      step: this.#expression(step),
      body: this.#cursor.is("{") ? this.#filled() : this.#doGroup(),
    };
  }

  #for(): CompoundBody {
    this.#cursor.skip();
    if (this.#dialect.isBash && this.#cursor.isDoubled("(")) return this.#count();
    const name = this.#cursor.peek().text;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw this.#cursor.unexpected();
    this.#cursor.skip();
    this.#cursor.newlines();
    let words: Word[] | null = null;
    if (this.#cursor.takesWord("in")) {
      words = [];
      for (;;) {
        const { word } = this.#cursor.peek();
        if (word === null) break;
        words.push(word);
        this.#cursor.skip();
      }
    }
    while (this.#cursor.takes(";") || this.#cursor.takes("\n"));
    return { kind: "for", name, words, body: this.#doGroup() };
  }

  #doGroup(): CommandList {
    this.#cursor.expectWord("do");
    const body = this.#filled();
    this.#cursor.expectWord("done");
    return body;
  }

  #case(): CompoundBody {
    this.#cursor.skip();
    const subject = this.#cursor.takeWord();
    this.#cursor.newlines();
    this.#cursor.expectWord("in");
    const clauses: CaseClause[] = [];
    for (;;) {
      this.#cursor.newlines();
      if (this.#cursor.takesWord("esac")) return { kind: "case", subject, clauses };
      this.#cursor.takes("(");
      const patterns = [this.#cursor.takeWord()];
      while (this.#cursor.takes("|")) patterns.push(this.#cursor.takeWord());
      if (!this.#cursor.takes(")")) throw this.#cursor.unexpected();
      clauses.push({ patterns, body: this.list() });
      this.#cursor.newlines();
      if (!this.#cursor.takes(";;") && this.#cursor.peek().text !== "esac")
        throw this.#cursor.unexpected();
    }
  }

  #isFunction(): boolean {
    const [name, open, close] = [0, 1, 2].map((ahead) => this.#cursor.peek(ahead));
    return (
      (this.#dialect.isBash ? /^[\w.:-]+$/ : /^[A-Za-z_][A-Za-z0-9_]*$/).test(name?.text ?? "") &&
      open?.kind === "operator" &&
      open.text === "(" &&
      close?.kind === "operator" &&
      close.text === ")"
    );
  }

  #function(at: number): CompoundCommand {
    const name = this.#cursor.peek().text;
    this.#cursor.skip(this.#isFunction() ? 3 : 1);
    this.#cursor.newlines();
    const body = this.#command();
    return { kind: "function", name, body, redirects: [], text: this.#cursor.since(at) };
  }

  #simple(at: number): SimpleCommand {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const { word } = this.#cursor.peek();
      if (atRedirect(this.#cursor)) redirects.push(...takeRedirect(this.#cursor));
      else if (word === null) break;
      else {
        const declares = DECLARATIONS.has(words[0]?.text ?? "") && hasArray(word);
        const assignment =
          words.length === 0 || declares ? assignmentOf(word, this.#dialect, this.#indexOf) : null;
        if (assignment === null) words.push(word);
        else assignments.push(assignment);
        if (declares && assignment !== null) words.push(literalWord(assignment.name));
        this.#cursor.skip();
      }
    }
    if (words.length + assignments.length + redirects.length === 0) throw this.#cursor.unexpected();
    return { kind: "simple", assignments, words, redirects, text: this.#cursor.since(at) };
  }

  readonly #indexOf = (text: string): Word => this.#expression(text);

  /** A list that must hold something. */
  #filled(): CommandList {
    const list = this.list();
    if (list.length === 0) throw this.#cursor.unexpected();
    return list;
  }
}

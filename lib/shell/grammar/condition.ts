/**
 * Reads what stands between `[[` and `]]`.
 *
 * Spec: bash(1) 5.2, Compound Commands, Conditional Expressions.
 */
import { type Condition, literalWord, type Word } from "./syntax.ts";
import type { Token } from "./token.ts";

const BINARY = /^(?:=|==|!=|=~|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef))$/;
const UNARY = /^-[a-zA-Z]$/;

/** Reads tokens one after the other. */
export interface TokenSource {
  peek(): Token;
  take(): Token;
  unexpected(): Error;
}

/** The condition up to `]]`, which is not taken. Throws `VW_COMMAND`. */
export function readCondition(tokens: TokenSource): Condition {
  return readJoined(tokens, "||", () => readJoined(tokens, "&&", () => readNegated(tokens)));
}

function readJoined(tokens: TokenSource, operator: string, read: () => Condition): Condition {
  let left = read();
  for (;;) {
    skipNewlines(tokens);
    if (!is(tokens, operator)) return left;
    tokens.take();
    skipNewlines(tokens);
    left = { kind: operator === "||" ? "or" : "and", left, right: read() };
  }
}

function readNegated(tokens: TokenSource): Condition {
  skipNewlines(tokens);
  const { kind, text } = tokens.peek();
  if (kind === "word" && text === "!") {
    tokens.take();
    return { kind: "not", condition: readNegated(tokens) };
  }
  if (!is(tokens, "(")) return readPrimary(tokens);
  tokens.take();
  const inner = readCondition(tokens);
  if (!is(tokens, ")")) throw tokens.unexpected();
  tokens.take();
  return inner;
}

function readPrimary(tokens: TokenSource): Condition {
  const first = wordOf(tokens);
  const next = tokens.peek();
  if (UNARY.test(first.text) && next.kind === "word" && next.text !== "]]" && !isBinary(next)) {
    return { kind: "unary", operator: first.text, word: wordOf(tokens) };
  }
  if (!isBinary(next)) return { kind: "unary", operator: "-n", word: first };
  const operator = tokens.take().text;
  return { kind: "binary", left: first, operator, right: wordOf(tokens) };
}

function isBinary({ kind, text }: Token): boolean {
  return kind !== "end" && BINARY.test(text);
}

function wordOf(tokens: TokenSource): Word {
  const { word, text } = tokens.peek();
  if (word === null || text === "]]") throw tokens.unexpected();
  tokens.take();
  return word.parts.length === 0 ? literalWord("") : word;
}

function is(tokens: TokenSource, operator: string): boolean {
  const { kind, text } = tokens.peek();
  return kind === "operator" && text === operator;
}

function skipNewlines(tokens: TokenSource): void {
  while (is(tokens, "\n")) tokens.take();
}

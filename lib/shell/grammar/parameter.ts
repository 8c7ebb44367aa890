/**
 * Reads what stands in `${…}`.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6.2; bash(1) 5.2, Parameter Expansion, Arrays.
 */
import type { Lexer } from "./lexer.ts";
import type { ParameterOperator, Word, WordPart } from "./syntax.ts";

const OPERATORS: readonly ParameterOperator[] = [
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
const REPLACEMENTS: readonly ParameterOperator[] = ["//", "/#", "/%", "/"];
const LETTERS: readonly ParameterOperator[] = ["^^", "^", ",,", ","];

/** The parameter behind `${`, which has been taken, up to its `}`. Throws `VW_COMMAND`. */
export function readBraced(lexer: Lexer, quoted: boolean): WordPart {
  const head = lexer.takeMatch(/^([#!])?([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/);
  if (head === null) throw lexer.badSubstitution();
  const [, mark, name = ""] = head;
  const isArray = lexer.dialect.isBash && lexer.take("[");
  const index = isArray ? lexer.wordUpTo(/\]/, quoted) : null;
  if (isArray && !lexer.take("]")) throw lexer.badSubstitution();
  const indirect = mark === "!" && lexer.dialect.isBash;
  if (mark === "!" && !indirect) throw lexer.badSubstitution();
  const operation = mark === "#" ? LENGTH : readOperation(lexer, quoted);
  if (!lexer.take("}")) throw lexer.badSubstitution();
  return { kind: "parameter", name, index, indirect, ...operation, quoted };
}

interface Operation {
  readonly operator: ParameterOperator | null;
  readonly word: Word | null;
  readonly second: Word | null;
}

const LENGTH: Operation = { operator: "#length", word: null, second: null };

function readOperation(lexer: Lexer, quoted: boolean): Operation {
  const operator = OPERATORS.find((text) => lexer.take(text)) ?? null;
  if (operator !== null) return { operator, word: lexer.wordUpTo(/\}/, quoted), second: null };
  const { hasSubstrings, isBash } = lexer.dialect;
  if (hasSubstrings && lexer.take(":")) {
    const word = lexer.wordUpTo(/[:}]/, quoted);
    return { operator: "substring", word, second: secondWord(lexer, ":", quoted) };
  }
  const replacement = hasSubstrings ? REPLACEMENTS.find((text) => lexer.take(text)) : undefined;
  if (replacement !== undefined) {
    const word = lexer.wordUpTo(/[/}]/, quoted);
    return { operator: replacement, word, second: secondWord(lexer, "/", quoted) };
  }
  const letters = isBash ? LETTERS.find((text) => lexer.take(text)) : undefined;
  return { operator: letters ?? null, word: null, second: null };
}

function secondWord(lexer: Lexer, mark: string, quoted: boolean): Word | null {
  return lexer.take(mark) ? lexer.wordUpTo(/\}/, quoted) : null;
}

/**
 * What a script consists of for its grammar: words and operators, each with its place.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.3.
 */
import { VethworkError } from "../../base/errors.ts";
import type { Dialect } from "./dialect.ts";
import type { CommandList, Word } from "./syntax.ts";

/** A token and where it begins and ends in the text. */
export interface Token {
  readonly kind: "word" | "operator" | "end";
  /** The operator, or the word as it was written. */
  readonly text: string;
  /** null for operators and the end. */
  readonly word: Word | null;
  readonly at: number;
  readonly end: number;
}

/** What a lexer found. */
export interface Tokens {
  readonly tokens: readonly Token[];
  /** Bodies of here-documents in the order of their operators. */
  readonly documents: readonly Word[];
  /** Where it stopped: behind the `)` of a substitution, or at the end. */
  readonly end: number;
}

/** Makes a list of what stands inside of a substitution. */
export type ParseTokens = (text: string, tokens: Tokens, dialect: Dialect) => CommandList;

/** The error for a script that is none, or that asks for more than this shell has. */
export function shellProblem(what: string): VethworkError {
  return new VethworkError(
    "VW_COMMAND",
    `shell: ${what}`,
    "the shell has words, quotes, variables, $(…), $((…)), ; && || ! & | < > >> <<< <<, " +
      "if while until for case { } ( ), functions and comments",
  );
}

/**
 * The one error that bad input raises: a stable code, one line of prose, and the place in the text
 * where it went wrong. Everything else that can fail has its own form: sockets answer with an
 * errno, lost frames with a drop reason, broken invariants with `assert`.
 */

/** Where in an input text something stands. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Stable names of the kinds of bad input; programs may switch on them. */
export type ErrorCode =
  | "VW_ADDRESS"
  | "VW_UNIT"
  | "VW_LAB"
  | "VW_YAML"
  | "VW_CAPTURE"
  | "VW_FILTER"
  | "VW_RULE_SYNTAX"
  | "VW_RULE_UNSUPPORTED"
  | "VW_OBJECT"
  | "VW_COMMAND"
  | "VW_OUTPUT"
  | "VW_KERNEL"
  | "VW_STORY"
  | "VW_USAGE";

/** Bad input. `message` is the whole line: place, what is wrong, what is allowed. */
export class VethworkError extends Error {
  readonly code: ErrorCode;
  /** What is wrong, without the place. */
  readonly problem: string;
  /** What would be right, or "". */
  readonly hint: string;
  readonly place: Place | null;

  constructor(code: ErrorCode, problem: string, hint = "", place: Place | null = null) {
    const where = place === null ? "" : `${formatPlace(place)}: `;
    super(`${where}${problem}${hint === "" ? "" : ` (${hint})`}`);
    this.name = "VethworkError";
    this.code = code;
    this.problem = problem;
    this.hint = hint;
    this.place = place;
  }

  /** The same error at a place; a place that is already known is kept, being the nearer one. */
  at(place: Place): VethworkError {
    return this.place === null
      ? new VethworkError(this.code, this.problem, this.hint, place)
      : this;
  }
}

/** `file:line:column`, as compilers print it. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/**
 * Reads redirections.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.7; bash(1) 5.2 for `<<<`, `&>` and `&>>`.
 */
import type { Cursor } from "./cursor.ts";
import { literalWord, type Redirect, type Word } from "./syntax.ts";
import { shellProblem } from "./token.ts";

const REDIRECTIONS = ["<", ">", ">>", ">|", "<>", "<<<", "<<", "<<-", ">&", "<&", "&>", "&>>"];

/** Whether a redirection begins here, with its descriptor in front or without one. */
export function atRedirect(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token.kind === "operator") return REDIRECTIONS.includes(token.text);
  const after = cursor.peek(1);
  if (!/^[0-9]$/.test(token.text) || after.at !== token.end) return false;
  return after.kind === "operator" && REDIRECTIONS.includes(after.text);
}

/** Takes a redirection: two for `&>`. */
export function takeRedirect(cursor: Cursor): Redirect[] {
  let given: number | null = null;
  if (cursor.peek().kind === "word") {
    given = Number(cursor.peek().text);
    cursor.skip();
  }
  const operator = cursor.peek().text;
  cursor.skip();
  const target = cursor.takeWord();
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
      return [{ descriptor: 0, kind: "text", target: cursor.takeDocument() ?? target }];
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

function withNewline({ parts, text }: Word): Word {
  return { parts: [...parts, { kind: "literal", text: "\n", quoted: true }], text };
}

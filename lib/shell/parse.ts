/** What others ask of a command line before it is run: its plain commands and their words. */

import { parseScriptText } from "./grammar/parser.ts";
import {
  type CommandList,
  type Condition,
  literalText,
  type ShellCommand,
  type Word,
} from "./grammar/syntax.ts";
import { shellProblem } from "./grammar/token.ts";

/** A simple command in which nothing is expanded. */
export interface LiteralCommand {
  readonly words: readonly string[];
  /** The files that it reads by `<`. */
  readonly reads: readonly string[];
}

/** The commands of a line whose words are known before it is run. Throws `VW_COMMAND`. */
export function literalCommands(line: string): LiteralCommand[] {
  const found: LiteralCommand[] = [];
  visitCommands(parseScriptText(line), (command) => {
    if (command.kind !== "simple") return;
    const words = command.words.map(literalText);
    const reads = command.redirects
      .filter(({ kind }) => kind === "read")
      .map(({ target }) => literalText(target));
    if (words.every(isText) && reads.every(isText)) found.push({ words, reads });
  });
  return found;
}

/** The words of a text without operators and expansions. Throws `VW_COMMAND`. */
export function splitWords(text: string): string[] {
  const command = parseScriptText(text)[0]?.items[0]?.pipeline.commands[0];
  if (command === undefined) return [];
  const words = command.kind === "simple" ? command.words.map(literalText) : [null];
  if (words.every(isText)) return words;
  throw shellProblem(`"${text.trim()}" has more than plain words`);
}

/** Calls `visit` for each command of a list, those inside of others after them. */
export function visitCommands(list: CommandList, visit: (command: ShellCommand) => void): void {
  for (const job of list) {
    for (const { pipeline } of job.items) {
      for (const command of pipeline.commands) visitCommand(command, visit);
    }
  }
}

function visitCommand(command: ShellCommand, visit: (command: ShellCommand) => void): void {
  visit(command);
  switch (command.kind) {
    case "simple":
      for (const word of command.words) visitWord(word, visit);
      for (const { value } of command.assignments) visitWord(value, visit);
      return;
    case "if":
      for (const { condition, body } of command.branches) {
        visitCommands(condition, visit);
        visitCommands(body, visit);
      }
      visitCommands(command.otherwise ?? [], visit);
      return;
    case "loop":
      visitCommands(command.condition, visit);
      visitCommands(command.body, visit);
      return;
    case "case":
      for (const { body } of command.clauses) visitCommands(body, visit);
      return;
    case "function":
      visitCommand(command.body, visit);
      return;
    case "test":
      visitCondition(command.condition, visit);
      return;
    case "arithmetic":
      visitWord(command.expression, visit);
      return;
    default:
      visitCommands(command.body, visit);
  }
}

function visitCondition(condition: Condition, visit: (command: ShellCommand) => void): void {
  switch (condition.kind) {
    case "and":
    case "or":
      visitCondition(condition.left, visit);
      visitCondition(condition.right, visit);
      return;
    case "not":
      visitCondition(condition.condition, visit);
      return;
    case "unary":
      visitWord(condition.word, visit);
      return;
    default:
      visitWord(condition.left, visit);
      visitWord(condition.right, visit);
  }
}

function visitWord({ parts }: Word, visit: (command: ShellCommand) => void): void {
  for (const part of parts) {
    if (part.kind === "substitution" || part.kind === "process") visitCommands(part.list, visit);
    else if (part.kind === "array") for (const word of part.words) visitWord(word, visit);
  }
}

function isText(text: string | null): text is string {
  return text !== null;
}

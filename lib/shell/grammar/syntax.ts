/**
 * The syntax tree of a shell script.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6 (expansions), §2.9 (commands).
 */

/**
 * A piece of a word. `quoted` says that it stood in quotes: its value is not split into fields.
 * `process` is bash's `<(…)`, `array` the `(…)` behind `name=`.
 */
export type WordPart =
  | { readonly kind: "literal"; readonly text: string; readonly quoted: boolean }
  | ParameterPart
  | { readonly kind: "substitution"; readonly list: CommandList; readonly quoted: boolean }
  | { readonly kind: "process"; readonly list: CommandList; readonly quoted: boolean }
  | { readonly kind: "array"; readonly words: readonly Word[]; readonly quoted: boolean }
  | { readonly kind: "arithmetic"; readonly expression: Word; readonly quoted: boolean };

/** `$name`, `${name}`, `${#name}`, `${name:-word}` and its kind. */
export interface ParameterPart {
  readonly kind: "parameter";
  readonly name: string;
  /** What stands in `name[…]`: an expression, `@` or `*`; null without it. */
  readonly index: Word | null;
  /** `${!name}`: the value names what is meant; of an array, its keys are. */
  readonly indirect: boolean;
  readonly operator: ParameterOperator | null;
  /** What follows the operator: a pattern of `/`, the offset of `substring`; null without one. */
  readonly word: Word | null;
  /** The replacement of `/`, the length of `substring`; null without one. */
  readonly second: Word | null;
  readonly quoted: boolean;
}

/**
 * `#length` is `${#name}`; with `:` an empty value counts as unset. bash's own are `substring`
 * (`${name:1:2}`), replacements and changes of letters.
 */
export type ParameterOperator =
  | "#length"
  | "substring"
  | "//"
  | "/#"
  | "/%"
  | "/"
  | "^^"
  | "^"
  | ",,"
  | ","
  | "-"
  | ":-"
  | "="
  | ":="
  | "?"
  | ":?"
  | "+"
  | ":+"
  | "%"
  | "%%"
  | "#"
  | "##";

/** A word before its expansion. */
export interface Word {
  readonly parts: readonly WordPart[];
  /** As it was written. */
  readonly text: string;
}

/** One redirection of a descriptor; for `text` the target is the text itself. */
export interface Redirect {
  readonly descriptor: number;
  readonly kind: "read" | "write" | "append" | "both" | "text" | "duplicate" | "close";
  readonly target: Word;
}

/** `NAME=value` before a command, of bash `NAME[index]=value` and `NAME+=value` as well. */
export interface Assignment {
  readonly name: string;
  readonly index: Word | null;
  readonly appends: boolean;
  readonly value: Word;
}

/** A command with its arguments. */
export interface SimpleCommand {
  readonly kind: "simple";
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
  readonly text: string;
}

/** A condition of `if` or `elif` and what is run if it holds. */
export interface Branch {
  readonly condition: CommandList;
  readonly body: CommandList;
}

/** What stands in `[[ … ]]`. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly condition: Condition }
  | { readonly kind: "unary"; readonly operator: string; readonly word: Word }
  | {
      readonly kind: "binary";
      readonly left: Word;
      readonly operator: string;
      readonly right: Word;
    };

/** One `pattern | pattern) list ;;`. */
export interface CaseClause {
  readonly patterns: readonly Word[];
  readonly body: CommandList;
}

/** What each kind of compound command is made of. */
export type CompoundBody =
  | { readonly kind: "group" | "subshell"; readonly body: CommandList }
  | {
      readonly kind: "if";
      readonly branches: readonly Branch[];
      readonly otherwise: CommandList | null;
    }
  | {
      readonly kind: "loop";
      /** `until`: it goes on while the condition fails. */
      readonly until: boolean;
      readonly condition: CommandList;
      readonly body: CommandList;
    }
  | {
      readonly kind: "for";
      readonly name: string;
      /** null: the positional parameters. */
      readonly words: readonly Word[] | null;
      readonly body: CommandList;
    }
  | {
      /** `for ((start; condition; step))`; an empty condition holds. */
      readonly kind: "count";
      readonly start: Word;
      readonly condition: Word;
      readonly step: Word;
      readonly body: CommandList;
    }
  | { readonly kind: "test"; readonly condition: Condition }
  | { readonly kind: "arithmetic"; readonly expression: Word }
  | { readonly kind: "case"; readonly subject: Word; readonly clauses: readonly CaseClause[] }
  | { readonly kind: "function"; readonly name: string; readonly body: ShellCommand };

/** A command that is made of others. */
export type CompoundCommand = CompoundBody & {
  readonly redirects: readonly Redirect[];
  readonly text: string;
};

/** Any command of the grammar. */
export type ShellCommand = SimpleCommand | CompoundCommand;

/** Commands of which each feeds the next. */
export interface Pipeline {
  readonly commands: readonly ShellCommand[];
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

/** Jobs in order. */
export type CommandList = readonly Job[];

/** A word of plain text. */
export function literalWord(text: string): Word {
  return { parts: [{ kind: "literal", text, quoted: true }], text };
}

/** The text of a word in which nothing is expanded, else null. */
export function literalText({ parts }: Word): string | null {
  let text = "";
  for (const part of parts) {
    if (part.kind !== "literal") return null;
    text += part.text;
  }
  return text;
}

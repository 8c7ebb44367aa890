/**
 * Expands words: braces, `~`, parameters, command substitutions, arithmetic, then splitting into
 * fields and path names.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6; bash(1) 5.2, Expansion.
 * Not modelled: `~user`.
 */
import { utf8 } from "../../base/bytes.ts";
import type { Program } from "../../sim/process.ts";
import type { CommandList, Word, WordPart } from "../grammar/syntax.ts";
import type { ShellHost } from "../host.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { expandBraces } from "./braces.ts";
import { FieldBuilder } from "./fields.ts";
import { parameterValue } from "./parameter.ts";
import { pathNames } from "./path-names.ts";
import { quotePattern } from "./pattern.ts";
import type { ShellState } from "./state.ts";

/** What the shell around an expansion offers it. */
export interface ExpansionShell {
  readonly state: ShellState;
  readonly host: ShellHost;
  /** Runs the list of `$(…)` and returns what it printed. */
  substitute(list: CommandList): Program<string>;
}

const DEFAULT_SEPARATORS = " \t\n";

/** Expands one shell's words. */
export class Expander {
  readonly #shell: ExpansionShell;

  constructor(shell: ExpansionShell) {
    this.#shell = shell;
  }

  get #state(): ShellState {
    return this.#shell.state;
  }

  /** The fields that words become. */
  *fields(words: readonly Word[]): Program<string[]> {
    const { isBash } = this.#state.dialect;
    const fields: string[] = [];
    for (const written of words) {
      for (const word of isBash ? expandBraces(written) : [written]) {
        const builder = new FieldBuilder(this.#separators());
        for (const part of this.#withHome(word.parts)) yield* this.#addPart(builder, part);
        for (const { text, pattern } of builder.finish()) {
          const paths = pattern === null ? [] : pathNames(this.#shell.host.files, pattern);
          if (paths.length > 0) fields.push(...paths);
          else fields.push(text);
        }
      }
    }
    return fields;
  }

  /** A word as one text: of an assignment, a redirection, a here-document. */
  *text({ parts }: Word): Program<string> {
    let text = "";
    for (const part of this.#withHome(parts)) text += yield* this.#partText(part);
    return text;
  }

  /** A word as a pattern: what was quoted stands for itself. */
  *pattern({ parts }: Word): Program<string> {
    let pattern = "";
    for (const part of parts) {
      const text = yield* this.#partText(part);
      pattern += part.quoted ? quotePattern(text) : text;
    }
    return pattern;
  }

  /** A word as a regular expression: what was quoted stands for itself. */
  *expression({ parts }: Word): Program<string> {
    let expression = "";
    for (const part of parts) {
      const text = yield* this.#partText(part);
      expression += part.quoted ? text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : text;
    }
    return expression;
  }

  /** A word as the value of an expression. */
  *number(word: Word): Program<number> {
    return evaluateArithmetic(yield* this.text(word), this.#state.numbers);
  }

  /** `~` at the beginning of a word, or of what is assigned. */
  #withHome(parts: readonly WordPart[]): readonly WordPart[] {
    const [first, ...rest] = parts;
    if (first?.kind !== "literal" || first.quoted || !/^~(?:\/|$)/.test(first.text)) return parts;
    if (first.text === "~" && rest.length > 0) return parts;
    const home = this.#state.variables.get("HOME") ?? this.#shell.host.files.directory;
    const place: WordPart = { kind: "literal", text: home, quoted: true };
    return [place, { ...first, text: first.text.slice(1) }, ...rest];
  }

  /** `$RANDOM`: 0 to 32767. */
  random(): number {
    const { name, namespace } = this.#shell.host;
    return namespace.random.stream(`${name}:shell:RANDOM`).below(RANDOM_BOUND);
  }

  *#addPart(builder: FieldBuilder, part: WordPart): Program<void> {
    if (part.kind === "literal") builder.add(part.text, part.quoted);
    else if (part.kind === "parameter") {
      const value = yield* parameterValue(this.#state, part, this);
      if (typeof value === "string") this.#addText(builder, value, part.quoted);
      else if (part.quoted && (part.index?.text ?? part.name) === "*") {
        builder.add(value.join(this.#separators().slice(0, 1)), true);
      } else builder.addList(value, part.quoted);
    } else this.#addText(builder, yield* this.#partText(part), part.quoted);
  }

  #addText(builder: FieldBuilder, text: string, quoted: boolean): void {
    if (quoted) builder.add(text, true);
    else builder.split(text);
  }

  *#partText(part: WordPart): Program<string> {
    switch (part.kind) {
      case "literal":
        return part.text;
      case "substitution":
        return (yield* this.#shell.substitute(part.list)).replace(/\n+$/, "");
      case "process":
        return yield* this.#process(part.list);
      case "array":
        return (yield* this.fields(part.words)).join(" ");
      case "arithmetic":
        return String(yield* this.number(part.expression));
      default: {
        const value = yield* parameterValue(this.#state, part, this);
        return typeof value === "string" ? value : value.join(" ");
      }
    }
  }

  /** `<(…)`: a file with what the list prints. */
  *#process(list: CommandList): Program<string> {
    const { state, host } = this.#shell;
    const { files } = host;
    const text = yield* this.#shell.substitute(list);
    let number = FIRST_PROCESS_FILE;
    while (files.read(`/dev/fd/${number}`) !== null && number > state.descriptors.size) number -= 1;
    files.write(`/dev/fd/${number}`, utf8(text));
    return `/dev/fd/${number}`;
  }

  #separators(): string {
    return this.#state.variables.get("IFS") ?? DEFAULT_SEPARATORS;
  }
}

const RANDOM_BOUND = 32_768;

/** bash counts downwards from here. */
const FIRST_PROCESS_FILE = 63;

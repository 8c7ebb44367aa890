/**
 * Expands words: parameters, command substitutions, arithmetic, then splitting into fields.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.6.
 * Not modelled: path name expansion (a pattern stays as it is written), `~`, `{a,b}`.
 */
import type { Program } from "../../sim/process.ts";
import { ToolError } from "../command.ts";
import type { CommandList, ParameterPart, Word, WordPart } from "../grammar/syntax.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { quotePattern, trimPattern } from "./pattern.ts";
import type { ShellState } from "./state.ts";

/** Runs the list of `$(…)` and returns what it printed. */
export type Substitute = (list: CommandList) => Program<string>;

const DEFAULT_SEPARATORS = " \t\n";

/** Expands one shell's words. */
export class Expander {
  readonly #state: ShellState;
  readonly #substitute: Substitute;

  constructor(state: ShellState, substitute: Substitute) {
    this.#state = state;
    this.#substitute = substitute;
  }

  /** The fields that words become. */
  *fields(words: readonly Word[]): Program<string[]> {
    const fields: string[] = [];
    for (const word of words) {
      const builder = new FieldBuilder(this.#separators());
      for (const part of word.parts) yield* this.#addPart(builder, part);
      fields.push(...builder.finish());
    }
    return fields;
  }

  /** A word as one text: of an assignment, a redirection, a here-document. */
  *text({ parts }: Word): Program<string> {
    let text = "";
    for (const part of parts) text += yield* this.#partText(part);
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

  *#addPart(builder: FieldBuilder, part: WordPart): Program<void> {
    if (part.kind === "literal") builder.add(part.text, part.quoted);
    else if (part.kind === "parameter" && part.operator === null && /^[@*]$/.test(part.name)) {
      const { positional } = this.#state;
      if (part.quoted && part.name === "*") builder.add(positional.join(" "), true);
      else builder.addList(positional, part.quoted);
    } else {
      const text = yield* this.#partText(part);
      if (part.quoted) builder.add(text, true);
      else builder.split(text);
    }
  }

  *#partText(part: WordPart): Program<string> {
    switch (part.kind) {
      case "literal":
        return part.text;
      case "substitution":
        return (yield* this.#substitute(part.list)).replace(/\n+$/, "");
      case "arithmetic": {
        const { variables } = this.#state;
        const expression = yield* this.text(part.expression);
        const value = evaluateArithmetic(expression, {
          get: (name) => variables.get(name) ?? null,
          set: (name, number) => variables.set(name, number),
        });
        return String(value);
      }
      default:
        return yield* this.#parameter(part);
    }
  }

  *#parameter({ name, operator, word }: ParameterPart): Program<string> {
    const state = this.#state;
    const value = /^[@*]$/.test(name) ? state.positional.join(" ") : state.parameter(name);
    if (operator === "#length") return String((value ?? "").length);
    if (operator === null || word === null) return this.#required(name, value);
    if (operator === "#" || operator === "##" || operator === "%" || operator === "%%") {
      return trimPattern(value ?? "", yield* this.pattern(word), operator);
    }
    const isSet = value !== null && (value !== "" || !operator.startsWith(":"));
    switch (operator.at(-1)) {
      case "+":
        return isSet ? yield* this.text(word) : "";
      case "-":
        return isSet ? value : yield* this.text(word);
      case "=": {
        if (isSet) return value;
        const text = yield* this.text(word);
        state.variables.set(name, text);
        return text;
      }
      default: {
        if (isSet) return value;
        const text = yield* this.text(word);
        const reason = text === "" ? "parameter not set" : text;
        throw new ToolError(`${state.name}: ${name}: ${reason}`, 2);
      }
    }
  }

  #required(name: string, value: string | null): string {
    if (value === null && this.#state.options.has("u")) {
      throw new ToolError(`${this.#state.name}: ${name}: parameter not set`, 2);
    }
    return value ?? "";
  }

  #separators(): string {
    return this.#state.variables.get("IFS") ?? DEFAULT_SEPARATORS;
  }
}

/** Splits a text at the separators of `read`, into at most `limit` fields. */
export function splitFields(text: string, separators: string, limit: number): string[] {
  const fields: string[] = [];
  let rest = trimStart(text, separators);
  while (rest !== "" && fields.length < limit - 1) {
    const end = [...rest].findIndex((char) => separators.includes(char));
    fields.push(end === -1 ? rest : rest.slice(0, end));
    rest = end === -1 ? "" : trimStart(rest.slice(end + 1), separators);
  }
  let end = rest.length;
  while (end > 0 && separators.includes(rest[end - 1] ?? "")) end -= 1;
  if (end > 0) fields.push(rest.slice(0, end));
  return fields;
}

function trimStart(text: string, separators: string): string {
  let at = 0;
  while (at < text.length && separators.includes(text[at] ?? "")) at += 1;
  return text.slice(at);
}

/** The fields of one word. */
class FieldBuilder {
  readonly #separators: string;
  readonly #fields: string[] = [];
  #current = "";
  /** Whether there is a field now, though it may be empty. */
  #open = false;

  constructor(separators: string) {
    this.#separators = separators;
  }

  add(text: string, quoted: boolean): void {
    this.#current += text;
    this.#open ||= quoted || text !== "";
  }

  /** `$@`: each parameter is a field of its own. */
  addList(texts: readonly string[], quoted: boolean): void {
    texts.forEach((text, index) => {
      if (index > 0) this.#close();
      if (quoted) this.add(text, true);
      else this.split(text);
    });
  }

  split(text: string): void {
    for (const char of text) {
      if (this.#separators.includes(char)) this.#close();
      else this.add(char, false);
    }
  }

  finish(): readonly string[] {
    this.#close();
    return this.#fields;
  }

  #close(): void {
    if (this.#open) this.#fields.push(this.#current);
    this.#current = "";
    this.#open = false;
  }
}

/**
 * What kubectl prints of errors: one in its own way, several as a list in which each is told as
 * the server said it.
 *
 * Spec: kubectl v1.36, cmd/util/helpers.go (CheckErr).
 */
import { ApiError, fieldTexts } from "../api/errors.ts";
import type { FieldPath } from "../schema.ts";
import { UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";

/** One error, and what kubectl was doing: `error when creating "web.yaml"`. */
interface Failure {
  readonly error: ApiError | UsageError;
  readonly doing: string | null;
}

/** The errors of one command, printed when it ends. */
export class Failures {
  readonly #list: Failure[] = [];

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  add(error: ApiError | UsageError, doing: string | null = null): void {
    this.#list.push({ error, doing });
  }

  /**
   * Does something; what kubectl or the server refuses is kept for the end. Returns whether it is
   * done; `note` is told of the field that the error is about.
   */
  collect(doing: string | null, act: () => void, note?: (path: FieldPath) => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof UsageError)) throw error;
      this.add(error, doing);
      note?.(error instanceof ApiError ? (error.fields[0]?.path ?? []) : []);
      return false;
    }
  }

  /** Forgets all: another way has led on. */
  clear(): void {
    this.#list.length = 0;
  }

  /** Throws the first, if there is one. */
  throwFirst(): void {
    const [first] = this.#list;
    if (first !== undefined) throw first.error;
  }

  print(output: Output): void {
    const [only, second] = this.#list;
    if (only === undefined) return;
    if (second === undefined) {
      output.fail(aloneText(only));
      return;
    }
    for (const failure of this.#list) output.fail(listedText(failure));
  }
}

function aloneText(failure: Failure): string {
  const { error } = failure;
  if (!(error instanceof ApiError)) {
    const text = listedText(failure);
    return text.startsWith("error: ") ? text : `error: ${text}`;
  }
  if (error.reason !== "Invalid") return listedText(failure);
  if (error.subject === null) return `The request is invalid: ${error.message}`;
  const { kind, name } = error.subject;
  const head =
    kind === "" && name === "" ? "The request is invalid" : `The ${kind} "${name}" is invalid`;
  const texts = fieldTexts(error.fields);
  if (texts.length === 1) return `${head}: ${texts[0]}`;
  return [`${head}: `, ...texts.map((text) => `* ${text}`)].join("\n");
}

function listedText({ error, doing }: Failure): string {
  const text = doing === null ? error.message : `${doing}: ${error.message}`;
  if (!(error instanceof ApiError)) return text;
  const reason = error.reason === "" ? "" : ` (${error.reason})`;
  return `Error from server${reason}: ${text}`;
}

/** Does something; what kubectl or the server refuses is printed as kubectl prints it. */
export function failuresTo(output: Output, act: () => void): void {
  const failures = new Failures();
  failures.collect(null, act);
  failures.print(output);
}

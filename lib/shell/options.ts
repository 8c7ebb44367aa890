/**
 * Reads options as getopt(3) does: letters behind one dash, values joined or in the next word,
 * long options with `=` or the next word, `--` as their end.
 */
import { notModelled, ToolError } from "./command.ts";

/** What a command knows: letters and long names, each with or without a value. */
export interface OptionTable {
  readonly command: string;
  /** As for getopt: `c:i:q` – a colon says that a value follows. */
  readonly letters: string;
  /** Long names; the value says the letter that they stand for, or themselves. */
  readonly long?: Readonly<Record<string, string>>;
  /** Long names without a letter that take a value. */
  readonly longWithValue?: readonly string[];
  /** Said when an option is not modelled. */
  readonly allowed: string;
  /** The real tool's complaint about a missing value. */
  readonly missing?: (option: string) => ToolError;
}

/** Options in the order in which they were given, and the words that are none. */
export class ParsedOptions {
  /** Letter, or long name without one, and value; "" for none. */
  readonly options: readonly (readonly [string, string])[];
  readonly words: readonly string[];

  constructor(options: ParsedOptions["options"], words: readonly string[]) {
    this.options = options;
    this.words = words;
  }

  has(name: string): boolean {
    return this.options.some(([known]) => known === name);
  }

  /** The values of an option that may be repeated. */
  all(name: string): string[] {
    return this.options.filter(([known]) => known === name).map(([, value]) => value);
  }

  /** The value of an option that counts once: the last one, or undefined. */
  last(name: string): string | undefined {
    return this.options.findLast(([known]) => known === name)?.[1];
  }
}

/** What each option changes of what is wanted, by its letter or long name. */
export type OptionEffects<Wanted> = Readonly<
  Record<string, (value: string, soFar: Readonly<Wanted>) => Partial<Wanted>>
>;

/** An option that changes nothing here. */
export const noEffect = (): Record<never, never> => ({});

/** `defaults` changed by the options, one after the other. Throws for one without an effect. */
export function applyOptions<Wanted extends object>(
  defaults: Wanted,
  { options }: ParsedOptions,
  effects: OptionEffects<Wanted>,
  { command, allowed }: OptionTable,
): Wanted {
  const wanted: Wanted = { ...defaults };
  for (const [name, value] of options) {
    const effect = effects[name];
    if (effect === undefined) throw notModelled(command, dashed(name), allowed);
    Object.assign(wanted, effect(value, wanted));
  }
  return wanted;
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** Splits `args`. Options may stand behind words, as GNU tools allow. */
export function readOptions(args: readonly string[], table: OptionTable): ParsedOptions {
  const options: [string, string][] = [];
  const words: string[] = [];
  const left = [...args];
  const valueFor = (option: string): string => {
    const value = left.shift();
    if (value !== undefined) return value;
    throw (
      table.missing?.(option) ??
      new ToolError(`${table.command}: option requires an argument -- '${option}'`, 2)
    );
  };
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--") {
      words.push(...left);
      break;
    }
    if (word.startsWith("--")) options.push(readLong(word, table, valueFor));
    else if (word.startsWith("-") && word.length > 1) readLetters(word, table, options, valueFor);
    else words.push(word);
  }
  return new ParsedOptions(options, words);
}

function readLong(
  word: string,
  table: OptionTable,
  valueFor: (option: string) => string,
): [string, string] {
  const equals = word.indexOf("=");
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
  const letter = table.long?.[name];
  if (letter === undefined) throw notModelled(table.command, `--${name}`, table.allowed);
  const takesValue =
    letter.length === 1
      ? table.letters.includes(`${letter}:`)
      : table.longWithValue?.includes(name) === true;
  if (!takesValue) return [letter, ""];
  return [letter, equals === -1 ? valueFor(name) : word.slice(equals + 1)];
}

function readLetters(
  word: string,
  table: OptionTable,
  options: [string, string][],
  valueFor: (option: string) => string,
): void {
  for (let index = 1; index < word.length; index += 1) {
    const letter = word[index] ?? "";
    const at = letter === ":" ? -1 : table.letters.indexOf(letter);
    if (at === -1) throw notModelled(table.command, `-${letter}`, table.allowed);
    if (table.letters[at + 1] !== ":") {
      options.push([letter, ""]);
      continue;
    }
    const joined = word.slice(index + 1);
    options.push([letter, joined === "" ? valueFor(letter) : joined]);
    return;
  }
}

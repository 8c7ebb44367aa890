/**
 * A command line as getopt_long reads it: short options that may be joined to their values, long
 * ones with `=` or in an unambiguous abbreviation. iptables' own options come from base-options.ts,
 * the others from the modules that the line has loaded so far, the latest first.
 *
 * Kernel: none; getopt_long(3).
 */
import { BASE_OPTIONS, type BaseOption, baseOption, baseOptionNamed } from "./base-options.ts";
import { refuse } from "./errors.ts";
import type { Words } from "./lexer.ts";
import type { Shape, ShapeItem } from "./shape.ts";

/** More long options than there are. */
const MAX_NAMES = 512;

/** The options of the modules that a line has loaded. */
export interface LoadedOptions {
  /** How many modules there are; the last is asked first. */
  readonly count: number;
  /** Names of the options of the module at `index`. */
  namesAt(index: number): readonly { readonly name: string; readonly argument: boolean }[];
}

/** What a reader has come to. */
export const Item = { END: 0, BASE: 1, MODULE: 2, WORD: 3, UNKNOWN: 4 } as const;
export type Item = (typeof Item)[keyof typeof Item];

/** Reads the words of a line one option at a time. One object, reused. */
export class OptionReader {
  words: Words;
  /** The next word. */
  index = 0;
  /** Position in a word of several short options, or 0. */
  #inWord = 0;
  /** Of a base option: its letter. */
  letter = "";
  /** As it was written, for messages. */
  written = "";
  /** The option's value, or undefined. */
  value: string | undefined;
  /** Whether the value stood in the same word. */
  isJoined = false;
  /** Of a module's option: which module, which option. */
  module = 0;
  option = 0;
  /** The word in which the current option stands. */
  itemIndex = 0;
  /** The word that is its value; -1 if there is none, or if it is joined to the option. */
  #valueIndex = -1;
  /** What came so far, if the line may be the first of its shape. */
  #found: ShapeItem[] | null = null;
  /** Whose items come now, instead of those in the words. */
  #shape: Shape | null = null;
  #shapeAt = 0;

  readonly #names = new Map<string, string>();

  constructor(words: Words) {
    this.words = words;
  }

  /** The word in which the current option stands. */
  get itemWord(): string {
    return this.words.at(this.itemIndex) ?? "";
  }

  /** Starts at the word `index`; keeps what comes for a shape if it `learns` one. */
  start(index: number, learns: boolean): void {
    this.index = index;
    this.#inWord = 0;
    this.#shape = null;
    this.#found = learns ? [] : null;
  }

  /** Starts on a line of a known shape, whose changing words are `words`. */
  startShape(shape: Shape): void {
    this.start(0, false);
    this.isJoined = false;
    this.itemIndex = 0;
    this.#shape = shape;
    this.#shapeAt = 0;
  }

  /** What came, if a shape can be made of it. */
  get found(): readonly ShapeItem[] | null {
    return this.#found;
  }

  /** Comes to the last option again, now that more are known. */
  again(): void {
    this.index = this.itemIndex;
    this.#inWord = 0;
  }

  /** The last value decides how the line goes on: all lines of the shape have it. */
  keepValue(): void {
    const last = this.#found?.pop();
    if (last !== undefined) this.#found?.push({ ...last, word: -1 });
  }

  /** Goes to the next option or plain word. */
  next(loaded: LoadedOptions): Item {
    if (this.#shape !== null) return this.#nextOf(this.#shape);
    const item = this.#read(loaded);
    if (this.isJoined) this.#found = null;
    this.#found?.push({
      item,
      letter: this.letter,
      written: this.written,
      module: this.module,
      option: this.option,
      value: this.value,
      word: this.#valueIndex,
    });
    return item;
  }

  /** The next of the items that all lines of the shape have. */
  #nextOf(shape: Shape): Item {
    const item = shape.items[this.#shapeAt];
    if (item === undefined) return Item.END;
    this.#shapeAt += 1;
    this.letter = item.letter;
    this.written = item.written;
    this.module = item.module;
    this.option = item.option;
    this.value = item.word === -1 ? item.value : this.words.at(item.word);
    return item.item;
  }

  #read(loaded: LoadedOptions): Item {
    this.value = undefined;
    this.#valueIndex = -1;
    this.isJoined = false;
    if (this.#inWord > 0) return this.#short(this.words.at(this.index) ?? "");
    this.itemIndex = this.index;
    const word = this.words.at(this.index);
    if (word === undefined) return Item.END;
    if (word.length > 1 && word.charCodeAt(0) === 45) {
      if (word.charCodeAt(1) === 45 && word.length > 2) return this.#long(word, loaded);
      if (word !== "--") {
        this.#inWord = 1;
        return this.#short(word);
      }
    }
    this.index += 1;
    this.value = word;
    return Item.WORD;
  }

  /** Takes the next word if it is neither an option nor `!`, for commands with further words. */
  takeWord(): string | undefined {
    const word = this.#inWord > 0 ? undefined : this.words.at(this.index);
    // A shape has no place for words that need not come.
    this.#found = null;
    if (word === undefined || word.startsWith("-") || word.startsWith("!")) return undefined;
    this.index += 1;
    return word;
  }

  #short(word: string): Item {
    this.itemIndex = this.index;
    const letter = word.charAt(this.#inWord);
    this.letter = letter;
    this.written = word.length === 2 ? word : `-${letter}`;
    const option = baseOption(letter);
    const rest = word.length === this.#inWord + 1 ? "" : word.slice(this.#inWord + 1);
    if (option === undefined || letter === "0") {
      this.#leaveWord(rest === "");
      return Item.UNKNOWN;
    }
    if (option.argument === "none") {
      this.#leaveWord(rest === "");
    } else {
      this.#leaveWord(true);
      if (rest !== "") {
        this.value = rest;
        this.isJoined = true;
      } else if (option.argument === "needed") this.value = this.#needed();
    }
    return Item.BASE;
  }

  #leaveWord(ended: boolean): void {
    if (ended) {
      this.#inWord = 0;
      this.index += 1;
    } else {
      this.#inWord += 1;
    }
  }

  #long(word: string, loaded: LoadedOptions): Item {
    const equals = word.indexOf("=");
    const name = equals === -1 ? this.#nameIn(word) : word.slice(2, equals);
    const joined = equals === -1 ? undefined : word.slice(equals + 1);
    this.written = equals === -1 ? word : `--${name}`;
    this.index += 1;
    const base = baseOptionNamed(name);
    if (base !== undefined) return this.#foundBase(base, joined);
    for (let at = loaded.count - 1; at >= 0; at -= 1) {
      const names = loaded.namesAt(at);
      for (let index = 0; index < names.length; index += 1) {
        const option = names[index];
        if (option?.name === name) return this.#foundModule(at, index, option.argument, joined);
      }
    }
    return this.#abbreviated(name, joined, loaded);
  }

  /** The word without its dashes; the same words come again and again. */
  #nameIn(word: string): string {
    let name = this.#names.get(word);
    if (name === undefined) {
      name = word.slice(2);
      if (this.#names.size < MAX_NAMES) this.#names.set(word, name);
    }
    return name;
  }

  #abbreviated(name: string, joined: string | undefined, loaded: LoadedOptions): Item {
    let found: (() => Item) | null = null;
    let identity = "";
    let isAmbiguous = false;
    const consider = (candidate: string, act: () => Item): void => {
      if (found === null) identity = candidate;
      else if (identity !== candidate) isAmbiguous = true;
      found = act;
    };
    for (const option of BASE_OPTIONS) {
      if (option.names.some((full) => full.startsWith(name))) {
        consider(option.letter, () => this.#foundBase(option, joined));
      }
    }
    for (let at = loaded.count - 1; at >= 0; at -= 1) {
      loaded.namesAt(at).forEach((option, index) => {
        if (!option.name.startsWith(name)) return;
        consider(`${at}:${index}`, () => this.#foundModule(at, index, option.argument, joined));
      });
    }
    const act = found as (() => Item) | null;
    if (isAmbiguous) refuse(`unknown option "${this.written}"`);
    return act === null ? Item.UNKNOWN : act();
  }

  #foundBase(option: BaseOption, joined: string | undefined): Item {
    this.letter = option.letter;
    this.#takeValue(option.argument === "needed", option.argument === "none", joined);
    return Item.BASE;
  }

  #foundModule(
    module: number,
    option: number,
    argument: boolean,
    joined: string | undefined,
  ): Item {
    this.module = module;
    this.option = option;
    this.#takeValue(argument, !argument, joined);
    return Item.MODULE;
  }

  #takeValue(needed: boolean, none: boolean, joined: string | undefined): void {
    if (joined !== undefined) {
      if (none) refuse(`option "${this.written}" doesn't allow an argument`);
      this.value = joined;
      this.isJoined = true;
    } else if (needed) {
      this.value = this.#needed();
    }
  }

  #needed(): string {
    const value = this.words.at(this.index);
    if (value === undefined) refuse(`option "${this.written}" requires an argument`);
    this.#valueIndex = this.index;
    this.index += 1;
    return value;
  }
}

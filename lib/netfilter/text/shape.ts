/**
 * Lines of one shape. The rules of ten thousand Services are the same dozen lines with other names,
 * addresses and ports in them; a shape holds what stays, so that of the next such line only the rest
 * is read. What a line means is decided in one place all the same: a shape gives the command parser
 * the items that the option reader found when it read the first line of that shape.
 */
import type { Words } from "./lexer.ts";
import type { Item } from "./options.ts";

/** What the option reader came to, and where its value stands. */
export interface ShapeItem {
  readonly item: Item;
  readonly letter: string;
  readonly written: string;
  readonly module: number;
  readonly option: number;
  /** The value that belongs to the shape, if it is not one of the words that change. */
  readonly value: string | undefined;
  /** The word of the line that was the value; -1 for none, or for one that belongs to the shape. */
  readonly word: number;
}

/** Shapes that are kept; text of other kinds is read word for word. */
const MAX_SHAPES = 32;
const SPACE = 32;

/** The parts of a line that stay. */
export class Shape {
  /** What stands before each changing word and, last, behind them. */
  readonly #between: readonly string[];
  /** Items with the number of their changing word in the place of `word`. */
  readonly items: readonly ShapeItem[];
  /** The shape of the line that came behind one of this shape the last time. */
  follower: Shape | null = null;

  constructor(between: readonly string[], items: readonly ShapeItem[]) {
    this.#between = between;
    this.items = items;
  }

  /** Whether the line has this shape: then its changing words are in `words`. */
  matches(text: string, start: number, end: number, words: Words): boolean {
    const between = this.#between;
    const last = between.length - 1;
    let at = start;
    for (let index = 0; ; index += 1) {
      const part = between[index] ?? "";
      if (!text.startsWith(part, at)) return false;
      at += part.length;
      if (index === last) return at === end;
      if (at >= end) return false;
      const before = words.length;
      at = words.next(text, at, end, start);
      if (words.length === before) return false;
    }
  }
}

/** The shapes of a text. */
export class Shapes {
  readonly #shapes: Shape[] = [];
  #last: Shape | null = null;

  /** The shape of the line, or null; its changing words are then in `words`. */
  find(text: string, start: number, end: number, words: Words): Shape | null {
    const expected = this.#last?.follower ?? null;
    if (expected !== null && this.#is(expected, text, start, end, words)) {
      this.#last = expected;
      return expected;
    }
    for (const shape of this.#shapes) {
      if (shape === expected || !this.#is(shape, text, start, end, words)) continue;
      if (this.#last !== null) this.#last.follower = shape;
      this.#last = shape;
      return shape;
    }
    words.clear();
    this.#last = null;
    return null;
  }

  #is(shape: Shape, text: string, start: number, end: number, words: Words): boolean {
    words.clear();
    return shape.matches(text, start, end, words);
  }

  /** Whether there is room for another. */
  get learns(): boolean {
    return this.#shapes.length < MAX_SHAPES;
  }

  /** Keeps the shape of a line that was read word for word, with what was found in it. */
  learn(text: string, start: number, end: number, words: Words, found: readonly ShapeItem[]): void {
    const between: string[] = [];
    const items: ShapeItem[] = [];
    let at = start;
    for (const item of found) {
      if (item.word === -1) {
        items.push(item);
        continue;
      }
      const wordStart = start + words.columnAt(item.word) - 1;
      // Only between blanks does a word end where it would end in any other line.
      if (wordStart <= at || text.charCodeAt(wordStart - 1) !== SPACE) return;
      items.push({ ...item, word: between.length });
      between.push(text.slice(at, wordStart));
      at = start + words.endAt(item.word);
      if (at < end && text.charCodeAt(at) !== SPACE) return;
    }
    if (between.length === 0) return;
    between.push(text.slice(at, end));
    const shape = new Shape(between, items);
    if (this.#last !== null) this.#last.follower = shape;
    this.#last = shape;
    this.#shapes.push(shape);
  }
}

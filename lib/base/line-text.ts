/**
 * A text as its lines, put together when somebody reads it whole: who writes the same lines again
 * and again hands over the same strings, and who compares them sees that at once.
 */

export class LineText {
  /** Without line ends. */
  readonly lines: readonly string[];
  #text: string | null = null;

  /** Takes the lines. */
  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  /** The lines of a text, whose last line has an end. */
  static of(text: string): LineText {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    return new LineText(lines);
  }

  /** The whole text, with an end after each line. */
  get text(): string {
    this.#text ??= this.lines.length === 0 ? "" : [...this.lines, ""].join("\n");
    return this.#text;
  }

  /** Characters of the whole text. */
  get length(): number {
    let length = 0;
    for (const line of this.lines) length += line.length + 1;
    return length;
  }
}

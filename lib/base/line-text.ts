/**
 * A text as blocks of lines, put together when somebody reads it whole: who writes the same lines
 * again and again hands over the same blocks, and who reads them sees that at once.
 */

/** Lines that never change. The same block wherever the same writer writes them. */
export class LineBlock {
  /** Without line ends. */
  readonly lines: readonly string[];
  /** Characters, with an end after each line. */
  readonly length: number;
  /** What the reader of blocks has made of it, and finds here when it comes again. */
  reading: unknown = undefined;

  /** Takes the lines. */
  constructor(lines: readonly string[]) {
    this.lines = lines;
    let length = lines.length;
    for (const line of lines) length += line.length;
    this.length = length;
  }
}

/** A text that is built of blocks. */
export class LineText {
  readonly blocks: readonly LineBlock[];
  readonly lineCount: number;
  /** Characters of the whole text. */
  readonly length: number;
  #text: string | null = null;

  /** Takes the blocks. */
  constructor(blocks: readonly LineBlock[]) {
    let lineCount = 0;
    let length = 0;
    for (let index = 0; index < blocks.length; index += 1) {
      lineCount += blocks[index]?.lines.length ?? 0;
      length += blocks[index]?.length ?? 0;
    }
    this.blocks = blocks;
    this.lineCount = lineCount;
    this.length = length;
  }

  /** The lines of a text, whose last line has an end. */
  static of(text: string): LineText {
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    return new LineText([new LineBlock(lines)]);
  }

  /** The whole text, with an end after each line. */
  get text(): string {
    this.#text ??= this.blocks.map(({ lines }) => [...lines, ""].join("\n")).join("");
    return this.#text;
  }
}

/** The page that a story is told on: headings, paragraphs, commands; colours only for terminals. */

const WIDTH = 100;
const INDENT = "    ";

/** Says how a piece of text stands out. */
export interface Ink {
  strong(text: string): string;
  quiet(text: string): string;
}

export const PLAIN: Ink = { strong: (text) => text, quiet: (text) => text };

/** For terminals. */
export const COLOURED: Ink = {
  strong: (text) => `\u001b[1m${text}\u001b[22m`,
  quiet: (text) => `\u001b[2m${text}\u001b[22m`,
};

/** Collects text. */
export class Page {
  text = "";
  readonly #ink: Ink;

  constructor(ink: Ink = PLAIN) {
    this.#ink = ink;
  }

  heading(text: string): void {
    this.text += `${this.#ink.strong(text)}\n${"─".repeat(Math.min(WIDTH, text.length))}\n`;
  }

  /** Words, with lines broken where they fit. */
  paragraph(words: string): void {
    this.text += `${wrap(words, WIDTH)}\n\n`;
  }

  /** A command as it was typed, and what it printed. */
  command(prompt: string, line: string, output: string): void {
    this.text += `${INDENT}${this.#ink.quiet(prompt)} ${this.#ink.strong(line)}\n`;
    if (output === "") this.text += "\n";
    else this.block(output);
  }

  /** Lines as they are. */
  block(lines: string): void {
    this.text += `${lines
      .trimEnd()
      .replace(/[ \t]+$/gm, "")
      .replace(/^(?=.)/gm, INDENT)}\n\n`;
  }

  /** Display filters, below the capture that they are for. */
  filters(capture: string, lines: readonly string[]): void {
    this.text += `Wireshark: ${this.#ink.strong(capture)}, with one of the display filters\n`;
    this.block(lines.join("\n"));
  }
}

function wrap(words: string, width: number): string {
  let lines = "";
  let length = 0;
  for (const word of words.split(" ")) {
    const isFirst = length === 0;
    if (!isFirst && length + 1 + word.length > width) {
      lines += `\n${word}`;
      length = word.length;
    } else {
      lines += isFirst ? word : ` ${word}`;
      length += word.length + (isFirst ? 0 : 1);
    }
  }
  return lines;
}

/**
 * What a container has printed, line by line with the time of each, as the runtime keeps it.
 *
 * Spec: CRI v1, logging (a line has the time at which its end came).
 */
import type { Ns } from "../../base/units.ts";

/** This many characters are kept, the newest ones. */
const MAX_LOG = 10 * 1024 * 1024;

/** A line, with its end unless the container ended within it. */
export interface LogLine {
  readonly at: Ns;
  readonly text: string;
}

interface Piece {
  readonly at: Ns;
  readonly text: string;
}

/** One container's log. */
export class ContainerLog {
  #pieces: Piece[] = [];
  #length = 0;

  /** Adds what was printed at a time. */
  add(at: Ns, text: string): void {
    if (text === "") return;
    this.#pieces.push({ at, text });
    this.#length += text.length;
    while (this.#length > MAX_LOG && this.#pieces.length > 1) {
      this.#length -= this.#pieces.shift()?.text.length ?? 0;
    }
  }

  get text(): string {
    return this.#pieces.map(({ text }) => text).join("");
  }

  /** How many characters have been printed and are kept. */
  get length(): number {
    return this.#length;
  }

  lines(): LogLine[] {
    const lines: LogLine[] = [];
    let open = "";
    for (const { at, text } of this.#pieces) {
      const parts = `${open}${text}`.split(/(?<=\n)/);
      open = parts.at(-1)?.endsWith("\n") === false ? (parts.pop() ?? "") : "";
      for (const part of parts) lines.push({ at, text: part });
    }
    const last = this.#pieces.at(-1);
    if (open !== "" && last !== undefined) lines.push({ at: last.at, text: open });
    return lines;
  }
}

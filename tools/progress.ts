/** How far a long run is, on the terminal's last line, while it takes more than a second. */
import { seconds } from "../lib/lab/report.ts";

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;
const CLEAR_LINE = "\r\u001b[K";

/** Prints progress to standard error if that is a terminal. */
export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #nextAt = Date.now() + FIRST_AFTER_MS;
  #shown = false;

  constructor() {
    // An interrupt ends a run without another word, and the line must not stay.
    process.once("exit", () => this.end());
  }

  /** Called often by a run: virtual time in ns, and how many events have happened. */
  readonly report = (now: number, events: number): void => {
    if (!this.#isTerminal || Date.now() < this.#nextAt) return;
    this.#nextAt = Date.now() + EVERY_MS;
    this.#shown = true;
    process.stderr.write(`${CLEAR_LINE}${seconds(now)} s of virtual time, ${events} events`);
  };

  /** Takes the line away. */
  end(): void {
    if (this.#shown) process.stderr.write(CLEAR_LINE);
    this.#shown = false;
  }
}

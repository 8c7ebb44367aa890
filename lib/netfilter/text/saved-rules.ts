/**
 * Rules as iptables-save prints them, written down when restore text is read: the parts of a rule
 * are at hand then. When a hundred thousand rules are printed at once they lie all over memory, and
 * to gather them takes twice as long as to copy what was written.
 */

/** Rules that are put together into one text: until then each is a tree of its pieces. */
const RULES_TOGETHER = 256;

/** The forms of some rules, each without `-A CHAIN`. */
export class SavedRules {
  /** A line for each rule. */
  #text = "";
  /** Those that are not yet in the text. */
  #waiting: string[] = [];
  #length = 0;

  /** Whether other rules should be kept elsewhere. */
  get isFull(): boolean {
    return this.#length > 0 && this.#waiting.length === 0;
  }

  /** Takes the form of a rule, which has no line end in it; returns where it is. */
  add(form: string): number {
    const at = this.#length;
    this.#waiting.push(form);
    this.#length += form.length + 1;
    if (this.#waiting.length === RULES_TOGETHER) this.#write();
    return at;
  }

  /** The form that `add` has put there. */
  at(at: number): string {
    if (this.#waiting.length > 0) this.#write();
    return this.#text.slice(at, this.#text.indexOf("\n", at));
  }

  #write(): void {
    this.#waiting.push("");
    this.#text += this.#waiting.join("\n");
    this.#waiting = [];
  }
}

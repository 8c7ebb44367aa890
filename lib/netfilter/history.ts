/**
 * What has been done to the rules of a host since it came into being. Hosts with the same history
 * have the same rules, so what one of them has found out about the next step holds for all: the
 * nodes of a cluster are given the same inputs of iptables-restore, and one that has no packets to
 * look at its rules can carry them out later.
 */
import type { LineText } from "../base/line-text.ts";
import type { TableOutcome } from "./table-outcome.ts";

/** Steps of so many characters are told apart; longer ones lead to histories that nobody shares. */
const MAX_TEXT = 4096;
/** With more different steps than these after one history, all are forgotten. */
const MAX_STEPS = 64;

export class RuleHistory {
  /** Of a host whose tables nobody has touched. */
  static readonly NONE = new RuleHistory();
  /**
   * What the last step has made of tables, if it does so wherever this is the history, whatever else
   * there is on the host; null: it must be carried out.
   */
  outcomes: readonly TableOutcome[] | null = null;
  readonly #byText = new Map<string, RuleHistory>();
  readonly #byLines = new WeakMap<LineText, RuleHistory>();

  /** The history that a step leads to: by its text, or by the very input. */
  after(step: string | LineText): RuleHistory {
    if (typeof step !== "string") {
      const known = this.#byLines.get(step) ?? new RuleHistory();
      this.#byLines.set(step, known);
      return known;
    }
    if (step.length > MAX_TEXT) return new RuleHistory();
    const known = this.#byText.get(step) ?? new RuleHistory();
    if (this.#byText.size >= MAX_STEPS) this.#byText.clear();
    this.#byText.set(step, known);
    return known;
  }
}

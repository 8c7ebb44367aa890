/**
 * -m limit: a token bucket.
 *
 * Kernel: net/netfilter/nft_limit.c, 6.18 (into which iptables 1.8.9 translates the match);
 * iptables 1.8.9, extensions/libxt_limit.c.
 */
import type { Cpu } from "../../sim/cpu.ts";
import { defineMatch } from "../extension.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { formatRate, parseRate } from "../text/rate.ts";
import { numberOption } from "../text/values.ts";

/** Units of a period in a second (XT_LIMIT_SCALE). */
const SCALE = 10_000;
const NS_PER_UNIT = 100_000;

interface LimitState {
  period: number;
  burst: number;
}

class LimitMatch extends Match {
  override get name(): string {
    return "limit";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #period: number;
  readonly #burst: number;
  readonly #cpu: Cpu;
  /** What one packet costs, and what there is at most, in ns. */
  readonly #cost: number;
  readonly #full: number;
  #tokens: number;
  #last: number;

  constructor(state: LimitState, cpu: Cpu) {
    super();
    this.#period = state.period;
    this.#burst = state.burst;
    this.#cpu = cpu;
    this.#cost = state.period * NS_PER_UNIT;
    this.#full = this.#cost * state.burst;
    this.#tokens = this.#full;
    this.#last = cpu.now;
  }

  override matches(): boolean {
    const now = this.#cpu.now;
    this.#tokens = Math.min(this.#tokens + now - this.#last, this.#full);
    this.#last = now;
    if (this.#tokens < this.#cost) return false;
    this.#tokens -= this.#cost;
    return true;
  }

  override save(): string {
    const burst = this.#burst === 5 ? "" : ` --limit-burst ${this.#burst}`;
    return ` --limit ${formatRate(this.#period, SCALE).text}${burst}`;
  }

  override list(): string {
    return ` limit: avg ${formatRate(this.#period, SCALE).text} burst ${this.#burst}`;
  }
}

/** The module. */
export const LIMIT_MATCH = defineMatch<LimitState>({
  name: "limit",
  options: [
    {
      name: "limit",
      read: (state, value) => {
        const period = parseRate(value, SCALE);
        if (period === undefined) refuse(`bad rate "${value}"'`, "for example 5/min");
        state.period = period;
      },
    },
    {
      name: "limit-burst",
      read: (state, value) => {
        state.burst = numberOption("limit", "limit-burst", value, 0, 10000);
      },
    },
  ],
  start: () => ({ period: (SCALE * 3600) / 3, burst: 5 }),
  finish: (state, { engine }) => new LimitMatch(state, engine.host.cpu),
});

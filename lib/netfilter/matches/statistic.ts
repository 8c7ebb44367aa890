/**
 * -m statistic: packets at random with a probability, or every nth.
 *
 * Kernel: net/netfilter/xt_statistic.c, 6.18; iptables 1.8.9, extensions/libxt_statistic.c.
 */
import type { RandomStream } from "../../sim/random.ts";
import { streamOf } from "../engine.ts";
import { defineMatch } from "../extension.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

interface StatisticState {
  mode: "" | "random" | "nth";
  /** In units of 2^-31. */
  probability: number;
  every: number;
  packet: number;
  inverted: boolean;
}

class RandomMatch extends Match {
  override get name(): string {
    return "statistic";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #probability: number;
  readonly #inverted: boolean;
  readonly #random: RandomStream;

  constructor(probability: number, inverted: boolean, random: RandomStream) {
    super();
    this.#probability = probability;
    this.#inverted = inverted;
    this.#random = random;
  }

  override matches(): boolean {
    return (this.#random.int32() & 0x7fffffff) < this.#probability !== this.#inverted;
  }

  override save(): string {
    return ` --mode random${this.#inverted ? " !" : ""} --probability ${this.#shown()}`;
  }

  override list(): string {
    return ` statistic mode random${this.#inverted ? " !" : ""} probability ${this.#shown()}`;
  }

  #shown(): string {
    return (this.#probability / 0x80000000).toFixed(11);
  }
}

class NthMatch extends Match {
  override get name(): string {
    return "statistic";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #every: number;
  readonly #packet: number;
  readonly #inverted: boolean;
  #count: number;

  constructor(every: number, packet: number, inverted: boolean) {
    super();
    this.#every = every;
    this.#packet = packet;
    this.#inverted = inverted;
    // The first of each round is the one that matches, shifted by --packet.
    this.#count = every - 1 - packet;
  }

  override matches(): boolean {
    this.#count = this.#count === this.#every - 1 ? 0 : this.#count + 1;
    return (this.#count === 0) !== this.#inverted;
  }

  override save(): string {
    return ` --mode nth${this.#inverted ? " !" : ""} --every ${this.#every} --packet ${this.#packet}`;
  }

  override list(): string {
    const packet = this.#packet === 0 ? "" : ` packet ${this.#packet}`;
    return ` statistic mode nth${this.#inverted ? " !" : ""} every ${this.#every}${packet}`;
  }
}

/** The module. */
export const STATISTIC_MATCH = defineMatch<StatisticState>({
  name: "statistic",
  reuse: "options",
  options: [
    {
      name: "mode",
      required: true,
      read: (state, value) => {
        if (value !== "random" && value !== "nth") refuse(`Bad mode "${value}"`);
        state.mode = value;
      },
    },
    {
      name: "probability",
      inverts: true,
      read: (state, value, inverted) => {
        const probability = Number(value);
        if (value === "" || !(probability >= 0 && probability <= 1)) {
          refuse('statistic: bad value for option "--probability", or out of range (0-1).\n');
        }
        state.probability = Math.round(probability * 0x80000000);
        state.inverted = inverted;
      },
    },
    {
      name: "every",
      inverts: true,
      needs: "packet",
      read: (state, value, inverted) => {
        state.every = numberOption("statistic", "every", value, 1);
        state.inverted = inverted;
      },
    },
    {
      name: "packet",
      read: (state, value) => {
        state.packet = numberOption("statistic", "packet", value);
      },
    },
  ],
  start: () => ({ mode: "", probability: -1, every: 0, packet: 0, inverted: false }),
  finish: (state, { engine }) => {
    if (state.mode === "random") {
      if (state.probability === -1) {
        refuse("--probability must be specified when using random mode");
      }
      return new RandomMatch(state.probability, state.inverted, streamOf(engine.host, "statistic"));
    }
    if (state.every === 0) refuse("--every must be specified when using nth mode");
    if (state.packet >= state.every) {
      refuse("the --packet p must be 0 <= p <= n-1");
    }
    return new NthMatch(state.every, state.packet, state.inverted);
  },
});

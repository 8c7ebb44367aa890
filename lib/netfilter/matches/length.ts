/**
 * -m length: bytes of the whole packet.
 *
 * Kernel: net/netfilter/xt_length.c, 6.18; iptables 1.8.9, extensions/libxt_length.c.
 */
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { rangeOption } from "../text/values.ts";

interface LengthState {
  min: number;
  max: number;
  inverted: boolean;
}

class LengthMatch extends Match {
  override get name(): string {
    return "length";
  }

  readonly #test: LengthState;

  constructor(test: LengthState) {
    super();
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const { min, max, inverted } = this.#test;
    return (packet.length >= min && packet.length <= max) !== inverted;
  }

  override save(): string {
    return `${this.#test.inverted ? " !" : ""} --length ${this.#shown()}`;
  }

  override list(): string {
    return ` length ${this.#test.inverted ? "!" : ""}${this.#shown()}`;
  }

  #shown(): string {
    const { min, max } = this.#test;
    return min === max ? `${min}` : `${min}:${max}`;
  }
}

/** The module. */
export const LENGTH_MATCH = defineMatch<LengthState>({
  name: "length",
  options: [
    {
      name: "length",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        const [min, max] = rangeOption("length", "length", value, 0xffff);
        if (min > max) refuse(`length: invalid range "${value}"`);
        state.min = min;
        state.max = max;
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ min: 0, max: 0, inverted: false }),
  finish: (state) => new LengthMatch(state),
});

/**
 * -j TTL: sets the time to live, or counts it up or down.
 *
 * Kernel: net/netfilter/xt_HL.c, 6.18; iptables 1.8.9, extensions/libipt_TTL.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { defineTarget, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";
import { requireMangle } from "./mangle-only.ts";

type TtlMode = "set" | "dec" | "inc";
const TTL_LISTED: Readonly<Record<TtlMode, string>> = {
  set: "set to",
  dec: "decrement by",
  inc: "increment by",
};

class TtlTarget extends Target {
  override get name(): string {
    return "TTL";
  }

  readonly #mode: TtlMode;
  readonly #value: number;

  constructor(mode: TtlMode, value: number) {
    super();
    this.#mode = mode;
    this.#value = value;
  }

  override apply(packet: Packet): Verdict {
    const before = ipv4.ttl(packet.view, packet.l3);
    let after = this.#value;
    if (this.#mode === "inc") after = Math.min(before + this.#value, 255);
    if (this.#mode === "dec") after = Math.max(before - this.#value, 0);
    if (after !== before) ipv4.setTtl(packet.view, packet.l3, after);
    return Verdict.CONTINUE;
  }

  override save(): string {
    return ` --ttl-${this.#mode} ${this.#value}`;
  }

  override list(): string {
    return ` TTL ${TTL_LISTED[this.#mode]} ${this.#value}`;
  }
}

/** TTL. */
export const TTL_TARGET = defineTarget<{ mode: TtlMode | null; value: number }>({
  name: "TTL",
  options: (["set", "dec", "inc"] as const).map(
    (mode): OptionSpec<{ mode: TtlMode | null; value: number }> => ({
      name: `ttl-${mode}`,
      read: (state, value) => {
        if (state.mode !== null) refuse("TTL: only one action may be given");
        state.mode = mode;
        state.value = numberOption("TTL", `ttl-${mode}`, value, mode === "set" ? 0 : 1, 255);
      },
    }),
  ),
  start: () => ({ mode: null, value: 0 }),
  finish: (state, context) => {
    if (state.mode === null) refuse("TTL: You must specify an action");
    requireMangle("TTL", context);
    return new TtlTarget(state.mode, state.value);
  },
});

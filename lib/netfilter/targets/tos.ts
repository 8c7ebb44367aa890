/**
 * -j TOS and DSCP: bits of the second octet of the header.
 *
 * Kernel: net/netfilter/xt_DSCP.c, 6.18; iptables 1.8.9, extensions/libxt_DSCP.c, libxt_TOS.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { defineTarget, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { dscpClass, hexByte, tosAndMask } from "../text/tos.ts";
import { numberOption } from "../text/values.ts";
import { requireMangle } from "./mangle-only.ts";

class TosTarget extends Target {
  readonly #name: "DSCP" | "TOS";
  readonly #value: number;
  readonly #mask: number;

  constructor(name: "DSCP" | "TOS", value: number, mask: number) {
    super();
    this.#name = name;
    this.#value = value;
    this.#mask = mask;
  }

  override get name(): "DSCP" | "TOS" {
    return this.#name;
  }

  override apply(packet: Packet): Verdict {
    const before = ipv4.tos(packet.view, packet.l3);
    const after = (before & ~this.#mask & 0xff) ^ this.#value;
    if (after !== before) ipv4.setTos(packet.view, packet.l3, after);
    return Verdict.CONTINUE;
  }

  override save(): string {
    if (this.#name === "DSCP") return ` --set-dscp ${hexByte(this.#value >>> 2)}`;
    return ` --set-tos ${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }

  override list(): string {
    if (this.#name === "DSCP") return ` DSCP set ${hexByte(this.#value >>> 2)}`;
    return ` TOS set ${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }
}

/** DSCP. */
export const DSCP_TARGET = defineTarget<{ dscp: number }>({
  name: "DSCP",
  options: [
    {
      name: "set-dscp",
      excludes: ["set-dscp-class"],
      read: (state, value) => {
        state.dscp = numberOption("DSCP", "set-dscp", value, 0, 63);
      },
    },
    {
      name: "set-dscp-class",
      read: (state, value) => {
        state.dscp = dscpClass(value);
      },
    },
  ],
  start: () => ({ dscp: -1 }),
  finish: (state, context) => {
    if (state.dscp === -1) refuse("DSCP target: Parameter --set-dscp is required");
    requireMangle("DSCP", context);
    return new TosTarget("DSCP", state.dscp << 2, 0xfc);
  },
});

interface TosState {
  value: number;
  mask: number;
  given: boolean;
}

function tosOption(
  name: string,
  compute: (value: number, mask: number) => [number, number],
): OptionSpec<TosState> {
  return {
    name,
    read: (state, text) => {
      if (state.given) refuse("TOS: only one action may be given");
      const { value, mask } =
        name === "set-tos"
          ? tosAndMask(text)
          : { value: numberOption("TOS", name, text, 0, 255), mask: 0 };
      [state.value, state.mask] = compute(value, mask);
      state.given = true;
    },
  };
}

/** TOS. */
export const TOS_TARGET = defineTarget<TosState>({
  name: "TOS",
  options: [
    tosOption("set-tos", (value, mask) => [value, mask]),
    tosOption("and-tos", (value) => [0, ~value & 0xff]),
    tosOption("or-tos", (value) => [value, value]),
    tosOption("xor-tos", (value) => [value, 0]),
  ],
  start: () => ({ value: 0, mask: 0, given: false }),
  finish: (state, context) => {
    if (!state.given) refuse("TOS: An action is required");
    requireMangle("TOS", context);
    return new TosTarget("TOS", state.value, state.mask);
  },
});

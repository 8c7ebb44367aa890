/**
 * -j MARK: sets bits of the packet's mark.
 *
 * Kernel: net/netfilter/xt_mark.c (mark_tg), 6.18; iptables 1.8.9, extensions/libxt_MARK.c.
 */
import { defineTarget, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { hex, markMaskOption, numberOption } from "../text/values.ts";

/** `mark = (mark & ~mask) ^ value` */
interface MarkState {
  value: number;
  mask: number;
  given: boolean;
}

class MarkTarget extends Target {
  override get name(): string {
    return "MARK";
  }

  readonly #value: number;
  readonly #mask: number;

  constructor(value: number, mask: number) {
    super();
    this.#value = value;
    this.#mask = mask;
  }

  override apply(packet: Packet): Verdict {
    const { frame } = packet;
    frame.mark = (frame.mark & ~this.#mask) ^ this.#value;
    return Verdict.CONTINUE;
  }

  override save(): string {
    return ` --set-xmark ${hex(this.#value)}/${hex(this.#mask)}`;
  }

  override list(): string {
    const value = this.#value;
    const mask = this.#mask;
    if (value === 0) return ` MARK and ${hex(~mask)}`;
    if (value === mask) return ` MARK or ${hex(value)}`;
    if (mask === 0) return ` MARK xor ${hex(value)}`;
    if (mask === -1) return ` MARK set ${hex(value)}`;
    return ` MARK xset ${hex(value)}/${hex(mask)}`;
  }
}

/** The module. */
export const MARK_TARGET = defineTarget<MarkState>({
  name: "MARK",
  reuse: "instance",
  options: [
    pair("set-xmark", (value, mask) => [value, mask]),
    pair("set-mark", (value, mask) => [value, mask | value]),
    single("and-mark", (value) => [0, ~value]),
    single("or-mark", (value) => [value, value]),
    single("xor-mark", (value) => [value, 0]),
  ],
  start: () => ({ value: 0, mask: 0, given: false }),
  finish: (state) => {
    if (!state.given) {
      refuse("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
    }
    return new MarkTarget(state.value, state.mask);
  },
});

function pair(
  name: string,
  compute: (value: number, mask: number) => [number, number],
): OptionSpec<MarkState> {
  return {
    name,
    read: (state, text) => {
      const { value, mask } = markMaskOption("MARK", name, text);
      set(state, compute(value, mask));
    },
  };
}

function single(name: string, compute: (value: number) => [number, number]): OptionSpec<MarkState> {
  return {
    name,
    read: (state, text) => set(state, compute(numberOption("MARK", name, text) | 0)),
  };
}

function set(state: MarkState, [value, mask]: [number, number]): void {
  if (state.given) refuse("MARK: only one of the mark options may be given");
  state.value = value;
  state.mask = mask;
  state.given = true;
}

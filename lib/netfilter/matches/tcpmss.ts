/**
 * -m tcpmss: the MSS option of a SYN.
 *
 * Kernel: net/netfilter/xt_tcpmss.c, 6.18; iptables 1.8.9, extensions/libxt_tcpmss.c.
 */
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import { OPTION_MSS } from "../../wire/tcp-options.ts";
import { defineMatch, refuseInKernel } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { rangeOption } from "../text/values.ts";

const OPTION_SIZE = 4;

interface TcpmssState {
  min: number;
  max: number;
  inverted: boolean;
}

class TcpmssMatch extends Match {
  override get name(): string {
    return "tcpmss";
  }

  readonly #test: TcpmssState;

  constructor(test: TcpmssState) {
    super();
    this.#test = test;
  }

  /** A segment without the option matches as if its MSS lay outside. */
  override matches(packet: Packet): boolean {
    const { view, l4 } = packet;
    const { min, max, inverted } = this.#test;
    if (packet.fragmentOffset !== 0 || !tcp.isValid(view, l4, packet.end)) {
      packet.hotDrop = true;
      return false;
    }
    const end = l4 + tcp.headerSize(view, l4);
    for (let at = l4 + tcp.TCP_SIZE; at + OPTION_SIZE <= end; ) {
      const kind = view.getUint8(at);
      if (kind === OPTION_MSS && view.getUint8(at + 1) === OPTION_SIZE) {
        const mss = view.getUint16(at + 2);
        return (mss >= min && mss <= max) !== inverted;
      }
      at += kind < 2 ? 1 : view.getUint8(at + 1) || 1;
    }
    return inverted;
  }

  override save(): string {
    return `${this.#test.inverted ? " !" : ""} --mss ${this.#shown()}`;
  }

  override list(): string {
    return ` tcpmss match ${this.#test.inverted ? "!" : ""}${this.#shown()}`;
  }

  #shown(): string {
    const { min, max } = this.#test;
    return min === max ? `${min}` : `${min}:${max}`;
  }
}

/** The module. */
export const TCPMSS_MATCH = defineMatch<TcpmssState>({
  name: "tcpmss",
  options: [
    {
      name: "mss",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        const [min, max] = rangeOption("tcpmss", "mss", value, 0xffff);
        if (min > max) refuse("tcpmss: invalid range given");
        state.min = min;
        state.max = max;
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ min: 0, max: 0, inverted: false }),
  finish: (state, context) => {
    const { header } = context;
    const isTcp = header.protocol === IPPROTO_TCP && !header.protocolInverted;
    if (!isTcp) refuseInKernel(context, "tcpmss needs -p tcp");
    return new TcpmssMatch(state);
  },
});

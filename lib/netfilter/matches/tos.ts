/**
 * -m dscp and -m tos: the second octet of the IPv4 header.
 *
 * Kernel: net/netfilter/xt_dscp.c, 6.18; iptables 1.8.9, extensions/libxt_dscp.c, libxt_tos.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { dscpClass, hexByte, tosAndMask } from "../text/tos.ts";
import { numberOption } from "../text/values.ts";

class DscpMatch extends Match {
  override get name(): string {
    return "dscp";
  }

  readonly #dscp: number;
  readonly #inverted: boolean;

  constructor(dscp: number, inverted: boolean) {
    super();
    this.#dscp = dscp;
    this.#inverted = inverted;
  }

  override matches(packet: Packet): boolean {
    return (ipv4.tos(packet.view, packet.l3) >>> 2 === this.#dscp) !== this.#inverted;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --dscp ${hexByte(this.#dscp)}`;
  }

  override list(): string {
    return ` DSCP match ${this.#inverted ? "!" : ""}${hexByte(this.#dscp)}`;
  }
}

class TosMatch extends Match {
  override get name(): string {
    return "tos";
  }

  readonly #value: number;
  readonly #mask: number;
  readonly #inverted: boolean;

  constructor(value: number, mask: number, inverted: boolean) {
    super();
    this.#value = value;
    this.#mask = mask;
    this.#inverted = inverted;
  }

  override matches(packet: Packet): boolean {
    const tos = ipv4.tos(packet.view, packet.l3);
    return ((tos & this.#mask) === this.#value) !== this.#inverted;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --tos ${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }

  // No space before the value: so prints the real tool.
  override list(): string {
    return ` tos match${this.#inverted ? "!" : ""}${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }
}

/** The dscp module. */
export const DSCP_MATCH = defineMatch<{ dscp: number; inverted: boolean }>({
  name: "dscp",
  options: [
    {
      name: "dscp",
      inverts: true,
      excludes: ["dscp-class"],
      read: (state, value, inverted) => {
        state.dscp = numberOption("dscp", "dscp", value, 0, 63);
        state.inverted = inverted;
      },
    },
    {
      name: "dscp-class",
      inverts: true,
      read: (state, value, inverted) => {
        state.dscp = dscpClass(value);
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ dscp: -1, inverted: false }),
  finish: (state) => {
    if (state.dscp === -1) refuse("DSCP match: Parameter --dscp is required");
    return new DscpMatch(state.dscp, state.inverted);
  },
});

/** The tos module. */
export const TOS_MATCH = defineMatch<{ value: number; mask: number; inverted: boolean }>({
  name: "tos",
  options: [
    {
      name: "tos",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        const parsed = tosAndMask(value);
        state.value = parsed.value;
        state.mask = parsed.mask;
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ value: 0, mask: 0xff, inverted: false }),
  finish: (state) => new TosMatch(state.value, state.mask, state.inverted),
});

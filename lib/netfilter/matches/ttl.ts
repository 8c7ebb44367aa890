/**
 * -m ttl: the packet's time to live.
 *
 * Kernel: net/netfilter/xt_hl.c, 6.18; iptables 1.8.9, extensions/libipt_ttl.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

type Comparison = "eq" | "ne" | "lt" | "gt";
const LISTED: Readonly<Record<Comparison, string>> = { eq: "==", ne: "!=", lt: "<", gt: ">" };

interface TtlState {
  comparison: Comparison | null;
  ttl: number;
}

class TtlMatch extends Match {
  override get name(): string {
    return "ttl";
  }

  readonly #comparison: Comparison;
  readonly #ttl: number;

  constructor(comparison: Comparison, ttl: number) {
    super();
    this.#comparison = comparison;
    this.#ttl = ttl;
  }

  override matches(packet: Packet): boolean {
    const ttl = ipv4.ttl(packet.view, packet.l3);
    switch (this.#comparison) {
      case "eq":
        return ttl === this.#ttl;
      case "ne":
        return ttl !== this.#ttl;
      case "lt":
        return ttl < this.#ttl;
      case "gt":
        return ttl > this.#ttl;
    }
  }

  override save(): string {
    if (this.#comparison === "ne") return ` ! --ttl-eq ${this.#ttl}`;
    return ` --ttl-${this.#comparison} ${this.#ttl}`;
  }

  override list(): string {
    return ` TTL match TTL ${LISTED[this.#comparison]} ${this.#ttl}`;
  }
}

/** The module. */
export const TTL_MATCH = defineMatch<TtlState>({
  name: "ttl",
  options: [
    {
      name: "ttl-lt",
      excludes: ["ttl-eq", "ttl-gt"],
      read: (state, value) => {
        state.comparison = "lt";
        state.ttl = numberOption("ttl", "ttl-lt", value, 0, 255);
      },
    },
    {
      name: "ttl-gt",
      excludes: ["ttl-eq", "ttl-lt"],
      read: (state, value) => {
        state.comparison = "gt";
        state.ttl = numberOption("ttl", "ttl-gt", value, 0, 255);
      },
    },
    { name: "ttl-eq", inverts: true, read: readEqual },
    { name: "ttl", alias: "ttl-eq", inverts: true, read: readEqual },
  ],
  start: () => ({ comparison: null, ttl: 0 }),
  finish: (state) => {
    if (state.comparison === null) {
      refuse("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt");
    }
    return new TtlMatch(state.comparison, state.ttl);
  },
});

function readEqual(state: TtlState, value: string, inverted: boolean): void {
  state.comparison = inverted ? "ne" : "eq";
  state.ttl = numberOption("ttl", "ttl-eq", value, 0, 255);
}

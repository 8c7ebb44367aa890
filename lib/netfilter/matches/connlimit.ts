/**
 * -m connlimit: how many connections an address or network has.
 *
 * Kernel: net/netfilter/xt_connlimit.c, 6.18; iptables 1.8.9,
 * extensions/libxt_connlimit.c.
 */
import { maskOf } from "../../base/inet.ts";
import { connectionOf } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { ConnectionCounts } from "../conntrack/count.ts";
import { Tuple } from "../conntrack/tuple.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";
import { ConntrackUser } from "./conntrack-user.ts";

interface ConnlimitState {
  limit: number;
  upto: boolean;
  prefix: number;
  destination: boolean;
}

class ConnlimitMatch extends ConntrackUser {
  override get name(): string {
    return "connlimit";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: ConnlimitState;
  readonly #counts: ConnectionCounts;
  readonly #tuple = new Tuple();

  constructor(test: ConnlimitState, conntrack: Conntrack) {
    super(conntrack);
    this.#test = test;
    this.#counts = new ConnectionCounts(conntrack);
  }

  override matches(packet: Packet): boolean {
    const { limit, upto, prefix, destination } = this.#test;
    const connection = connectionOf(packet.frame);
    const tuple = this.#tuple;
    if (connection !== null) tuple.copy(connection.original);
    else if (!tuple.read(packet.view, packet.l3, packet.end)) {
      packet.hotDrop = true;
      return false;
    }
    const address = (destination ? packet.destination : packet.source) & maskOf(prefix);
    const count = this.#counts.count(address, tuple, connection);
    return count > limit !== upto;
  }

  override save(): string {
    const { limit, upto, prefix, destination } = this.#test;
    const side = destination ? "--connlimit-daddr" : "--connlimit-saddr";
    return ` --connlimit-${upto ? "upto" : "above"} ${limit} --connlimit-mask ${prefix} ${side}`;
  }

  override list(): string {
    const { limit, upto, prefix, destination } = this.#test;
    return ` #conn ${destination ? "dst" : "src"}/${prefix} ${upto ? "<=" : ">"} ${limit}`;
  }
}

/** The module. */
export const CONNLIMIT_MATCH = defineMatch<ConnlimitState>({
  name: "connlimit",
  options: [
    {
      name: "connlimit-upto",
      excludes: ["connlimit-above"],
      read: (state, value) => {
        state.limit = numberOption("connlimit", "connlimit-upto", value);
        state.upto = true;
      },
    },
    {
      name: "connlimit-above",
      inverts: true,
      read: (state, value, inverted) => {
        state.limit = numberOption("connlimit", "connlimit-above", value);
        state.upto = inverted;
      },
    },
    {
      name: "connlimit-mask",
      read: (state, value) => {
        state.prefix = numberOption("connlimit", "connlimit-mask", value, 0, 32);
      },
    },
    {
      name: "connlimit-saddr",
      argument: false,
      excludes: ["connlimit-daddr"],
      read: (state) => {
        state.destination = false;
      },
    },
    {
      name: "connlimit-daddr",
      argument: false,
      read: (state) => {
        state.destination = true;
      },
    },
  ],
  start: () => ({ limit: -1, upto: false, prefix: 32, destination: false }),
  finish: (state, { engine }) => {
    if (state.limit === -1) {
      refuse('connlimit: You must specify "--connlimit-above" or "--connlimit-upto".');
    }
    return new ConnlimitMatch(state, engine.conntrack);
  },
});

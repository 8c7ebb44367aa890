/**
 * -m connlimit: how many connections an address or network has.
 *
 * Kernel: net/netfilter/xt_connlimit.c, nf_conncount.c, 6.18; iptables 1.8.9,
 * extensions/libxt_connlimit.c.
 */
import { maskOf } from "../../base/inet.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { connectionOf, Direction } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { TcpState } from "../conntrack/tcp-state.ts";
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

/** A connection that is counted, by its tuple. */
interface Counted {
  readonly tuple: Tuple;
  readonly zone: number;
}

class ConnlimitMatch extends ConntrackUser {
  override get name(): string {
    return "connlimit";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: ConnlimitState;
  /** What is counted, by network. */
  readonly #counted = new Map<number, Counted[]>();
  readonly #tuple = new Tuple();

  constructor(test: ConnlimitState, conntrack: Conntrack) {
    super(conntrack);
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const { limit, upto, prefix, destination } = this.#test;
    const connection = connectionOf(packet.frame);
    const tuple = this.#tuple;
    if (connection !== null) {
      tuple.copy(connection.original);
    } else if (!tuple.read(packet.view, packet.l3, packet.end)) {
      packet.hotDrop = true;
      return false;
    }
    const address = (destination ? packet.destination : packet.source) & maskOf(prefix);
    const zone = connection?.zoneOf(Direction.ORIGINAL) ?? 0;
    const known = (this.#counted.get(address) ?? []).filter((one) => this.#isAlive(one, tuple));
    if (!known.some((one) => one.zone === zone && one.tuple.equals(tuple))) {
      const added = new Tuple();
      added.copy(tuple);
      known.push({ tuple: added, zone });
    }
    this.#counted.set(address, known);
    return known.length > limit !== upto;
  }

  /** Whether a counted connection is still in the table and, unless it is this one, not closed. */
  #isAlive(one: Counted, tuple: Tuple): boolean {
    const connection = this.conntrack.table.find(one.tuple, one.zone);
    if (connection === null || this.conntrack.isExpired(connection)) return false;
    if (one.tuple.equals(tuple) || connection.original.protocol !== IPPROTO_TCP) return true;
    return connection.state !== TcpState.TIME_WAIT && connection.state !== TcpState.CLOSE;
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

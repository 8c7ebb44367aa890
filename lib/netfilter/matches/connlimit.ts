/**
 * -m connlimit: how many connections an address or network has.
 *
 * Kernel: net/netfilter/xt_connlimit.c, nf_conncount.c, 6.18; iptables 1.8.9,
 * extensions/libxt_connlimit.c.
 */
import { maskOf } from "../../base/inet.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, connectionOf, Status } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { TcpState } from "../conntrack/tcp-state.ts";
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
  /** Connections counted, by network and zone. */
  readonly #counted = new Map<number, Set<Connection>>();

  constructor(test: ConnlimitState, conntrack: Conntrack) {
    super(conntrack);
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const { limit, upto, prefix, destination } = this.#test;
    const connection = connectionOf(packet.frame);
    if (connection === null) {
      packet.hotDrop = true;
      return false;
    }
    const address = (destination ? packet.destination : packet.source) & maskOf(prefix);
    let known = this.#counted.get(address);
    if (known === undefined) {
      known = new Set();
      this.#counted.set(address, known);
    }
    for (const other of known) if (this.#isOver(other)) known.delete(other);
    known.add(connection);
    return known.size > limit !== upto;
  }

  #isOver(connection: Connection): boolean {
    if ((connection.status & Status.DYING) !== 0 || this.#expired(connection)) return true;
    return (
      connection.original.protocol === IPPROTO_TCP &&
      (connection.state === TcpState.TIME_WAIT || connection.state === TcpState.CLOSE)
    );
  }

  #expired(connection: Connection): boolean {
    if (!connection.confirmed) return connection.uses === 0;
    return this.conntrack.isExpired(connection);
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

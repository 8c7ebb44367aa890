/**
 * -m state: the state of the packet's connection, as rules asked for it before -m conntrack.
 *
 * Kernel: net/netfilter/xt_state.c, 6.18; iptables 1.8.9, extensions/libxt_conntrack.c (state_*).
 */
import { connectionOf } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { DNAT, parseStates, SNAT, stateBits, stateNames } from "./connection-states.ts";
import { ConntrackUser } from "./conntrack-user.ts";

/** It knows the states before SNAT and DNAT. */
const STATES = 5;

class StateMatch extends ConntrackUser {
  override get name(): string {
    return "state";
  }

  readonly #states: number;
  readonly #inverted: boolean;

  constructor(states: number, inverted: boolean, conntrack: Conntrack) {
    super(conntrack);
    this.#states = states;
    this.#inverted = inverted;
  }

  override matches(packet: Packet): boolean {
    const { frame } = packet;
    const bits = stateBits(connectionOf(frame), frame.conntrackInfo) & ~(SNAT | DNAT);
    return ((this.#states & bits) !== 0) !== this.#inverted;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --state ${stateNames(this.#states)}`;
  }

  override list(): string {
    return `${this.#inverted ? " !" : ""} state ${stateNames(this.#states)}`;
  }
}

/** The module. */
export const STATE_MATCH = defineMatch<{ states: number; inverted: boolean }>({
  name: "state",
  options: [
    {
      name: "state",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        state.states = parseStates("state", value, STATES);
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ states: 0, inverted: false }),
  finish: (state, { engine }) => new StateMatch(state.states, state.inverted, engine.conntrack),
});

/**
 * -m conntrack: the state of the packet's connection, its addresses and ports as they were and as
 * answers have them, its status and remaining time.
 *
 * Kernel: net/netfilter/xt_conntrack.c, 6.18; iptables 1.8.9, extensions/libxt_conntrack.c.
 */
import { type Connection, connectionOf, Direction, directionOf } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineMatch, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";
import { hostWithMask, protocolValue, rangeOption } from "../text/values.ts";
import { parseStates, stateBits, stateNames } from "./connection-states.ts";
import {
  type AddressTest,
  type ConntrackTest,
  noConntrackTest,
  parseStatus,
  saveTests,
} from "./conntrack-test.ts";
import { ConntrackUser } from "./conntrack-user.ts";
import { portMatches, portRange } from "./ports.ts";

class ConntrackMatch extends ConntrackUser {
  override get name(): string {
    return "conntrack";
  }

  readonly #test: ConntrackTest;
  readonly #stateOnly: boolean;

  constructor(test: ConntrackTest, conntrack: Conntrack) {
    super(conntrack);
    this.#test = test;
    this.#stateOnly = saveTests(test) === "";
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const { frame } = packet;
    const connection = connectionOf(frame);
    if (test.states !== 0) {
      const bits = stateBits(connection, frame.conntrackInfo);
      if (((test.states & bits) !== 0) === test.statesInverted) return false;
    }
    if (this.#stateOnly) return true;
    if (connection === null) return test.states !== 0;
    return this.#connectionMatches(connection, frame.conntrackInfo);
  }

  #connectionMatches(connection: Connection, info: number): boolean {
    const test = this.#test;
    const { original, reply } = connection;
    if (test.direction !== null && directionOf(info) !== test.direction) return false;
    if (
      !addressMatches(test.originalSource, original.source) ||
      !addressMatches(test.originalDestination, original.destination) ||
      !addressMatches(test.replySource, reply.source) ||
      !addressMatches(test.replyDestination, reply.destination)
    ) {
      return false;
    }
    if (test.protocol >= 0 && (original.protocol === test.protocol) === test.protocolInverted) {
      return false;
    }
    if (
      !(
        test.originalSourcePort === null ||
        portMatches(test.originalSourcePort, original.ports >>> 16)
      ) ||
      !(
        test.originalDestinationPort === null ||
        portMatches(test.originalDestinationPort, original.ports & 0xffff)
      ) ||
      !(test.replySourcePort === null || portMatches(test.replySourcePort, reply.ports >>> 16)) ||
      !(
        test.replyDestinationPort === null ||
        portMatches(test.replyDestinationPort, reply.ports & 0xffff)
      )
    ) {
      return false;
    }
    if (test.status >= 0 && ((connection.status & test.status) !== 0) === test.statusInverted) {
      return false;
    }
    if (test.expiry === null) return true;
    const [min, max] = test.expiry;
    const left = connection.confirmed ? this.conntrack.secondsLeft(connection) : 0;
    return (left >= min && left <= max) !== test.expiryInverted;
  }

  override save(): string {
    return this.#dump("--");
  }

  override list(): string {
    return this.#dump("");
  }

  #dump(dashes: string): string {
    const test = this.#test;
    const states =
      test.states === 0
        ? ""
        : `${test.statesInverted ? " !" : ""} ${dashes}ctstate ${stateNames(test.states)}`;
    return states + saveTests(test, dashes);
  }
}

function addressMatches(test: AddressTest | null, address: number): boolean {
  return test === null || (((address ^ test.address) & test.mask) === 0) !== test.inverted;
}

type AddressField = "originalSource" | "originalDestination" | "replySource" | "replyDestination";
type PortField =
  | "originalSourcePort"
  | "originalDestinationPort"
  | "replySourcePort"
  | "replyDestinationPort";

function addressOption(name: string, field: AddressField): OptionSpec<ConntrackTest> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      state[field] = { ...hostWithMask(value), inverted };
    },
  };
}

function portOption(name: string, field: PortField): OptionSpec<ConntrackTest> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      state[field] = portRange(value, inverted);
    },
  };
}

/** The module. */
export const CONNTRACK_MATCH = defineMatch<ConntrackTest>({
  name: "conntrack",
  reuse: "options",
  options: [
    {
      name: "ctstate",
      inverts: true,
      read: (state, value, inverted) => {
        state.states = parseStates("ctstate", value);
        state.statesInverted = inverted;
      },
    },
    {
      name: "ctproto",
      inverts: true,
      read: (state, value, inverted) => {
        state.protocol = protocolValue(value);
        state.protocolInverted = inverted;
        if (state.protocol === 0 && inverted) {
          refuse("conntrack: rule would never match protocol");
        }
      },
    },
    addressOption("ctorigsrc", "originalSource"),
    addressOption("ctorigdst", "originalDestination"),
    addressOption("ctreplsrc", "replySource"),
    addressOption("ctrepldst", "replyDestination"),
    portOption("ctorigsrcport", "originalSourcePort"),
    portOption("ctorigdstport", "originalDestinationPort"),
    portOption("ctreplsrcport", "replySourcePort"),
    portOption("ctrepldstport", "replyDestinationPort"),
    {
      name: "ctstatus",
      inverts: true,
      read: (state, value, inverted) => {
        state.status = parseStatus(value);
        state.statusInverted = inverted;
      },
    },
    {
      name: "ctexpire",
      inverts: true,
      read: (state, value, inverted) => {
        state.expiry = rangeOption("conntrack", "ctexpire", value);
        state.expiryInverted = inverted;
      },
    },
    {
      name: "ctdir",
      read: (state, value) => {
        const upper = value.toUpperCase();
        if (upper !== "ORIGINAL" && upper !== "REPLY") {
          refuse(`conntrack: Bad value for "--ctdir" option: "${value}"`);
        }
        state.direction = upper === "ORIGINAL" ? Direction.ORIGINAL : Direction.REPLY;
      },
    },
  ],
  start: noConntrackTest,
  finish: (state, { engine }) => {
    if (state.states === 0 && saveTests(state) === "") {
      refuse("conntrack: At least one option is required");
    }
    return new ConntrackMatch(state, engine.conntrack);
  },
});

/**
 * -m conntrack and -m state: the state of the packet's connection, its addresses and ports as they
 * were and as answers have them, its status and remaining time.
 *
 * Kernel: net/netfilter/xt_conntrack.c, xt_state.c, 6.18; iptables 1.8.9,
 * extensions/libxt_conntrack.c.
 */
import { formatIpv4, prefixLengthOf } from "../../base/inet.ts";
import {
  type Connection,
  connectionOf,
  Direction,
  directionOf,
  Info,
  Status,
} from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineMatch, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";
import { hostWithMask, type MaskedAddress, protocolValue, rangeOption } from "../text/values.ts";
import { ConntrackUser } from "./conntrack-user.ts";
import { type PortRange, portMatches, portRange } from "./ports.ts";

/** Bits of `--ctstate`, in the order in which they are printed. */
const INVALID = 1;
const NEW = 2;
const RELATED = 4;
const ESTABLISHED = 8;
const UNTRACKED = 16;
const SNAT = 32;
const DNAT = 64;
const STATE_NAMES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];

const STATUSES: readonly (readonly [string, number])[] = [
  ["EXPECTED", Status.EXPECTED],
  ["SEEN_REPLY", Status.SEEN_REPLY],
  ["ASSURED", Status.ASSURED],
  ["CONFIRMED", Status.CONFIRMED],
];

interface AddressTest extends MaskedAddress {
  readonly inverted: boolean;
}

interface ConntrackState {
  states: number;
  statesInverted: boolean;
  protocol: number;
  protocolInverted: boolean;
  originalSource: AddressTest | null;
  originalDestination: AddressTest | null;
  replySource: AddressTest | null;
  replyDestination: AddressTest | null;
  originalSourcePort: PortRange | null;
  originalDestinationPort: PortRange | null;
  replySourcePort: PortRange | null;
  replyDestinationPort: PortRange | null;
  /** -1: not asked for. */
  status: number;
  statusInverted: boolean;
  expiry: readonly [number, number] | null;
  expiryInverted: boolean;
  direction: Direction | null;
}

class ConntrackMatch extends ConntrackUser {
  override get name(): string {
    return "conntrack";
  }

  readonly #test: ConntrackState;
  readonly #stateOnly: boolean;

  constructor(test: ConntrackState, conntrack: Conntrack) {
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

/** -m state, the older form. */
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

function stateBits(connection: Connection | null, info: number): number {
  if (connection === null) return info === Info.UNTRACKED ? UNTRACKED : INVALID;
  let bits = NEW;
  if (info === Info.RELATED || info === Info.RELATED_REPLY) bits = RELATED;
  else if (info === Info.ESTABLISHED || info === Info.ESTABLISHED_REPLY) bits = ESTABLISHED;
  if ((connection.status & Status.SRC_NAT) !== 0) bits |= SNAT;
  if ((connection.status & Status.DST_NAT) !== 0) bits |= DNAT;
  return bits;
}

function addressMatches(test: AddressTest | null, address: number): boolean {
  return test === null || (((address ^ test.address) & test.mask) === 0) !== test.inverted;
}

function stateNames(states: number): string {
  return STATE_NAMES.filter((_name, bit) => (states & (1 << bit)) !== 0).join(",");
}

/** All but the states. */
function saveTests(test: ConntrackState, dashes = "--"): string {
  let text = "";
  const add = (inverted: boolean, option: string, value: string): void => {
    text += `${inverted ? " !" : ""} ${dashes}${option} ${value}`;
  };
  if (test.protocol >= 0) add(test.protocolInverted, "ctproto", String(test.protocol));
  const addresses: [AddressTest | null, string][] = [
    [test.originalSource, "ctorigsrc"],
    [test.originalDestination, "ctorigdst"],
    [test.replySource, "ctreplsrc"],
    [test.replyDestination, "ctrepldst"],
  ];
  for (const [address, option] of addresses) {
    if (address !== null) add(address.inverted, option, saveAddress(address));
  }
  const ports: [PortRange | null, string][] = [
    [test.originalSourcePort, "ctorigsrcport"],
    [test.originalDestinationPort, "ctorigdstport"],
    [test.replySourcePort, "ctreplsrcport"],
    [test.replyDestinationPort, "ctrepldstport"],
  ];
  for (const [range, option] of ports) {
    if (range === null) continue;
    const value = range.min === range.max ? `${range.min}` : `${range.min}:${range.max}`;
    add(range.inverted, option, value);
  }
  if (test.status >= 0) add(test.statusInverted, "ctstatus", statusNames(test.status));
  if (test.expiry !== null) {
    const [min, max] = test.expiry;
    add(test.expiryInverted, "ctexpire", min === max ? `${min}` : `${min}:${max}`);
  }
  if (test.direction !== null) {
    add(false, "ctdir", test.direction === Direction.ORIGINAL ? "ORIGINAL" : "REPLY");
  }
  return text;
}

function saveAddress({ address, mask }: MaskedAddress): string {
  if (mask === -1) return formatIpv4(address);
  const length = prefixLengthOf(mask);
  return `${formatIpv4(address)}/${length === -1 ? formatIpv4(mask) : length}`;
}

function statusNames(status: number): string {
  const names = STATUSES.filter(([, bit]) => (status & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? "NONE" : names.join(",");
}

function parseStates(module: string, text: string, names: readonly string[]): number {
  let states = 0;
  const words = text.split(",");
  for (const [index, word] of words.entries()) {
    const bit = names.indexOf(word.toUpperCase());
    if (bit === -1) {
      const rest = words.slice(index).join();
      refuse(`Bad ${module} "${rest}"`, `states are ${names.join(", ")}`);
    }
    states |= 1 << bit;
  }
  return states;
}

function parseStatus(text: string): number {
  let status = 0;
  for (const word of text.split(",")) {
    const known = STATUSES.find(([name]) => name === word.toUpperCase());
    if (known !== undefined) status |= known[1];
    else if (word.toUpperCase() !== "NONE") refuse(`Bad ctstatus "${word}"`);
  }
  return status;
}

type AddressField = "originalSource" | "originalDestination" | "replySource" | "replyDestination";
type PortField =
  | "originalSourcePort"
  | "originalDestinationPort"
  | "replySourcePort"
  | "replyDestinationPort";

function addressOption(name: string, field: AddressField): OptionSpec<ConntrackState> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      state[field] = { ...hostWithMask(value), inverted };
    },
  };
}

function portOption(name: string, field: PortField): OptionSpec<ConntrackState> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      state[field] = portRange(value, inverted);
    },
  };
}

/** The conntrack module. */
export const CONNTRACK_MATCH = defineMatch<ConntrackState>({
  name: "conntrack",
  reuse: "options",
  options: [
    {
      name: "ctstate",
      inverts: true,
      read: (state, value, inverted) => {
        state.states = parseStates("ctstate", value, STATE_NAMES);
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
  start: () => ({
    states: 0,
    statesInverted: false,
    protocol: -1,
    protocolInverted: false,
    originalSource: null,
    originalDestination: null,
    replySource: null,
    replyDestination: null,
    originalSourcePort: null,
    originalDestinationPort: null,
    replySourcePort: null,
    replyDestinationPort: null,
    status: -1,
    statusInverted: false,
    expiry: null,
    expiryInverted: false,
    direction: null,
  }),
  finish: (state, { engine }) => {
    if (state.states === 0 && saveTests(state) === "") {
      refuse("conntrack: At least one option is required");
    }
    return new ConntrackMatch(state, engine.conntrack);
  },
});

/** The state module. */
export const STATE_MATCH = defineMatch<{ states: number; inverted: boolean }>({
  name: "state",
  options: [
    {
      name: "state",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        state.states = parseStates("state", value, STATE_NAMES.slice(0, 5));
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ states: 0, inverted: false }),
  finish: (state, { engine }) => new StateMatch(state.states, state.inverted, engine.conntrack),
});

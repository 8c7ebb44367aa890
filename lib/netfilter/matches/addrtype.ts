/**
 * -m addrtype: what the addresses are to the host's routing.
 *
 * Kernel: net/netfilter/xt_addrtype.c, 6.18; iptables 1.8.9, extensions/libxt_addrtype.c.
 */
import type { NetDevice } from "../../link/device.ts";
import { defineMatch } from "../extension.ts";
import type { NetfilterHost } from "../hooks.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { ALL_HOOKS, Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";

/** Names by the number of the type. */
const TYPES = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "THROW",
  "NAT",
  "XRESOLVE",
];

interface AddrtypeState {
  source: number;
  sourceInverted: boolean;
  destination: number;
  destinationInverted: boolean;
  limitIn: boolean;
  limitOut: boolean;
}

class AddrtypeMatch extends Match {
  override get name(): string {
    return "addrtype";
  }

  readonly #hooks: number;
  readonly #test: AddrtypeState;
  readonly #host: NetfilterHost;

  constructor(test: AddrtypeState, host: NetfilterHost) {
    super();
    this.#test = test;
    this.#host = host;
    let hooks = ALL_HOOKS;
    if (test.limitIn) hooks &= ~((1 << Hook.OUTPUT) | (1 << Hook.POSTROUTING));
    if (test.limitOut) hooks &= ~((1 << Hook.PREROUTING) | (1 << Hook.INPUT));
    this.#hooks = hooks;
  }

  override get validHooks(): number {
    return this.#hooks;
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const device = test.limitIn ? packet.inDevice : test.limitOut ? packet.outDevice : null;
    if (
      test.source !== 0 &&
      this.#isOf(test.source, packet.source, device) === test.sourceInverted
    ) {
      return false;
    }
    return (
      test.destination === 0 ||
      this.#isOf(test.destination, packet.destination, device) !== test.destinationInverted
    );
  }

  #isOf(types: number, address: number, device: NetDevice | null): boolean {
    return (types & (1 << this.#host.addressType(address, device))) !== 0;
  }

  override save(): string {
    const test = this.#test;
    let text = "";
    if (test.source !== 0) {
      text += `${test.sourceInverted ? " !" : ""} --src-type ${typeNames(test.source)}`;
    }
    if (test.destination !== 0) {
      text += `${test.destinationInverted ? " !" : ""} --dst-type ${typeNames(test.destination)}`;
    }
    if (test.limitIn) text += " --limit-iface-in";
    if (test.limitOut) text += " --limit-iface-out";
    return text;
  }

  override list(): string {
    const test = this.#test;
    let text = " ADDRTYPE match";
    if (test.source !== 0) {
      text += ` src-type ${test.sourceInverted ? "!" : ""}${typeNames(test.source)}`;
    }
    if (test.destination !== 0) {
      text += ` dst-type ${test.destinationInverted ? "!" : ""}${typeNames(test.destination)}`;
    }
    if (test.limitIn) text += " limit-in";
    if (test.limitOut) text += " limit-out";
    return text;
  }
}

/** The module. */
export const ADDRTYPE_MATCH = defineMatch<AddrtypeState>({
  name: "addrtype",
  reuse: "options",
  options: [
    {
      name: "src-type",
      inverts: true,
      read: (state, value, inverted) => {
        state.source = parseTypes(value);
        state.sourceInverted = inverted;
      },
    },
    {
      name: "dst-type",
      inverts: true,
      read: (state, value, inverted) => {
        state.destination = parseTypes(value);
        state.destinationInverted = inverted;
      },
    },
    {
      name: "limit-iface-in",
      argument: false,
      excludes: ["limit-iface-out"],
      read: (state) => {
        state.limitIn = true;
      },
    },
    {
      name: "limit-iface-out",
      argument: false,
      read: (state) => {
        state.limitOut = true;
      },
    },
  ],
  start: () => ({
    source: 0,
    sourceInverted: false,
    destination: 0,
    destinationInverted: false,
    limitIn: false,
    limitOut: false,
  }),
  finish: (state, { engine }) => {
    if (state.source === 0 && state.destination === 0) {
      refuse("addrtype: you must specify --src-type or --dst-type");
    }
    return new AddrtypeMatch(state, engine.host);
  },
});

/** A list of types, each of which may be cut short, in any case. */
function parseTypes(text: string): number {
  let types = 0;
  const words = text.split(",");
  for (const [index, word] of words.entries()) {
    const upper = word.toUpperCase();
    const type = upper === "" ? -1 : TYPES.findIndex((name) => name.startsWith(upper));
    if (type === -1) {
      const rest = words.slice(index).join();
      const shown = rest.includes(",") ? `\`${rest}'` : `"${rest}"`;
      refuse(`addrtype: bad type ${shown}`, `types are ${TYPES.join(", ")}`);
    }
    types |= 1 << type;
  }
  return types;
}

function typeNames(types: number): string {
  return TYPES.filter((_name, type) => (types & (1 << type)) !== 0).join(",");
}

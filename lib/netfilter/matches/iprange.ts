/**
 * -m iprange: addresses from … to.
 *
 * Kernel: net/netfilter/xt_iprange.c, 6.18; iptables 1.8.9, extensions/libxt_iprange.c.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { defineMatch, type OptionContext } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { tryAddress } from "../text/values.ts";

interface AddressRange {
  readonly first: number;
  readonly last: number;
  readonly inverted: boolean;
}

interface IprangeState {
  source: AddressRange | null;
  destination: AddressRange | null;
}

class IprangeMatch extends Match {
  override get name(): string {
    return "iprange";
  }

  readonly #source: AddressRange | null;
  readonly #destination: AddressRange | null;

  constructor(state: IprangeState) {
    super();
    this.#source = state.source;
    this.#destination = state.destination;
  }

  override matches(packet: Packet): boolean {
    return contains(this.#source, packet.source) && contains(this.#destination, packet.destination);
  }

  override save(): string {
    return save(this.#source, "src-range") + save(this.#destination, "dst-range");
  }

  override list(): string {
    return list(this.#source, "source") + list(this.#destination, "destination");
  }
}

function contains(range: AddressRange | null, address: number): boolean {
  if (range === null) return true;
  const number = address >>> 0;
  return (number >= range.first >>> 0 && number <= range.last >>> 0) !== range.inverted;
}

function show(range: AddressRange): string {
  return `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

function save(range: AddressRange | null, option: string): string {
  if (range === null) return "";
  return `${range.inverted ? " !" : ""} --${option} ${show(range)}`;
}

function list(range: AddressRange | null, side: string): string {
  if (range === null) return "";
  return ` ${side} IP range${range.inverted ? " !" : ""} ${show(range)}`;
}

function parse(text: string, inverted: boolean, context: OptionContext): AddressRange {
  const dash = text.indexOf("-");
  const first = tryAddress(dash === -1 ? text : text.slice(0, dash));
  const last = dash === -1 ? first : tryAddress(text.slice(dash + 1));
  if (first === undefined || last === undefined) {
    refuse(`iprange: Bad value for "range" option: "${text}"`, "for example 10.0.0.1-10.0.0.9");
  }
  const range = { first, last, inverted };
  if (first >>> 0 > last >>> 0) {
    context.warn(`xt_iprange: range ${show(range)} is reversed and will never match\n`);
  }
  return range;
}

/** The module. */
export const IPRANGE_MATCH = defineMatch<IprangeState>({
  name: "iprange",
  options: [
    {
      name: "src-range",
      inverts: true,
      read: (state, value, inverted, context) => {
        state.source = parse(value, inverted, context);
      },
    },
    {
      name: "dst-range",
      inverts: true,
      read: (state, value, inverted, context) => {
        state.destination = parse(value, inverted, context);
      },
    },
  ],
  start: () => ({ source: null, destination: null }),
  finish: (state) => {
    if (state.source === null && state.destination === null) {
      refuse('iprange match: You must specify "--src-range" or "--dst-range"');
    }
    return new IprangeMatch(state);
  },
});

/**
 * -m tcp: ports, flags, one option.
 *
 * Kernel: net/netfilter/xt_tcpudp.c (tcp_mt), 6.18; iptables 1.8.9, extensions/libxt_tcp.c.
 */
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import { defineMatch, type RuleContext, refuseInKernel, refuseInTool } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";
import {
  ANY_PORT,
  listBothPorts,
  orderedPortRange,
  type PortRange,
  type PortState,
  portMatches,
  portOptions,
  saveBothPorts,
} from "./ports.ts";

const FLAG_NAMES: readonly (readonly [string, number])[] = [
  ["FIN", tcp.FLAG_FIN],
  ["SYN", tcp.FLAG_SYN],
  ["RST", tcp.FLAG_RST],
  ["PSH", tcp.FLAG_PSH],
  ["ACK", tcp.FLAG_ACK],
  ["URG", tcp.FLAG_URG],
];
const ALL_FLAGS = 0x3f;
const SYN_MASK = tcp.FLAG_FIN | tcp.FLAG_SYN | tcp.FLAG_RST | tcp.FLAG_ACK;

interface TcpState extends PortState {
  flagMask: number;
  flags: number;
  flagsInverted: boolean;
  /** 0: none. */
  option: number;
  optionInverted: boolean;
}

/** The tcp match. */
export class TcpMatch extends Match {
  override get name(): string {
    return "tcp";
  }

  readonly source: PortRange;
  readonly destination: PortRange;
  readonly #test: TcpState;
  readonly #portsOnly: boolean;

  constructor(test: TcpState) {
    super();
    this.#test = test;
    this.source = test.source;
    this.destination = test.destination;
    this.#portsOnly = test.flagMask === 0 && test.option === 0 && !test.flagsInverted;
  }

  override matches(packet: Packet): boolean {
    if (packet.fragmentOffset !== 0) {
      // A fragment that would overwrite the flags of the first one.
      if (packet.fragmentOffset === 1) packet.hotDrop = true;
      return false;
    }
    const { view, l4 } = packet;
    if (packet.transportLength < tcp.TCP_SIZE) {
      packet.hotDrop = true;
      return false;
    }
    if (!portMatches(this.source, tcp.sourcePort(view, l4))) return false;
    if (!portMatches(this.destination, tcp.destinationPort(view, l4))) return false;
    return this.#portsOnly || this.#flagsMatch(packet);
  }

  #flagsMatch(packet: Packet): boolean {
    const { view, l4 } = packet;
    const test = this.#test;
    const same = (tcp.flags(view, l4) & test.flagMask) === test.flags;
    if (same === test.flagsInverted) return false;
    if (test.option === 0) return true;
    const size = tcp.headerSize(view, l4);
    if (size < tcp.TCP_SIZE || size > packet.transportLength) {
      packet.hotDrop = true;
      return false;
    }
    return hasOption(view, l4 + tcp.TCP_SIZE, l4 + size, test.option) !== test.optionInverted;
  }

  override save(): string {
    const test = this.#test;
    let text = saveBothPorts(test);
    if (test.option !== 0 || test.optionInverted) {
      text += `${test.optionInverted ? " !" : ""} --tcp-option ${test.option}`;
    }
    if (test.flagMask !== 0 || test.flagsInverted) {
      const not = test.flagsInverted ? " !" : "";
      text += `${not} --tcp-flags ${flagNames(test.flagMask)} ${flagNames(test.flags)}`;
    }
    return text;
  }

  override list(numeric: boolean): string {
    const test = this.#test;
    let text = listBothPorts(test, "tcp", numeric);
    if (test.option !== 0 || test.optionInverted) {
      text += ` option=${test.optionInverted ? "!" : ""}${test.option}`;
    }
    if (test.flagMask !== 0 || test.flagsInverted) {
      const not = test.flagsInverted ? "!" : "";
      text += numeric
        ? ` flags:${not}${hexByte(test.flagMask)}/${hexByte(test.flags)}`
        : ` flags:${not}${flagNames(test.flagMask)}/${flagNames(test.flags)}`;
    }
    return text;
  }
}

/** The module. */
export const TCP_MATCH = defineMatch<TcpState>({
  name: "tcp",
  reuse: "instance",
  options: [
    ...portOptions((text, inverted) => orderedPortRange(text, inverted, "tcp")),
    {
      name: "syn",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.flagMask = SYN_MASK;
        state.flags = tcp.FLAG_SYN;
        state.flagsInverted = inverted;
      },
    },
    {
      name: "tcp-flags",
      alias: "syn",
      second: true,
      inverts: true,
      read: (state, value, inverted) => {
        const space = value.indexOf(" ");
        state.flagMask = parseFlags(value.slice(0, space));
        state.flags = parseFlags(value.slice(space + 1));
        state.flagsInverted = inverted;
      },
    },
    {
      name: "tcp-option",
      inverts: true,
      read: (state, value, inverted) => {
        const option = parseNumber(value, 1, 255);
        if (option === undefined) refuse(`Bad TCP option "${value}"`);
        state.option = option;
        state.optionInverted = inverted;
      },
    },
  ],
  start: () => ({
    source: ANY_PORT,
    destination: ANY_PORT,
    flagMask: 0,
    flags: 0,
    flagsInverted: false,
    option: 0,
    optionInverted: false,
  }),
  finish: (state, context) => {
    const { source, destination, flagMask } = state;
    if (source === ANY_PORT && destination === ANY_PORT && flagMask === 0) {
      requireProtocol(context, IPPROTO_TCP);
    } else if (context.header.protocol !== IPPROTO_TCP) {
      refuseInTool(context, "TCP match requires '-p tcp'");
    }
    return new TcpMatch({ ...state });
  },
});

/** Refuses the rule unless it has `-p` with that protocol, as the kernel's modules do. */
export function requireProtocol(context: RuleContext, protocol: number): void {
  const { header } = context;
  if (header.protocol !== protocol || header.protocolInverted) {
    refuseInKernel(context, "the match needs its protocol after -p");
  }
}

function parseFlags(text: string): number {
  let flags = 0;
  for (const word of text.split(",")) {
    const upper = word.toUpperCase();
    const known = FLAG_NAMES.find(([name]) => name === upper);
    if (known !== undefined) flags |= known[1];
    else if (upper === "ALL") flags |= ALL_FLAGS;
    else if (upper !== "NONE") refuse(`Unknown TCP flag \`${word}'`);
  }
  return flags;
}

function flagNames(flags: number): string {
  const names = FLAG_NAMES.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? "NONE" : names.join(",");
}

function hexByte(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
}

function hasOption(view: DataView, from: number, to: number, option: number): boolean {
  let at = from;
  while (at < to) {
    const kind = view.getUint8(at);
    if (kind === option) return true;
    if (kind < 2) at += 1;
    else at += (at + 1 < to ? view.getUint8(at + 1) : 0) || 1;
  }
  return false;
}

/** The one port that a range stands for; -1 if it is more, or all but some. */
export function singleDestinationPort(range: PortRange): number {
  return range.inverted || range.min !== range.max ? -1 : range.min;
}

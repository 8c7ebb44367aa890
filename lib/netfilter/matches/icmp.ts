/**
 * -m icmp: type and code.
 *
 * Kernel: net/netfilter/xt_tcpudp.c (icmp_match), 6.18; iptables 1.8.9, extensions/libipt_icmp.c.
 */
import * as icmp from "../../wire/icmp.ts";
import { IPPROTO_ICMP } from "../../wire/protocol-numbers.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";
import { requireProtocol } from "./tcp.ts";

/** Names with type, first and last code. */
const NAMES: readonly (readonly [string, number, number, number])[] = [
  ["any", 255, 0, 255],
  ["echo-reply", 0, 0, 255],
  ["pong", 0, 0, 255],
  ["destination-unreachable", 3, 0, 255],
  ["network-unreachable", 3, 0, 0],
  ["host-unreachable", 3, 1, 1],
  ["protocol-unreachable", 3, 2, 2],
  ["port-unreachable", 3, 3, 3],
  ["fragmentation-needed", 3, 4, 4],
  ["source-route-failed", 3, 5, 5],
  ["network-unknown", 3, 6, 6],
  ["host-unknown", 3, 7, 7],
  ["network-prohibited", 3, 9, 9],
  ["host-prohibited", 3, 10, 10],
  ["TOS-network-unreachable", 3, 11, 11],
  ["TOS-host-unreachable", 3, 12, 12],
  ["communication-prohibited", 3, 13, 13],
  ["host-precedence-violation", 3, 14, 14],
  ["precedence-cutoff", 3, 15, 15],
  ["source-quench", 4, 0, 255],
  ["redirect", 5, 0, 255],
  ["network-redirect", 5, 0, 0],
  ["host-redirect", 5, 1, 1],
  ["TOS-network-redirect", 5, 2, 2],
  ["TOS-host-redirect", 5, 3, 3],
  ["echo-request", 8, 0, 255],
  ["ping", 8, 0, 255],
  ["router-advertisement", 9, 0, 255],
  ["router-solicitation", 10, 0, 255],
  ["time-exceeded", 11, 0, 255],
  ["ttl-exceeded", 11, 0, 255],
  ["ttl-zero-during-transit", 11, 0, 0],
  ["ttl-zero-during-reassembly", 11, 1, 1],
  ["parameter-problem", 12, 0, 255],
  ["ip-header-bad", 12, 0, 0],
  ["required-option-missing", 12, 1, 1],
  ["timestamp-request", 13, 0, 255],
  ["timestamp-reply", 14, 0, 255],
  ["address-mask-request", 17, 0, 255],
  ["address-mask-reply", 18, 0, 255],
];
const ANY_TYPE = 255;

interface IcmpState {
  type: number;
  minCode: number;
  maxCode: number;
  inverted: boolean;
}

class IcmpMatch extends Match {
  override get name(): string {
    return "icmp";
  }

  readonly #test: IcmpState;

  constructor(test: IcmpState) {
    super();
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    if (packet.fragmentOffset !== 0) return false;
    if (packet.transportLength < icmp.ICMP_SIZE) {
      packet.hotDrop = true;
      return false;
    }
    const test = this.#test;
    const code = icmp.code(packet.view, packet.l4);
    const same =
      test.type === ANY_TYPE ||
      (icmp.type(packet.view, packet.l4) === test.type &&
        code >= test.minCode &&
        code <= test.maxCode);
    return same !== test.inverted;
  }

  override save(): string {
    const { type, minCode, maxCode, inverted } = this.#test;
    const not = inverted ? " !" : "";
    if (type === ANY_TYPE) return `${not} --icmp-type any`;
    const code = minCode === 0 && maxCode === 255 ? "" : `/${minCode}`;
    return `${not} --icmp-type ${type}${code}`;
  }

  override list(numeric: boolean): string {
    const { type, minCode, maxCode, inverted } = this.#test;
    const not = inverted ? "!" : "";
    if (!numeric) {
      const named = NAMES.find(
        ([, number, min, max]) => number === type && min === minCode && max === maxCode,
      );
      if (named !== undefined) return ` icmp ${not}${named[0]}`;
    }
    if (minCode === 0 && maxCode === 255)
      return `${inverted ? " icmp !type" : " icmptype"} ${type}`;
    const codes = minCode === maxCode ? `code ${minCode}` : `codes ${minCode}-${maxCode}`;
    return `${inverted ? " icmp !type" : " icmptype"} ${type} ${codes}`;
  }
}

/** The module. */
export const ICMP_MATCH = defineMatch<IcmpState>({
  name: "icmp",
  options: [
    {
      name: "icmp-type",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        [state.type, state.minCode, state.maxCode] = parseType(value);
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ type: ANY_TYPE, minCode: 0, maxCode: 255, inverted: false }),
  finish: (state, context) => {
    requireProtocol(context, IPPROTO_ICMP);
    return new IcmpMatch(state);
  },
});

/** A name, which may be cut short if that is clear, or `type` or `type/code`. */
function parseType(text: string): [number, number, number] {
  const lower = text.toLowerCase();
  const named = NAMES.filter(([name]) => name.toLowerCase().startsWith(lower));
  const exact = named.find(([name]) => name.toLowerCase() === lower);
  if (text !== "" && named.length > 0) {
    const [first, second] = named;
    if (exact === undefined && second !== undefined) {
      refuse(`Ambiguous ICMP type \`${text}': \`${first?.[0]}' or \`${second[0]}'?`);
    }
    const [, type = 0, min = 0, max = 0] = exact ?? first ?? [];
    return [type, min, max];
  }
  const slash = text.indexOf("/");
  const type = parseNumber(slash === -1 ? text : text.slice(0, slash), 0, 255);
  if (type === undefined) refuse(`Invalid ICMP type \`${text}'`);
  if (slash === -1) return [type, 0, 255];
  const code = parseNumber(text.slice(slash + 1), 0, 255);
  if (code === undefined) refuse(`Invalid ICMP code \`${text.slice(slash + 1)}'`);
  return [type, code, code];
}

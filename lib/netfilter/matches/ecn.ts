/**
 * -m ecn: the bits of explicit congestion notification, in the IP header and in TCP's.
 *
 * Spec: RFC 3168. Kernel: net/netfilter/xt_ecn.c, 6.18; iptables 1.8.9, extensions/libxt_ecn.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import { defineMatch, refuseInKernel } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

/** What is asked of one of them. */
type Wanted = "set" | "clear" | "any";

interface EcnState {
  ece: Wanted;
  cwr: Wanted;
  /** The field of the IP header, 0 … 3; -1 for any. */
  ect: number;
  ectInverted: boolean;
}

class EcnMatch extends Match {
  override get name(): string {
    return "ecn";
  }

  readonly #test: EcnState;
  /** Flags that are asked for, and those of them that must be set. */
  readonly #mask: number;
  readonly #flags: number;

  constructor(test: EcnState) {
    super();
    this.#test = test;
    const bits = (wanted: (value: Wanted) => boolean): number =>
      (wanted(test.ece) ? tcp.FLAG_ECE : 0) | (wanted(test.cwr) ? tcp.FLAG_CWR : 0);
    this.#mask = bits((value) => value !== "any");
    this.#flags = bits((value) => value === "set");
  }

  override matches(packet: Packet): boolean {
    const { ect, ectInverted } = this.#test;
    const { view, l3, l4 } = packet;
    if (ect !== -1 && ((ipv4.tos(view, l3) & 3) === ect) === ectInverted) return false;
    if (this.#mask === 0) return true;
    if (packet.fragmentOffset !== 0 || packet.transportLength < tcp.TCP_SIZE) return false;
    return (tcp.flags(view, l4) & this.#mask) === this.#flags;
  }

  override save(): string {
    const { ece, cwr, ect, ectInverted } = this.#test;
    const flag = (wanted: Wanted, name: string): string =>
      wanted === "any" ? "" : `${wanted === "clear" ? " !" : ""} --ecn-tcp-${name}`;
    const field = ect === -1 ? "" : `${ectInverted ? " !" : ""} --ecn-ip-ect ${ect}`;
    return flag(ece, "ece") + flag(cwr, "cwr") + field;
  }

  override list(): string {
    const { ece, cwr, ect, ectInverted } = this.#test;
    const flag = (wanted: Wanted, name: string): string =>
      wanted === "any" ? "" : ` ${wanted === "clear" ? "!" : ""}${name}`;
    const field = ect === -1 ? "" : ` ${ectInverted ? "!" : ""}ECT=${ect}`;
    return ` ECN match${flag(ece, "ECE")}${flag(cwr, "CWR")}${field}`;
  }
}

/** The module. */
export const ECN_MATCH = defineMatch<EcnState>({
  name: "ecn",
  options: [
    {
      name: "ecn-tcp-cwr",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.cwr = inverted ? "clear" : "set";
      },
    },
    {
      name: "ecn-tcp-ece",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.ece = inverted ? "clear" : "set";
      },
    },
    {
      name: "ecn-ip-ect",
      inverts: true,
      read: (state, value, inverted) => {
        state.ect = numberOption("ecn", "ecn-ip-ect", value, 0, 3);
        state.ectInverted = inverted;
      },
    },
  ],
  start: () => ({ ece: "any", cwr: "any", ect: -1, ectInverted: false }),
  finish: (state, context) => {
    const { header } = context;
    const asksTcp = state.ece !== "any" || state.cwr !== "any";
    if (!asksTcp && state.ect === -1) refuse("ECN match: some option required");
    const isTcp = header.protocol === IPPROTO_TCP && !header.protocolInverted;
    if (asksTcp && !isTcp) refuseInKernel(context, "the bits of TCP need -p tcp");
    return new EcnMatch(state);
  },
});

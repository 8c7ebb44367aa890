/**
 * -m rpfilter: whether the answer to a packet would leave by the interface by which it came.
 *
 * Kernel: net/ipv4/netfilter/ipt_rpfilter.c, 6.18; iptables 1.8.9, extensions/libxt_rpfilter.c.
 */
import { isZeroNet } from "../../base/inet.ts";
import { defineMatch, type OptionSpec, refuseInKernel } from "../extension.ts";
import { AddressType, Hook, type NetfilterHost } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";

interface RpfilterState {
  loose: boolean;
  validmark: boolean;
  acceptLocal: boolean;
  invert: boolean;
}

const FLAGS: readonly (readonly [string, keyof RpfilterState])[] = [
  ["loose", "loose"],
  ["validmark", "validmark"],
  ["accept-local", "acceptLocal"],
  ["invert", "invert"],
];

class RpfilterMatch extends Match {
  override get name(): string {
    return "rpfilter";
  }

  override get validHooks(): number {
    return 1 << Hook.PREROUTING;
  }

  readonly #test: RpfilterState;
  readonly #host: NetfilterHost;

  constructor(test: RpfilterState, host: NetfilterHost) {
    super();
    this.#test = test;
    this.#host = host;
  }

  override matches(packet: Packet): boolean {
    return this.#isGood(packet) !== this.#test.invert;
  }

  #isGood(packet: Packet): boolean {
    const device = packet.inDevice;
    // The loopback has no other side, and a source of 0 goes to local broadcasts only.
    if (device === null || device.kind === "loopback") return true;
    if (isZeroNet(packet.source) && packet.source === 0) return true;
    const { loose, validmark, acceptLocal } = this.#test;
    if (this.#host.addressType(packet.source, null) === AddressType.LOCAL) return acceptLocal;
    return this.#host.reversePathIsGood(packet.frame, device, loose, validmark);
  }

  override save(): string {
    return this.#flags(" --");
  }

  override list(): string {
    return ` rpfilter${this.#flags(" ")}`;
  }

  #flags(dash: string): string {
    return FLAGS.filter(([, field]) => this.#test[field])
      .map(([name]) => `${dash}${name}`)
      .join("");
  }
}

/** The module. */
export const RPFILTER_MATCH = defineMatch<RpfilterState>({
  name: "rpfilter",
  options: FLAGS.map(
    ([name, field]): OptionSpec<RpfilterState> => ({
      name,
      argument: false,
      read: (state) => {
        state[field] = true;
      },
    }),
  ),
  start: () => ({ loose: false, validmark: false, acceptLocal: false, invert: false }),
  finish: (state, context) => {
    const { engine, table } = context;
    if (table !== "raw" && table !== "mangle") {
      refuseInKernel(context, "rpfilter: only valid in the tables raw and mangle");
    }
    return new RpfilterMatch(state, engine.host);
  },
});

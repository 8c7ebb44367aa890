/**
 * -m mac: the Ethernet source of a packet that came in.
 *
 * Kernel: net/netfilter/xt_mac.c, 6.18; iptables 1.8.9, extensions/libxt_mac.c.
 */
import { formatMac, type Mac, parseMac } from "../../base/mac.ts";
import * as ethernet from "../../wire/ethernet.ts";
import { defineMatch } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";

const HOOKS = (1 << Hook.PREROUTING) | (1 << Hook.INPUT) | (1 << Hook.FORWARD);

class MacMatch extends Match {
  override get name(): string {
    return "mac";
  }

  override get validHooks(): number {
    return HOOKS;
  }

  readonly #mac: Mac;
  readonly #inverted: boolean;

  constructor(mac: Mac, inverted: boolean) {
    super();
    this.#mac = mac;
    this.#inverted = inverted;
  }

  override matches(packet: Packet): boolean {
    const { frame } = packet;
    // A frame from the loopback, or made here, has no Ethernet header of its own.
    if (frame.l3 - frame.l2 < ethernet.ETHERNET_SIZE) return false;
    return (ethernet.source(packet.view, frame.l2) === this.#mac) !== this.#inverted;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --mac-source ${formatMac(this.#mac)}`;
  }

  override list(): string {
    return ` MAC${this.#inverted ? " !" : ""} ${formatMac(this.#mac)}`;
  }
}

/** The module. */
export const MAC_MATCH = defineMatch<{ mac: Mac; inverted: boolean }>({
  name: "mac",
  options: [
    {
      name: "mac-source",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(value)) {
          refuse("Invalid MAC address specified.");
        }
        const bytes = value.split(":").map((byte) => byte.padStart(2, "0"));
        state.mac = parseMac(bytes.join(":"));
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ mac: 0 as Mac, inverted: false }),
  finish: (state) => new MacMatch(state.mac, state.inverted),
});

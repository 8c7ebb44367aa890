/**
 * -m pkttype: to whom the frame was addressed.
 *
 * Kernel: net/netfilter/xt_pkttype.c, 6.18; iptables 1.8.9, extensions/libxt_pkttype.c.
 */
import { isMulticast } from "../../base/inet.ts";
import { PacketType } from "../../wire/frame.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";

const TYPES: readonly (readonly [string, PacketType])[] = [
  ["unicast", PacketType.HOST],
  ["broadcast", PacketType.BROADCAST],
  ["multicast", PacketType.MULTICAST],
  ["bcast", PacketType.BROADCAST],
  ["mcast", PacketType.MULTICAST],
  ["host", PacketType.HOST],
];
/** On the loopback the address decides (PACKET_LOOPBACK has no meaning of its own). */
const LOOPBACK = "loopback";

class PkttypeMatch extends Match {
  override get name(): string {
    return "pkttype";
  }

  readonly #type: PacketType;
  readonly #inverted: boolean;

  constructor(type: PacketType, inverted: boolean) {
    super();
    this.#type = type;
    this.#inverted = inverted;
  }

  override matches(packet: Packet): boolean {
    return (this.#typeOf(packet) === this.#type) !== this.#inverted;
  }

  #typeOf(packet: Packet): PacketType {
    if (packet.inDevice?.kind !== LOOPBACK && packet.outDevice?.kind !== LOOPBACK) {
      return packet.frame.packetType;
    }
    return isMulticast(packet.destination) ? PacketType.MULTICAST : PacketType.BROADCAST;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --pkt-type ${this.#named()}`;
  }

  override list(): string {
    return ` PKTTYPE ${this.#inverted ? "!=" : "="} ${this.#named()}`;
  }

  #named(): string {
    return TYPES.find(([, type]) => type === this.#type)?.[0] ?? "";
  }
}

/** The module. */
export const PKTTYPE_MATCH = defineMatch<{ type: PacketType; inverted: boolean }>({
  name: "pkttype",
  options: [
    {
      name: "pkt-type",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        const known = TYPES.find(([name]) => name === value.toLowerCase());
        if (known === undefined) {
          refuse(`Bad packet type '${value}'`, "types are unicast, broadcast, multicast");
        }
        state.type = known[1];
        state.inverted = inverted;
      },
    },
  ],
  start: () => ({ type: PacketType.HOST, inverted: false }),
  finish: (state) => new PkttypeMatch(state.type, state.inverted),
});

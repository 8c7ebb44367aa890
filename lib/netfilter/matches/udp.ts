/**
 * -m udp: ports.
 *
 * Kernel: net/netfilter/xt_tcpudp.c (udp_mt), 6.18; iptables 1.8.9, extensions/libxt_udp.c.
 */
import { IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import { UDP_SIZE } from "../../wire/udp.ts";
import { defineMatch, refuseInTool } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import {
  ANY_PORT,
  bothPortsMatch,
  listBothPorts,
  type PortRange,
  type PortState,
  portOptions,
  portRange,
  saveBothPorts,
} from "./ports.ts";
import { requireProtocol } from "./tcp.ts";

/** The udp match. */
export class UdpMatch extends Match {
  override get name(): string {
    return "udp";
  }

  readonly source: PortRange;
  readonly destination: PortRange;

  constructor(state: PortState) {
    super();
    this.source = state.source;
    this.destination = state.destination;
  }

  override matches(packet: Packet): boolean {
    return bothPortsMatch(packet, this.source, this.destination, UDP_SIZE);
  }

  override save(): string {
    return saveBothPorts(this);
  }

  override list(numeric: boolean): string {
    return listBothPorts(this, "udp", numeric);
  }
}

/** The module. */
export const UDP_MATCH = defineMatch<PortState>({
  name: "udp",
  reuse: "instance",
  options: [...portOptions(portRange)],
  start: () => ({ source: ANY_PORT, destination: ANY_PORT }),
  finish: (state, context) => {
    if (state.source === ANY_PORT && state.destination === ANY_PORT) {
      requireProtocol(context, IPPROTO_UDP);
    } else if (context.header.protocol !== IPPROTO_UDP) {
      refuseInTool(context, "UDP match requires '-p udp'");
    }
    return new UdpMatch(state);
  },
});

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
  listPorts,
  type PortRange,
  portRange,
  savePorts,
} from "./ports.ts";
import { requireProtocol } from "./tcp.ts";

interface UdpState {
  source: PortRange;
  destination: PortRange;
}

/** The udp match. */
export class UdpMatch extends Match {
  override get name(): string {
    return "udp";
  }

  readonly source: PortRange;
  readonly destination: PortRange;

  constructor(state: UdpState) {
    super();
    this.source = state.source;
    this.destination = state.destination;
  }

  override matches(packet: Packet): boolean {
    return bothPortsMatch(packet, this.source, this.destination, UDP_SIZE);
  }

  override save(): string {
    return savePorts("sport", this.source) + savePorts("dport", this.destination);
  }

  override list(numeric: boolean): string {
    const source = listPorts("spt", this.source, "udp", numeric);
    return ` udp${source}${listPorts("dpt", this.destination, "udp", numeric)}`;
  }
}

/** The module. */
export const UDP_MATCH = defineMatch<UdpState>({
  name: "udp",
  reuse: "instance",
  options: [
    { name: "source-port", inverts: true, read: readSource },
    { name: "sport", alias: "source-port", inverts: true, read: readSource },
    { name: "destination-port", inverts: true, read: readDestination },
    { name: "dport", alias: "destination-port", inverts: true, read: readDestination },
  ],
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

function readSource(state: UdpState, value: string, inverted: boolean): void {
  state.source = portRange(value, inverted);
}

function readDestination(state: UdpState, value: string, inverted: boolean): void {
  state.destination = portRange(value, inverted);
}

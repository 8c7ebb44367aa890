/**
 * -m sctp: ports.
 *
 * Not modelled: --chunk-types.
 * Kernel: net/netfilter/xt_sctp.c, 6.18; iptables 1.8.9, extensions/libxt_sctp.c.
 */
import { IPPROTO_SCTP } from "../../wire/protocol-numbers.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import {
  ANY_PORT,
  bothPortsMatch,
  listPorts,
  orderedPortRange,
  type PortRange,
  savePorts,
} from "./ports.ts";
import { requireProtocol } from "./tcp.ts";

const HEADER_SIZE = 12;

interface SctpState {
  source: PortRange;
  destination: PortRange;
}

class SctpMatch extends Match {
  override get name(): string {
    return "sctp";
  }

  readonly #source: PortRange;
  readonly #destination: PortRange;

  constructor(state: SctpState) {
    super();
    this.#source = state.source;
    this.#destination = state.destination;
  }

  override matches(packet: Packet): boolean {
    return bothPortsMatch(packet, this.#source, this.#destination, HEADER_SIZE);
  }

  override save(): string {
    return savePorts("sport", this.#source) + savePorts("dport", this.#destination);
  }

  override list(numeric: boolean): string {
    const source = listPorts("spt", this.#source, "sctp", numeric);
    return ` sctp${source}${listPorts("dpt", this.#destination, "sctp", numeric)}`;
  }
}

/** The module. */
export const SCTP_MATCH = defineMatch<SctpState>({
  name: "sctp",
  reuse: "instance",
  options: [
    { name: "source-port", inverts: true, read: readSource },
    { name: "sport", alias: "source-port", inverts: true, read: readSource },
    { name: "destination-port", inverts: true, read: readDestination },
    { name: "dport", alias: "destination-port", inverts: true, read: readDestination },
    {
      name: "chunk-types",
      second: true,
      inverts: true,
      read: () => refuse("sctp: --chunk-types is not modelled"),
    },
  ],
  start: () => ({ source: ANY_PORT, destination: ANY_PORT }),
  finish: (state, context) => {
    requireProtocol(context, IPPROTO_SCTP);
    return new SctpMatch(state);
  },
});

function readSource(state: SctpState, value: string, inverted: boolean): void {
  state.source = orderedPortRange(value, inverted, "sctp");
}

function readDestination(state: SctpState, value: string, inverted: boolean): void {
  state.destination = orderedPortRange(value, inverted, "sctp");
}

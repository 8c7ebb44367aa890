/**
 * -m sctp: ports, and which chunks there are.
 *
 * Kernel: net/netfilter/xt_sctp.c, 6.18; iptables 1.8.9, extensions/libxt_sctp.c.
 */
import { IPPROTO_SCTP } from "../../wire/protocol-numbers.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import {
  ANY_PORT,
  bothPortsMatch,
  listPorts,
  orderedPortRange,
  type PortRange,
  savePorts,
} from "./ports.ts";
import { type ChunkTest, chunksMatch, chunkTest, formatChunks } from "./sctp-chunks.ts";
import { requireProtocol } from "./tcp.ts";

const HEADER_SIZE = 12;

interface SctpState {
  source: PortRange;
  destination: PortRange;
  chunks: ChunkTest | null;
}

class SctpMatch extends Match {
  override get name(): string {
    return "sctp";
  }

  readonly #source: PortRange;
  readonly #destination: PortRange;
  readonly #chunks: ChunkTest | null;

  constructor(state: SctpState) {
    super();
    this.#source = state.source;
    this.#destination = state.destination;
    this.#chunks = state.chunks;
  }

  override matches(packet: Packet): boolean {
    if (!bothPortsMatch(packet, this.#source, this.#destination, HEADER_SIZE)) return false;
    const test = this.#chunks;
    return test === null || chunksMatch(test, packet, packet.l4 + HEADER_SIZE) !== test.inverted;
  }

  override save(): string {
    const ports = savePorts("sport", this.#source) + savePorts("dport", this.#destination);
    const test = this.#chunks;
    if (test === null) return ports;
    return `${ports}${test.inverted ? " !" : ""} --chunk-types ${formatChunks(test, false)}`;
  }

  override list(numeric: boolean): string {
    const source = listPorts("spt", this.#source, "sctp", numeric);
    const test = this.#chunks;
    const chunks =
      test === null ? "" : `${test.inverted ? " !" : ""} ${formatChunks(test, numeric)}`;
    return ` sctp${source}${listPorts("dpt", this.#destination, "sctp", numeric)}${chunks}`;
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
      read: (state, value, inverted) => {
        state.chunks = chunkTest(value, inverted);
      },
    },
  ],
  start: () => ({ source: ANY_PORT, destination: ANY_PORT, chunks: null }),
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

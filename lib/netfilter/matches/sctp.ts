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
  listBothPorts,
  orderedPortRange,
  type PortRange,
  type PortState,
  portOptions,
  saveBothPorts,
} from "./ports.ts";
import { type ChunkTest, chunksMatch, chunkTest, formatChunks } from "./sctp-chunks.ts";
import { requireProtocol } from "./tcp.ts";

const HEADER_SIZE = 12;

interface SctpState extends PortState {
  chunks: ChunkTest | null;
}

class SctpMatch extends Match {
  override get name(): string {
    return "sctp";
  }

  readonly source: PortRange;
  readonly destination: PortRange;
  readonly #chunks: ChunkTest | null;

  constructor(state: SctpState) {
    super();
    this.source = state.source;
    this.destination = state.destination;
    this.#chunks = state.chunks;
  }

  override matches(packet: Packet): boolean {
    if (!bothPortsMatch(packet, this.source, this.destination, HEADER_SIZE)) return false;
    const test = this.#chunks;
    return test === null || chunksMatch(test, packet, packet.l4 + HEADER_SIZE) !== test.inverted;
  }

  override save(): string {
    const ports = saveBothPorts(this);
    const test = this.#chunks;
    if (test === null) return ports;
    return `${ports}${test.inverted ? " !" : ""} --chunk-types ${formatChunks(test, false)}`;
  }

  override list(numeric: boolean): string {
    const test = this.#chunks;
    const chunks =
      test === null ? "" : `${test.inverted ? " !" : ""} ${formatChunks(test, numeric)}`;
    return listBothPorts(this, "sctp", numeric) + chunks;
  }
}

/** The module. */
export const SCTP_MATCH = defineMatch<SctpState>({
  name: "sctp",
  reuse: "instance",
  options: [
    ...portOptions((text, inverted) => orderedPortRange(text, inverted, "sctp")),
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

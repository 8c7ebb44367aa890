/**
 * -m multiport: up to fifteen ports or ranges.
 *
 * Kernel: net/netfilter/xt_multiport.c, 6.18; iptables 1.8.9, extensions/libxt_multiport.c.
 */
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import { IPPROTO_DCCP, IPPROTO_UDPLITE } from "../conntrack/tuple.ts";
import { defineMatch, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { type HeaderMatch, Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { serviceName } from "../text/names.ts";
import { formatProtocol, portValue } from "../text/values.ts";

/** Ranges count twice (XT_MULTI_PORTS). */
const MAX_PORTS = 15;
const PROTOCOLS = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP];

type Side = "sports" | "dports" | "ports";

interface MultiportState {
  side: Side | null;
  /** First and last port of each entry. */
  ranges: readonly (readonly [number, number])[];
  inverted: boolean;
}

class MultiportMatch extends Match {
  override get name(): string {
    return "multiport";
  }

  readonly #side: Side;
  readonly #ranges: readonly (readonly [number, number])[];
  readonly #inverted: boolean;
  /** By name, for the names of ports. */
  readonly #protocol: string;

  constructor(side: Side, state: MultiportState, protocol: string) {
    super();
    this.#protocol = protocol;
    this.#side = side;
    this.#ranges = state.ranges;
    this.#inverted = state.inverted;
  }

  override matches(packet: Packet): boolean {
    if (packet.fragmentOffset !== 0) return false;
    if (packet.transportLength < 4) {
      packet.hotDrop = true;
      return false;
    }
    const ports = packet.view.getInt32(packet.l4);
    const source = ports >>> 16;
    const destination = ports & 0xffff;
    for (let index = 0; index < this.#ranges.length; index += 1) {
      const range = this.#ranges[index];
      if (range === undefined) continue;
      if (
        (this.#side !== "dports" && source >= range[0] && source <= range[1]) ||
        (this.#side !== "sports" && destination >= range[0] && destination <= range[1])
      ) {
        return !this.#inverted;
      }
    }
    return this.#inverted;
  }

  override save(): string {
    return `${this.#inverted ? " !" : ""} --${this.#side} ${this.#shown()}`;
  }

  override list(numeric: boolean): string {
    const ports = this.#shown(numeric ? "" : this.#protocol);
    return ` multiport ${this.#side} ${this.#inverted ? " !" : ""}${ports}`;
  }

  /** The ports, by their names in that protocol if it is given. */
  #shown(protocol = ""): string {
    const show = (port: number): string =>
      (protocol === "" ? undefined : serviceName(port, protocol)) ?? String(port);
    return this.#ranges
      .map(([first, last]) => (first === last ? show(first) : `${show(first)}:${show(last)}`))
      .join(",");
  }
}

/** The module. */
export const MULTIPORT_MATCH = defineMatch<MultiportState>({
  name: "multiport",
  options: [
    side("source-ports", "sports"),
    side("sports", "sports", "source-ports"),
    side("destination-ports", "dports"),
    side("dports", "dports", "destination-ports"),
    side("ports", "ports"),
  ],
  start: () => ({ side: null, ranges: [], inverted: false }),
  finish: (state, { header }) => {
    if (state.side === null) refuse("multiport expection an option");
    return new MultiportMatch(state.side, state, formatProtocol(header.protocol));
  },
});

function side(name: string, chosen: Side, alias?: string): OptionSpec<MultiportState> {
  return {
    name,
    ...(alias === undefined ? {} : { alias }),
    inverts: true,
    read: (state, value, inverted, { header }) => {
      if (state.side !== null) refuse("multiport: only one of the options may be given");
      state.side = chosen;
      requirePorts(header);
      state.ranges = parseRanges(value);
      state.inverted = inverted;
    },
  };
}

function requirePorts({ protocol, protocolInverted }: HeaderMatch): void {
  if (protocolInverted || protocol === 0) {
    refuse("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
  }
  if (!PROTOCOLS.includes(protocol)) {
    refuse("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
  }
}

function parseRanges(text: string): [number, number][] {
  let count = 0;
  return text.split(",").map((word) => {
    const colon = word.indexOf(":");
    count += colon === -1 ? 1 : 2;
    if (count > MAX_PORTS) refuse(`too many ports specified`, `at most ${MAX_PORTS}`);
    if (colon === -1) {
      const port = portValue(word, "tcp");
      return [port, port];
    }
    const first = portValue(word.slice(0, colon), "tcp");
    const last = portValue(word.slice(colon + 1), "tcp");
    if (first >= last) refuse("invalid portrange specified");
    return [first, last];
  });
}

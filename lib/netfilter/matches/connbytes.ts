/**
 * -m connbytes: packets or bytes that a connection has moved.
 *
 * Kernel: net/netfilter/xt_connbytes.c, 6.18; iptables 1.8.9, extensions/libxt_connbytes.c.
 */
import { connectionOf } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";
import { ConntrackUser } from "./conntrack-user.ts";

const MODES = ["packets", "bytes", "avgpkt"] as const;
const DIRECTIONS = ["original", "reply", "both"] as const;

interface ConnbytesState {
  from: number;
  /** -1: no upper bound. */
  to: number;
  inverted: boolean;
  mode: (typeof MODES)[number];
  direction: (typeof DIRECTIONS)[number];
}

class ConnbytesMatch extends ConntrackUser {
  override get name(): string {
    return "connbytes";
  }

  readonly #test: ConnbytesState;

  constructor(test: ConnbytesState, conntrack: Conntrack) {
    super(conntrack);
    this.#test = test;
  }

  override attach(): void {
    // The kernel turns accounting on with the first such rule.
    this.conntrack.settings.nf_conntrack_acct = 1;
  }

  override matches(packet: Packet): boolean {
    const accounting = connectionOf(packet.frame)?.accounting ?? null;
    if (accounting === null) return false;
    const { mode, direction, from, to, inverted } = this.#test;
    const packets = chosen(accounting.packets, direction);
    const bytes = chosen(accounting.bytes, direction);
    let what = mode === "packets" ? packets : bytes;
    if (mode === "avgpkt") what = packets === 0 ? 0 : Math.floor(bytes / packets);
    return (what >= from && (to === -1 || what <= to)) !== inverted;
  }

  override save(): string {
    const { mode, direction, inverted } = this.#test;
    const not = inverted ? " !" : "";
    return `${not} --connbytes ${this.#shown()} --connbytes-mode ${mode} --connbytes-dir ${direction}`;
  }

  override list(): string {
    const { mode, direction, inverted } = this.#test;
    const not = inverted ? " !" : "";
    return `${not} connbytes ${this.#shown()} connbytes mode ${mode} connbytes direction ${direction}`;
  }

  #shown(): string {
    const { from, to } = this.#test;
    return to === -1 ? `${from}` : `${from}:${to}`;
  }
}

function chosen(counts: readonly [number, number], direction: ConnbytesState["direction"]): number {
  if (direction === "original") return counts[0];
  return direction === "reply" ? counts[1] : counts[0] + counts[1];
}

/** The module. */
export const CONNBYTES_MATCH = defineMatch<ConnbytesState>({
  name: "connbytes",
  options: [
    {
      name: "connbytes",
      required: true,
      inverts: true,
      read: (state, value, inverted) => {
        const [low = "", high] = value.split(":");
        const from = low === "" ? 0 : parseNumber(low, 0, Number.MAX_SAFE_INTEGER);
        const to =
          high === undefined || high === "" ? -1 : parseNumber(high, 0, Number.MAX_SAFE_INTEGER);
        if (from === undefined || to === undefined) {
          refuse(`connbytes: Bad value for "--connbytes" option: "${value}"`);
        }
        if (to !== -1 && to < from) refuse(`${from} should be less than ${to}`);
        state.from = from;
        state.to = to;
        state.inverted = inverted;
      },
    },
    {
      name: "connbytes-dir",
      required: true,
      read: (state, value) => {
        const direction = DIRECTIONS.find((name) => name === value);
        if (direction === undefined) refuse(`Unknown --connbytes-dir \`${value}'`);
        state.direction = direction;
      },
    },
    {
      name: "connbytes-mode",
      required: true,
      read: (state, value) => {
        const mode = MODES.find((name) => name === value);
        if (mode === undefined) refuse(`Unknown --connbytes-mode \`${value}'`);
        state.mode = mode;
      },
    },
  ],
  start: () => ({ from: 0, to: -1, inverted: false, mode: "packets", direction: "both" }),
  finish: (state, { engine }) => new ConnbytesMatch(state, engine.conntrack),
});

/**
 * -m mark and -m connmark: bits of the packet's or the connection's mark.
 *
 * Kernel: net/netfilter/xt_mark.c, xt_connmark.c, 6.18; iptables 1.8.9, extensions/libxt_mark.c.
 */
import { connectionOf } from "../conntrack/connection.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { hex, markMaskOption } from "../text/values.ts";
import { ConntrackUser } from "./conntrack-user.ts";

interface MarkState {
  value: number;
  mask: number;
  inverted: boolean;
}

class MarkMatch extends Match {
  override get name(): string {
    return "mark";
  }

  readonly #test: MarkState;

  constructor(test: MarkState) {
    super();
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const { value, mask, inverted } = this.#test;
    return ((packet.frame.mark & mask) === value) !== inverted;
  }

  override save(): string {
    return `${this.#test.inverted ? " !" : ""} --mark ${saveMark(this.#test)}`;
  }

  override list(): string {
    return ` mark match ${this.#test.inverted ? "! " : ""}${saveMark(this.#test)}`;
  }
}

class ConnmarkMatch extends ConntrackUser {
  override get name(): string {
    return "connmark";
  }

  readonly #test: MarkState;

  constructor(test: MarkState, conntrack: ConntrackUser["conntrack"]) {
    super(conntrack);
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const connection = connectionOf(packet.frame);
    if (connection === null) return false;
    const { value, mask, inverted } = this.#test;
    return ((connection.mark & mask) === value) !== inverted;
  }

  override save(): string {
    return `${this.#test.inverted ? " !" : ""} --mark ${saveMark(this.#test)}`;
  }

  override list(): string {
    return ` connmark match ${this.#test.inverted ? "! " : ""} ${saveMark(this.#test)}`;
  }
}

/** The mark module. */
export const MARK_MATCH = defineMatch<MarkState>({
  name: "mark",
  reuse: "instance",
  options: [
    {
      name: "mark",
      required: true,
      inverts: true,
      read: (state, value, inverted) => read(state, "mark", value, inverted),
    },
  ],
  start,
  finish: (state) => new MarkMatch(state),
});

/** The connmark module. */
export const CONNMARK_MATCH = defineMatch<MarkState>({
  name: "connmark",
  options: [
    {
      name: "mark",
      required: true,
      inverts: true,
      read: (state, value, inverted) => read(state, "connmark", value, inverted),
    },
  ],
  start,
  finish: (state, { engine }) => new ConnmarkMatch(state, engine.conntrack),
});

function start(): MarkState {
  return { value: 0, mask: -1, inverted: false };
}

function read(state: MarkState, module: string, text: string, inverted: boolean): void {
  const { value, mask } = markMaskOption(module, "mark", text);
  state.value = value;
  state.mask = mask;
  state.inverted = inverted;
}

function saveMark(test: MarkState): string {
  return test.mask === -1 ? hex(test.value) : `${hex(test.value)}/${hex(test.mask)}`;
}

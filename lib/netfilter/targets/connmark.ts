/**
 * -j CONNMARK: the connection's mark: set, saved from the packet, restored to it.
 *
 * Kernel: net/netfilter/xt_connmark.c (connmark_tg), 6.18; iptables 1.8.9,
 * extensions/libxt_CONNMARK.c.
 */
import { connectionOf } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineTarget, type OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { hex, markMaskOption, numberOption } from "../text/values.ts";

type Mode = "set" | "save" | "restore";

interface ConnmarkState {
  mode: Mode | null;
  value: number;
  ctMask: number;
  nfMask: number;
}

class ConnmarkTarget extends Target {
  override get name(): string {
    return "CONNMARK";
  }

  readonly #mode: Mode;
  readonly #state: ConnmarkState;
  readonly #conntrack: Conntrack;

  constructor(mode: Mode, state: ConnmarkState, conntrack: Conntrack) {
    super();
    this.#mode = mode;
    this.#state = state;
    this.#conntrack = conntrack;
  }

  override get tracks(): boolean {
    return true;
  }

  override apply(packet: Packet): Verdict {
    const { frame } = packet;
    const connection = connectionOf(frame);
    if (connection === null) return Verdict.CONTINUE;
    const { value, ctMask, nfMask } = this.#state;
    if (this.#mode === "restore") {
      frame.mark = (frame.mark & ~nfMask) ^ (connection.mark & ctMask);
      return Verdict.CONTINUE;
    }
    const mark =
      this.#mode === "set"
        ? (connection.mark & ~ctMask) ^ value
        : (connection.mark & ~ctMask) ^ (frame.mark & nfMask);
    if (mark !== connection.mark) {
      connection.mark = mark;
      this.#conntrack.events.changed(connection);
    }
    return Verdict.CONTINUE;
  }

  override save(): string {
    const { value, ctMask, nfMask } = this.#state;
    if (this.#mode === "set") return ` --set-xmark ${hex(value)}/${hex(ctMask)}`;
    return ` --${this.#mode}-mark --nfmask ${hex(nfMask)} --ctmask ${hex(ctMask)}`;
  }

  override list(): string {
    const { value, ctMask, nfMask } = this.#state;
    if (this.#mode === "set") {
      if (value === 0) return ` CONNMARK and ${hex(~ctMask)}`;
      if (value === ctMask) return ` CONNMARK or ${hex(value)}`;
      if (ctMask === 0) return ` CONNMARK xor ${hex(value)}`;
      if (ctMask === -1) return ` CONNMARK set ${hex(value)}`;
      return ` CONNMARK xset ${hex(value)}/${hex(ctMask)}`;
    }
    if (nfMask === -1 && ctMask === -1) return ` CONNMARK ${this.#mode}`;
    if (nfMask === ctMask) return ` CONNMARK ${this.#mode} mask ${hex(ctMask)}`;
    return this.#mode === "save"
      ? ` CONNMARK save nfmask ${hex(nfMask)} ctmask ~${hex(ctMask)}`
      : ` CONNMARK restore ctmask ${hex(ctMask)} nfmask ~${hex(nfMask)}`;
  }
}

function setter(
  name: string,
  compute: (value: number, mask: number) => [number, number],
): OptionSpec<ConnmarkState> {
  return {
    name,
    read: (state, text) => {
      choose(state, "set");
      const isPair = name.startsWith("set-");
      const { value, mask } = isPair
        ? markMaskOption("CONNMARK", name, text)
        : { value: numberOption("CONNMARK", name, text) | 0, mask: -1 };
      [state.value, state.ctMask] = compute(value, mask);
    },
  };
}

function mover(mode: "save" | "restore"): OptionSpec<ConnmarkState> {
  return {
    name: `${mode}-mark`,
    argument: false,
    read: (state) => choose(state, mode),
  };
}

function mask(name: string, fields: readonly ("ctMask" | "nfMask")[]): OptionSpec<ConnmarkState> {
  return {
    name,
    read: (state, text) => {
      const value = numberOption("CONNMARK", name, text) | 0;
      for (const field of fields) state[field] = value;
    },
  };
}

function choose(state: ConnmarkState, mode: Mode): void {
  if (state.mode !== null) refuse("CONNMARK: only one operation may be given");
  state.mode = mode;
}

/** The module. */
export const CONNMARK_TARGET = defineTarget<ConnmarkState>({
  name: "CONNMARK",
  options: [
    setter("set-xmark", (value, bits) => [value, bits]),
    setter("set-mark", (value, bits) => [value, bits | value]),
    setter("and-mark", (value) => [0, ~value]),
    setter("or-mark", (value) => [value, value]),
    setter("xor-mark", (value) => [value, 0]),
    mover("save"),
    mover("restore"),
    { ...mask("ctmask", ["ctMask"]), excludes: ["mask"] },
    { ...mask("nfmask", ["nfMask"]), excludes: ["mask"] },
    mask("mask", ["ctMask", "nfMask"]),
  ],
  start: () => ({ mode: null, value: 0, ctMask: -1, nfMask: -1 }),
  finish: (state, { engine }) => {
    if (state.mode === null) refuse("CONNMARK target: No operation specified");
    return new ConnmarkTarget(state.mode, state, engine.conntrack);
  },
});

/**
 * -m physdev: the bridge ports by which a packet came and goes.
 *
 * Kernel: net/netfilter/xt_physdev.c, 6.18; iptables 1.8.9, extensions/libxt_physdev.c.
 */
import { bridgeInfoOf } from "../bridge-info.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { type InterfaceTest, interfaceMatches, Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { interfaceTest } from "../text/header.ts";

interface PhysdevState {
  in: InterfaceTest | null;
  out: InterfaceTest | null;
  /** null: not asked for; else whether it is so. */
  isIn: boolean | null;
  isOut: boolean | null;
  isBridged: boolean | null;
}

class PhysdevMatch extends Match {
  override get name(): string {
    return "physdev";
  }

  readonly #test: PhysdevState;

  constructor(test: PhysdevState) {
    super();
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const info = bridgeInfoOf(packet.frame);
    if (info === null) {
      // Not bridged: only what is asked for inverted can hold.
      return (
        test.isBridged !== true &&
        test.isIn !== true &&
        test.isOut !== true &&
        (test.in === null || test.in.inverted) &&
        (test.out === null || test.out.inverted)
      );
    }
    const bridged = info.physOut !== null;
    if (test.isBridged !== null && bridged !== test.isBridged) return false;
    if (test.isIn !== null && (info.physIn !== null) !== test.isIn) return false;
    if (test.isOut !== null && (info.physOut !== null) !== test.isOut) return false;
    if (test.in !== null && !interfaceMatches(test.in, info.physIn?.name)) return false;
    return (
      test.out === null || info.physOut === null || interfaceMatches(test.out, info.physOut.name)
    );
  }

  override save(): string {
    return this.#dump(" --", " --physdev-in ", " --physdev-out ");
  }

  override list(): string {
    return ` PHYSDEV match${this.#dump(" --", " --physdev-in ", " --physdev-out ")}`;
  }

  #dump(dashes: string, inOption: string, outOption: string): string {
    const test = this.#test;
    let text = "";
    if (test.isIn !== null) text += `${test.isIn ? "" : " !"}${dashes}physdev-is-in`;
    if (test.in !== null) text += named(test.in, inOption);
    if (test.isOut !== null) text += `${test.isOut ? "" : " !"}${dashes}physdev-is-out`;
    if (test.out !== null) text += named(test.out, outOption);
    if (test.isBridged !== null) {
      text += `${test.isBridged ? "" : " !"}${dashes}physdev-is-bridged`;
    }
    return text;
  }
}

/** The module. */
export const PHYSDEV_MATCH = defineMatch<PhysdevState>({
  name: "physdev",
  reuse: "instance",
  options: [
    {
      name: "physdev-in",
      inverts: true,
      read: (state, value, inverted) => {
        state.in = interfaceTest(value, inverted);
      },
    },
    {
      name: "physdev-out",
      inverts: true,
      read: (state, value, inverted) => {
        state.out = interfaceTest(value, inverted);
      },
    },
    {
      name: "physdev-is-in",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.isIn = !inverted;
      },
    },
    {
      name: "physdev-is-out",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.isOut = !inverted;
      },
    },
    {
      name: "physdev-is-bridged",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.isBridged = !inverted;
      },
    },
  ],
  start: () => ({ in: null, out: null, isIn: null, isOut: null, isBridged: null }),
  finish: (state) => {
    if (Object.values(state).every((part) => part === null)) {
      refuse("PHYSDEV: no physdev option specified");
    }
    return new PhysdevMatch(state);
  },
});

function named(test: InterfaceTest, option: string): string {
  return `${test.inverted ? " !" : ""}${option}${test.name}${test.wildcard ? "+" : ""}`;
}

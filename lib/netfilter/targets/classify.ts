/**
 * -j CLASSIFY: the class of the frame for the queue of its device.
 *
 * Kernel: net/netfilter/xt_CLASSIFY.c, 6.18; iptables 1.8.9, extensions/libxt_CLASSIFY.c.
 */
import { defineTarget } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";

class ClassifyTarget extends Target {
  override get name(): string {
    return "CLASSIFY";
  }

  override get validHooks(): number {
    return (1 << Hook.OUTPUT) | (1 << Hook.FORWARD) | (1 << Hook.POSTROUTING);
  }

  readonly #major: number;
  readonly #minor: number;

  constructor(major: number, minor: number) {
    super();
    this.#major = major;
    this.#minor = minor;
  }

  override apply(packet: Packet): Verdict {
    packet.frame.priority = (this.#major << 16) | this.#minor;
    return Verdict.CONTINUE;
  }

  override save(): string {
    const major = this.#major.toString(16).padStart(4, "0");
    return ` --set-class ${major}:${this.#minor.toString(16).padStart(4, "0")}`;
  }

  override list(): string {
    return ` CLASSIFY set ${this.#major.toString(16)}:${this.#minor.toString(16)}`;
  }
}

/** CLASSIFY. */
export const CLASSIFY_TARGET = defineTarget<{ major: number; minor: number }>({
  name: "CLASSIFY",
  options: [
    {
      name: "set-class",
      required: true,
      read: (state, value) => {
        const parts = /^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})$/.exec(value);
        if (parts === null) refuse(`Bad class value "${value}"`, "for example 1:10");
        state.major = Number.parseInt(parts[1] ?? "0", 16);
        state.minor = Number.parseInt(parts[2] ?? "0", 16);
      },
    },
  ],
  start: () => ({ major: 0, minor: 0 }),
  finish: (state) => new ClassifyTarget(state.major, state.minor),
});

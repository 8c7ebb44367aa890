/**
 * -j TTL, DSCP, TOS, CLASSIFY and CHECKSUM: one field of the packet, or of the frame, is changed.
 *
 * Kernel: net/netfilter/xt_HL.c, xt_DSCP.c, xt_CLASSIFY.c, xt_CHECKSUM.c, 6.18; iptables 1.8.9,
 * extensions/libipt_TTL.c, libxt_DSCP.c, libxt_TOS.c, libxt_CLASSIFY.c, libxt_CHECKSUM.c.
 */
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import * as udp from "../../wire/udp.ts";
import { defineTarget, type OptionSpec, type RuleContext, refuseInKernel } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { dscpClass, hexByte, tosAndMask } from "../text/tos.ts";
import { numberOption } from "../text/values.ts";

type TtlMode = "set" | "dec" | "inc";
const TTL_LISTED: Readonly<Record<TtlMode, string>> = {
  set: "set to",
  dec: "decrement by",
  inc: "increment by",
};

class TtlTarget extends Target {
  override get name(): string {
    return "TTL";
  }

  readonly #mode: TtlMode;
  readonly #value: number;

  constructor(mode: TtlMode, value: number) {
    super();
    this.#mode = mode;
    this.#value = value;
  }

  override apply(packet: Packet): Verdict {
    const before = ipv4.ttl(packet.view, packet.l3);
    let after = this.#value;
    if (this.#mode === "inc") after = Math.min(before + this.#value, 255);
    if (this.#mode === "dec") after = Math.max(before - this.#value, 0);
    if (after !== before) ipv4.setTtl(packet.view, packet.l3, after);
    return Verdict.CONTINUE;
  }

  override save(): string {
    return ` --ttl-${this.#mode} ${this.#value}`;
  }

  override list(): string {
    return ` TTL ${TTL_LISTED[this.#mode]} ${this.#value}`;
  }
}

/** TTL. */
export const TTL_TARGET = defineTarget<{ mode: TtlMode | null; value: number }>({
  name: "TTL",
  options: (["set", "dec", "inc"] as const).map(
    (mode): OptionSpec<{ mode: TtlMode | null; value: number }> => ({
      name: `ttl-${mode}`,
      read: (state, value) => {
        if (state.mode !== null) refuse("TTL: only one action may be given");
        state.mode = mode;
        state.value = numberOption("TTL", `ttl-${mode}`, value, mode === "set" ? 0 : 1, 255);
      },
    }),
  ),
  start: () => ({ mode: null, value: 0 }),
  finish: (state, context) => {
    if (state.mode === null) refuse("TTL: You must specify an action");
    requireMangle("TTL", context);
    return new TtlTarget(state.mode, state.value);
  },
});

/** DSCP and TOS: bits of the second octet. */
class TosTarget extends Target {
  readonly #name: "DSCP" | "TOS";
  readonly #value: number;
  readonly #mask: number;

  constructor(name: "DSCP" | "TOS", value: number, mask: number) {
    super();
    this.#name = name;
    this.#value = value;
    this.#mask = mask;
  }

  override get name(): "DSCP" | "TOS" {
    return this.#name;
  }

  override apply(packet: Packet): Verdict {
    const before = ipv4.tos(packet.view, packet.l3);
    const after = (before & ~this.#mask & 0xff) ^ this.#value;
    if (after !== before) ipv4.setTos(packet.view, packet.l3, after);
    return Verdict.CONTINUE;
  }

  override save(): string {
    if (this.#name === "DSCP") return ` --set-dscp ${hexByte(this.#value >>> 2)}`;
    return ` --set-tos ${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }

  override list(): string {
    if (this.#name === "DSCP") return ` DSCP set ${hexByte(this.#value >>> 2)}`;
    return ` TOS set ${hexByte(this.#value)}/${hexByte(this.#mask)}`;
  }
}

/** DSCP. */
export const DSCP_TARGET = defineTarget<{ dscp: number }>({
  name: "DSCP",
  options: [
    {
      name: "set-dscp",
      excludes: ["set-dscp-class"],
      read: (state, value) => {
        state.dscp = numberOption("DSCP", "set-dscp", value, 0, 63);
      },
    },
    {
      name: "set-dscp-class",
      read: (state, value) => {
        state.dscp = dscpClass(value);
      },
    },
  ],
  start: () => ({ dscp: -1 }),
  finish: (state, context) => {
    if (state.dscp === -1) refuse("DSCP target: Parameter --set-dscp is required");
    requireMangle("DSCP", context);
    return new TosTarget("DSCP", state.dscp << 2, 0xfc);
  },
});

interface TosState {
  value: number;
  mask: number;
  given: boolean;
}

function tosOption(
  name: string,
  compute: (value: number, mask: number) => [number, number],
): OptionSpec<TosState> {
  return {
    name,
    read: (state, text) => {
      if (state.given) refuse("TOS: only one action may be given");
      const { value, mask } =
        name === "set-tos"
          ? tosAndMask(text)
          : { value: numberOption("TOS", name, text, 0, 255), mask: 0 };
      [state.value, state.mask] = compute(value, mask);
      state.given = true;
    },
  };
}

/** TOS. */
export const TOS_TARGET = defineTarget<TosState>({
  name: "TOS",
  options: [
    tosOption("set-tos", (value, mask) => [value, mask]),
    tosOption("and-tos", (value) => [0, ~value & 0xff]),
    tosOption("or-tos", (value) => [value, value]),
    tosOption("xor-tos", (value) => [value, 0]),
  ],
  start: () => ({ value: 0, mask: 0, given: false }),
  finish: (state, context) => {
    if (!state.given) refuse("TOS: An action is required");
    requireMangle("TOS", context);
    return new TosTarget("TOS", state.value, state.mask);
  },
});

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

class ChecksumTarget extends Target {
  override get name(): string {
    return "CHECKSUM";
  }

  /** Computes a checksum that was left to the device (skb_checksum_help). */
  override apply(packet: Packet): Verdict {
    const { frame, view, l4, end, source, destination } = packet;
    if (!frame.checksumPending || frame.payloadLength > 0) return Verdict.CONTINUE;
    if (packet.protocol === IPPROTO_TCP) tcp.finishSegment(view, l4, end, source, destination);
    else if (packet.protocol === IPPROTO_UDP) udp.finishDatagram(view, l4, source, destination);
    frame.checksumPending = false;
    return Verdict.CONTINUE;
  }

  override save(): string {
    return " --checksum-fill";
  }

  override list(): string {
    return " CHECKSUM fill";
  }
}

/** CHECKSUM. */
export const CHECKSUM_TARGET = defineTarget<null>({
  name: "CHECKSUM",
  options: [{ name: "checksum-fill", argument: false, required: true, read: () => undefined }],
  start: () => null,
  finish: (_state, context) => {
    requireMangle("CHECKSUM", context);
    return new ChecksumTarget();
  },
});

function requireMangle(name: string, context: RuleContext): void {
  if (context.table !== "mangle") {
    refuseInKernel(context, `${name}: only valid in the mangle table`);
  }
}

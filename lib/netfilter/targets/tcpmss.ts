/**
 * -j TCPMSS: lowers the MSS option of a SYN, or adds one.
 *
 * Spec: RFC 9293 §3.7.1.
 * Kernel: net/netfilter/xt_TCPMSS.c, 6.18; iptables 1.8.9, extensions/libxt_TCPMSS.c.
 */
import { update16 } from "../../wire/checksum.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import { OPTION_MSS } from "../../wire/tcp-options.ts";
import { defineTarget, refuseInKernel } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { ALL_HOOKS, Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

/** A SYN without the option means this (RFC 9293 §3.7.1). */
const DEFAULT_MSS = 536;
const OPTION_SIZE = 4;
const CLAMP_HOOKS = (1 << Hook.FORWARD) | (1 << Hook.OUTPUT) | (1 << Hook.POSTROUTING);

interface TcpmssState {
  /** -1: nothing given; 0: clamp to the path MTU. */
  mss: number;
}

class TcpmssTarget extends Target {
  override get name(): string {
    return "TCPMSS";
  }

  readonly #hooks: number;
  readonly #mss: number;

  constructor(mss: number) {
    super();
    this.#mss = mss;
    this.#hooks = mss === 0 ? CLAMP_HOOKS : ALL_HOOKS;
  }

  override get validHooks(): number {
    return this.#hooks;
  }

  override apply(packet: Packet): Verdict {
    const { view, l4 } = packet;
    if (packet.fragmentOffset !== 0) return Verdict.CONTINUE;
    if (!tcp.isValid(view, l4, packet.end)) return Verdict.DROP;
    const mss = this.#mss === 0 ? this.#pathMss(packet) : this.#mss;
    const end = l4 + tcp.headerSize(view, l4);
    for (let at = l4 + tcp.TCP_SIZE; at + OPTION_SIZE <= end; ) {
      const kind = view.getUint8(at);
      if (kind === OPTION_MSS && view.getUint8(at + 1) === OPTION_SIZE) {
        const before = view.getUint16(at + 2);
        if (before > mss) setMss(packet, at + 2, before, mss);
        return Verdict.CONTINUE;
      }
      at += kind < 2 ? 1 : view.getUint8(at + 1) || 1;
    }
    this.#addOption(packet, end, Math.min(mss, DEFAULT_MSS));
    return Verdict.CONTINUE;
  }

  /** What fits the smaller MTU of both interfaces. */
  #pathMss(packet: Packet): number {
    const out = packet.outDevice?.mtu ?? 0xffff;
    const into = packet.inDevice?.mtu ?? 0xffff;
    return Math.max(Math.min(out, into) - ipv4.IPV4_SIZE - tcp.TCP_SIZE, 0);
  }

  /** Puts the option before all others of a SYN that has no payload and room in its header. */
  #addOption(packet: Packet, end: number, mss: number): void {
    const { frame, view, l3, l4 } = packet;
    const size = end - l4;
    if (packet.length > end - l3 || size + OPTION_SIZE > tcp.TCP_MAX_SIZE) return;
    if (frame.end + OPTION_SIZE > frame.bytes.length) return;
    const optionsAt = l4 + tcp.TCP_SIZE;
    frame.bytes.copyWithin(optionsAt + OPTION_SIZE, optionsAt, end);
    view.setUint8(optionsAt, OPTION_MSS);
    view.setUint8(optionsAt + 1, OPTION_SIZE);
    view.setUint16(optionsAt + 2, mss);
    view.setUint8(l4 + 12, (((size + OPTION_SIZE) >>> 2) << 4) | tcp.reserved(view, l4));
    frame.end += OPTION_SIZE;
    ipv4.setFragment(
      view,
      l3,
      ipv4.totalLength(view, l3) + OPTION_SIZE,
      ipv4.id(view, l3),
      ipv4.fragment(view, l3),
    );
    ipv4.finishHeader(view, l3);
    if (!frame.checksumPending) {
      tcp.finishSegment(view, l4, frame.end, packet.source, packet.destination);
    }
    packet.refresh();
  }

  override save(): string {
    return this.#mss === 0 ? " --clamp-mss-to-pmtu" : ` --set-mss ${this.#mss}`;
  }

  override list(): string {
    return this.#mss === 0 ? " TCPMSS clamp to PMTU" : ` TCPMSS set ${this.#mss}`;
  }
}

function setMss(packet: Packet, at: number, before: number, mss: number): void {
  const { frame, view, l4 } = packet;
  view.setUint16(at, mss);
  if (frame.checksumPending) return;
  const checksumAt = l4 + tcp.TCP_CHECKSUM;
  // The option may stand at an odd place; then its bytes count for two words.
  const odd = (at - l4) % 2 === 1;
  const from = odd ? swap(before) : before;
  const to = odd ? swap(mss) : mss;
  view.setUint16(checksumAt, update16(view.getUint16(checksumAt), from, to));
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}

/** The module. */
export const TCPMSS_TARGET = defineTarget<TcpmssState>({
  name: "TCPMSS",
  options: [
    {
      name: "set-mss",
      excludes: ["clamp-mss-to-pmtu"],
      read: (state, value) => {
        state.mss = numberOption("TCPMSS", "set-mss", value, 0, 65515);
      },
    },
    {
      name: "clamp-mss-to-pmtu",
      argument: false,
      read: (state) => {
        state.mss = 0;
      },
    },
  ],
  start: () => ({ mss: -1 }),
  finish: (state, context) => {
    const { header } = context;
    if (state.mss === -1) refuse("TCPMSS target: At least one parameter is required");
    const isTcp = header.protocol === IPPROTO_TCP && !header.protocolInverted;
    if (!isTcp) refuseInKernel(context, "TCPMSS needs -p tcp");
    return new TcpmssTarget(state.mss);
  },
});

/**
 * -j CHECKSUM: computes a checksum that was left to the device.
 *
 * Kernel: net/netfilter/xt_CHECKSUM.c, 6.18; iptables 1.8.9, extensions/libxt_CHECKSUM.c.
 */
import { IPPROTO_TCP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import * as udp from "../../wire/udp.ts";
import { defineTarget } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { requireMangle } from "./mangle-only.ts";

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

/**
 * Cutting a packet that is too large for its way out. A packet that was put together here from
 * fragments leaves in the same pieces, if they fit.
 *
 * Spec: RFC 791 §3.2. Kernel: net/ipv4/ip_output.c (ip_do_fragment, ip_frag_next), 6.18.
 */
import { completeTransportChecksum } from "../link/segmentation.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { FRAGMENT_PMTU } from "./ip-flags.ts";

const OPTION_END = 0;
const OPTION_NOP = 1;
/** Options with this bit go into every fragment, the others into the first only. */
const OPTION_COPIED = 0x80;

/** Cuts one packet at a time; one for each host. */
export class Fragmenter {
  #packet: Frame | null = null;
  #at = 0;
  #headerSize = 0;
  #offset = 0;
  #mtu = 0;
  #index = 0;
  /** The pieces in which the packet came are those in which it leaves. */
  #inOldPieces = false;

  /** Begins with a packet whose IPv4 header is at `start`; borrows it until `next` is null. */
  begin(packet: Frame, mtu: number): void {
    if (packet.checksumPending) completeTransportChecksum(packet, packet.start);
    this.#packet = packet;
    this.#headerSize = ipv4.headerSize(packet.view, packet.start);
    this.#at = packet.start + this.#headerSize;
    this.#offset = 0;
    this.#mtu = mtu;
    this.#index = 0;
    const room = mtu - this.#headerSize;
    this.#inOldPieces = packet.fragmentSizes?.every((size) => size <= room) === true;
  }

  /** The next fragment, IPv4 header at `start`, which the caller owns; null at the end. */
  next(): Frame | null {
    const packet = this.#packet;
    if (packet === null || this.#at >= packet.end) {
      this.#packet = null;
      return null;
    }
    const size = this.#pieceSize(packet);
    const fragment = packet.pool.take(packet.start + this.#headerSize + size);
    fragment.start = packet.start;
    fragment.l3 = packet.start;
    fragment.l4 = packet.start + this.#headerSize;
    fragment.end = fragment.l4 + size;
    packet.bytes.copy(fragment.bytes, packet.start, packet.start, packet.start + this.#headerSize);
    packet.bytes.copy(fragment.bytes, fragment.l4, this.#at, this.#at + size);
    fragment.copyMetadata(packet);
    fragment.fragmentSizes = null;
    this.#finish(packet, fragment, size);
    this.#at += size;
    this.#offset += size;
    this.#index += 1;
    return fragment;
  }

  #pieceSize(packet: Frame): number {
    const left = packet.end - this.#at;
    const room = this.#mtu - this.#headerSize;
    if (this.#inOldPieces) return Math.min(left, packet.fragmentSizes?.[this.#index] ?? left);
    return left <= room ? left : room & ~7;
  }

  #finish(packet: Frame, fragment: Frame, size: number): void {
    const { view } = fragment;
    const at = fragment.start;
    const before = ipv4.fragment(packet.view, packet.start);
    const isLast = this.#at + size >= packet.end;
    let word = (before & ipv4.FRAGMENT_OFFSET_MASK) + (this.#offset >>> 3);
    if (!this.#inOldPieces && (packet.ipFlags & FRAGMENT_PMTU) !== 0) word |= ipv4.FLAG_DF;
    if (!isLast || (before & ipv4.FLAG_MF) !== 0) word |= ipv4.FLAG_MF;
    if (this.#index > 0) blankOptions(fragment, at + ipv4.IPV4_SIZE, fragment.l4);
    ipv4.setFragment(view, at, fragment.end - at, ipv4.id(view, at), word);
    ipv4.finishHeader(view, at);
  }
}

/** Turns options that only the first fragment carries into no-ops (`ip_options_fragment`). */
function blankOptions(frame: Frame, from: number, end: number): void {
  let at = from;
  while (at < end) {
    const option = frame.view.getUint8(at);
    if (option === OPTION_END) return;
    if (option === OPTION_NOP) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? frame.view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) return;
    if ((option & OPTION_COPIED) === 0) frame.bytes.fill(OPTION_NOP, at, at + length);
    at += length;
  }
}

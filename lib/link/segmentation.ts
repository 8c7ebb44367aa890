/**
 * Cutting large TCP frames into segments as they leave the host (software GSO), and computing the
 * checksums that a sender left open. What the wire shows of it: identifications that count up,
 * PSH and FIN only on the last segment, CWR only on the first.
 *
 * Kernel: net/ipv4/tcp_offload.c (tcp_gso_segment), net/ipv4/af_inet.c (inet_gso_segment),
 * net/core/dev.c (skb_checksum_help), 6.18.
 */
import { ByteWindow, copySmall } from "../wire/copy.ts";
import { ETHERNET_SIZE } from "../wire/ethernet.ts";
import { type Frame, FrameStorage } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import * as udp from "../wire/udp.ts";

/** Flags that only the last segment keeps. */
const LAST_ONLY = tcp.FLAG_FIN | tcp.FLAG_PSH;

/** Computes the transport checksum of a frame whose Ethernet header is at `start`. @hot */
export function completeChecksum(frame: Frame): void {
  completeTransportChecksum(frame, frame.start + ETHERNET_SIZE);
}

/** Computes the transport checksum of a frame whose IPv4 header is at `l3`. @hot */
export function completeTransportChecksum(frame: Frame, l3: number): void {
  frame.checksumPending = false;
  frame.checksumVerified = true;
  const { view } = frame;
  const l4 = l3 + ipv4.headerSize(view, l3);
  const source = ipv4.source(view, l3);
  const destination = ipv4.destination(view, l3);
  const protocol = ipv4.protocol(view, l3);
  if (protocol === IPPROTO_TCP) tcp.finishSegment(view, l4, frame.end, source, destination);
  else if (protocol === IPPROTO_UDP) udp.finishDatagram(view, l4, source, destination);
}

/** Cuts one large frame at a time; one for each device. */
export class Segmenter {
  #frame: Frame | null = null;
  #payload: ByteWindow | null = null;
  #offset = 0;
  #index = 0;

  /** Begins with `frame`, whose Ethernet header is at `start`; borrows it until `next` is null. */
  begin(frame: Frame): void {
    this.#frame = frame;
    this.#payload = frame.payload === null ? null : new ByteWindow(frame.payload);
    this.#offset = 0;
    this.#index = 0;
  }

  /** The next segment, which the caller owns, or null. @hot */
  next(): Frame | null {
    const whole = this.#frame;
    const payload = this.#payload;
    if (whole === null || payload === null || this.#offset >= whole.payloadLength) {
      this.#frame = null;
      this.#payload = null;
      return null;
    }
    const length = Math.min(whole.gsoSize, whole.payloadLength - this.#offset);
    const segment = this.#withPayload(whole, payload, this.#offset, length);
    const { view } = segment;
    const l3 = segment.start + ETHERNET_SIZE;
    const l4 = l3 + ipv4.headerSize(view, l3);
    const last = this.#offset + length === whole.payloadLength;
    const first = this.#offset === 0;
    let flags = tcp.flags(view, l4);
    if (!last) flags &= ~LAST_ONLY;
    if (!first) flags &= ~tcp.FLAG_CWR;
    tcp.setSequenceAndFlags(view, l4, (tcp.sequence(view, l4) + this.#offset) | 0, flags);
    const id = (ipv4.id(view, l3) + this.#index) & 0xffff;
    ipv4.setFragment(view, l3, segment.end - l3, id, ipv4.fragment(view, l3));
    ipv4.finishHeader(view, l3);
    completeChecksum(segment);
    segment.storage = FrameStorage.CUT;
    this.#offset += length;
    this.#index += 1;
    return segment;
  }

  /** The frame with its payload behind its headers, for a device that takes it uncut. */
  linearise(frame: Frame): Frame {
    if (frame.payload === null) {
      if (frame.checksumPending) completeChecksum(frame);
      return frame;
    }
    const payload = new ByteWindow(frame.payload);
    const whole = this.#withPayload(frame, payload, 0, frame.payloadLength);
    whole.packetId = frame.packetId;
    whole.gsoSize = frame.gsoSize;
    if (frame.protocol === ETHERTYPE_IPV4) completeChecksum(whole);
    frame.deliver();
    return whole;
  }

  #withPayload(whole: Frame, payload: ByteWindow, offset: number, length: number): Frame {
    const headers = whole.end - whole.start;
    const segment = whole.pool.take(whole.end + length);
    copySmall(whole.view, whole.start, segment.view, whole.start, headers);
    segment.start = whole.start;
    segment.l2 = whole.start;
    segment.l3 = whole.l3;
    segment.l4 = whole.l4;
    segment.end = whole.start + headers + length;
    const from = whole.payloadAt + offset;
    segment.bytes.set(payload.at(from, from + length), whole.end);
    segment.copyMetadata(whole);
    segment.gsoSize = 0;
    segment.packetId = whole.pool.nextPacketId();
    return segment;
  }
}

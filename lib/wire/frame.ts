/**
 * A frame: the bytes that travel, and what the kernel keeps beside them in an `sk_buff`. It stays
 * bytes for its whole life; fields are read at offsets when they are needed.
 *
 *     0            start          l3           l4                 end       capacity
 *     +--------------+------------+------------+-------------------+------------+
 *     |   headroom   |  Ethernet  |    IPv4    |  TCP and payload  |  tailroom  |
 *     +--------------+------------+------------+-------------------+------------+
 *
 * Positions are absolute in the frame's memory. `start` moves down when a header is put in front
 * and up when one is taken off, so the same memory serves from the socket to the last capture.
 *
 * Large sends: TCP hands down one frame for many segments (GSO). Then the memory holds headers
 * only, the payload stays in the sender's buffer (`payload`), and the device cuts segments of
 * `gsoSize` bytes when the frame leaves the host. Checksums of locally made segments are computed
 * at that moment as well (`checksumPending`), as Linux does without hardware offloads.
 *
 * Ownership: whoever passes a frame to `transmit`, `receive` or an output function gives it away.
 * Each branch ends in `deliver`, `drop` or passing it on; only the first two return it to its pool.
 *
 * Kernel: include/linux/skbuff.h, 6.18.
 */
import { assert } from "../base/assert.ts";
import type { SoftirqWork } from "../sim/cpu.ts";
import type { DropCounters, DropReason } from "../sim/drop-reason.ts";
import { ByteWindow } from "./copy.ts";
import type { FramePool } from "./frame-pool.ts";

/** Room for headers in front of a payload: Ethernet, outer headers of an overlay, IPv4, TCP. */
export const HEADROOM = 128;

/** To whom an Ethernet frame is addressed, as `eth_type_trans` decides. */
export const PacketType = {
  HOST: 0,
  BROADCAST: 1,
  MULTICAST: 2,
  OTHERHOST: 3,
  OUTGOING: 4,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** How a frame's memory is laid out. */
export const FrameStorage = {
  /** Headers in the head, payload in pages: what TCP made and nobody touched. */
  PAGED: 0,
  /** The same, its payload pulled into the head by a device without scatter-gather. */
  PULLED: 1,
  /** Cut from a larger frame into a head of its own. */
  CUT: 2,
  /** Written anew at the end of a line. */
  COPIED: 3,
} as const;
export type FrameStorage = (typeof FrameStorage)[keyof typeof FrameStorage];

/** Who takes a frame out of the backlog: the device at the other end of a veth, a bridge port. */
export interface FrameReceiver {
  /** Takes the frame, in softirq context. */
  receive(frame: Frame): void;
}

/** What other rooms hang on a frame; each has one class that extends this. */
export abstract class FrameAttachment {
  /** A copy of the frame was made that shares this (`skb_clone` takes a reference). */
  onCopy(): void {}
  /** The frame has ended. */
  onRelease(): void {}
}

/** One frame. Made and reused by a `FramePool` alone. */
export class Frame implements SoftirqWork {
  readonly pool: FramePool;
  /** The memory, all of it: use `start` and `end`. */
  readonly bytes: Buffer;
  readonly view: DataView;
  /** What captures copy of it. The next frame in this memory is mostly as long. */
  readonly captured: ByteWindow;
  /** What its reader copies of it. */
  readonly read: ByteWindow;
  /** First byte of the outermost header that is there now. */
  start = 0;
  /** One after the last byte. */
  end = 0;
  /** Position of the Ethernet header (`mac_header`). */
  l2 = 0;
  /** Position of the network header. */
  l3 = 0;
  /** Position of the transport header. */
  l4 = 0;

  /** Who receives it when the backlog comes to it. */
  receiver: FrameReceiver | null = null;
  /** EtherType (`skb->protocol`). */
  protocol = 0;
  packetType: PacketType = PacketType.HOST;
  /** Netfilter's mark. */
  mark = 0;
  /** Traffic class, as CLASSIFY and tos set it. */
  priority = 0;
  /** Conntrack's entry, direction and state (`skb->_nfct`). */
  conntrack: FrameAttachment | null = null;
  conntrackInfo = 0;
  /** The route that was decided for it (`skb_dst`). */
  route: FrameAttachment | null = null;
  /** The socket that sent it, for the owner match and for errors (`skb->sk`). */
  socket: FrameAttachment | null = null;
  /** What a bridge's netfilter hooks keep about it (`nf_bridge`). */
  bridge: FrameAttachment | null = null;
  /** Index of the device by which it came in (`skb_iif`), or 0. */
  inputIndex = 0;
  /** The same number on every hop of a packet, and on its copies. */
  packetId = 0;
  /** TRACE matched. */
  traced = false;
  /** May be fragmented though DF is set (`ignore_df`). */
  ignoreDf = false;
  /** What IPv4 keeps about it on its way through a host (`IPCB(skb)->flags`); that room's bits. */
  ipFlags = 0;
  /** Size of the largest DF fragment that it was put together from (`frag_max_size`), or 0. */
  fragmentMaxSize = 0;
  /** Payload sizes of the fragments that it was put together from, in order; they leave alike. */
  fragmentSizes: readonly number[] | null = null;
  /**
   * Its sender has heard from the other end, so whoever is next on the way there is alive
   * (`dst_pending_confirm`): for its own host, and for all that it passes on one machine.
   */
  confirmsNeighbour = false;
  /** Its transport checksum is still to be computed, by the device that sends it. */
  checksumPending = false;
  /** Nobody has changed it since its checksums were computed or checked. */
  checksumVerified = false;
  /** How its memory is laid out, which decides what a receiver is charged. */
  storage: FrameStorage = FrameStorage.PAGED;
  /** Payload bytes of each segment to be cut, or 0. */
  gsoSize = 0;
  /** Payload of a frame that is still to be cut; null if all bytes are in `bytes`. */
  payload: Buffer | null = null;
  payloadAt = 0;
  payloadLength = 0;
  /** Free or in use: finds use after release. */
  inUse = false;
  /**
   * Where a capture journal has its bytes already: in which memory, at which position, and the ports
   * that it passed with them, a bit each. Null for a new frame, and once a line has damaged it; what
   * hosts change is headers, which the journal compares.
   */
  recordedIn: Uint8Array | null = null;
  recordedAt = 0;
  recordedPorts = 0;

  constructor(pool: FramePool, bytes: Buffer) {
    this.pool = pool;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.captured = new ByteWindow(bytes);
    this.read = new ByteWindow(bytes);
  }

  /** Bytes from `start` to the end, payload that is still elsewhere included. @hot */
  get length(): number {
    return this.end - this.start + this.payloadLength;
  }

  /** Puts `size` bytes in front; returns the new start. @hot */
  push(size: number): number {
    this.start -= size;
    assert(this.start >= 0, "frame has no headroom left");
    return this.start;
  }

  /** Takes `size` bytes off the front; returns the new start. @hot */
  pull(size: number): number {
    this.start += size;
    return this.start;
  }

  /** Cuts padding off, so that the frame ends at `end`. @hot */
  trim(end: number): void {
    if (end < this.end) this.end = end;
  }

  /** The backlog has come to it. */
  softirq(): void {
    const receiver = this.receiver;
    assert(receiver !== null, "a frame in the backlog has no receiver");
    this.receiver = null;
    receiver.receive(this);
  }

  /** The end of a frame whose content has reached its destination. @hot */
  deliver(): void {
    this.pool.release(this);
  }

  /** The end of a frame that goes nowhere, counted in `counters` under its cause. */
  drop(reason: DropReason, counters: DropCounters): void {
    counters.count(reason);
    this.pool.release(this);
  }

  /**
   * A copy with the same bytes, headers that were taken off in front included, and the same marks,
   * route and conntrack entry (`skb_copy`). The caller owns it.
   */
  copy(): Frame {
    const copy = this.pool.take(this.bytes.length);
    const from = Math.min(this.l2, this.start);
    this.bytes.copy(copy.bytes, from, from, this.end);
    copy.start = this.start;
    copy.end = this.end;
    copy.l2 = this.l2;
    copy.l3 = this.l3;
    copy.l4 = this.l4;
    copy.payload = this.payload;
    copy.payloadAt = this.payloadAt;
    copy.payloadLength = this.payloadLength;
    copy.copyMetadata(this);
    return copy;
  }

  /** Takes over all that is not bytes from `other`, as segments and fragments do. */
  copyMetadata(other: Frame): void {
    this.protocol = other.protocol;
    this.packetType = other.packetType;
    this.mark = other.mark;
    this.priority = other.priority;
    this.attach(other.conntrack, other.conntrackInfo);
    this.route = other.route;
    this.socket = other.socket;
    this.bridge = other.bridge;
    other.route?.onCopy();
    other.socket?.onCopy();
    other.bridge?.onCopy();
    this.inputIndex = other.inputIndex;
    this.packetId = other.packetId;
    this.traced = other.traced;
    this.ignoreDf = other.ignoreDf;
    this.ipFlags = other.ipFlags;
    this.fragmentMaxSize = other.fragmentMaxSize;
    this.fragmentSizes = other.fragmentSizes;
    this.confirmsNeighbour = other.confirmsNeighbour;
    this.checksumPending = other.checksumPending;
    this.checksumVerified = other.checksumVerified;
    this.gsoSize = other.gsoSize;
    this.storage = other.storage;
  }

  /** Hangs a conntrack entry on the frame, in place of any other. */
  attach(entry: FrameAttachment | null, info: number): void {
    entry?.onCopy();
    this.conntrack?.onRelease();
    this.conntrack = entry;
    this.conntrackInfo = info;
  }

  /**
   * Takes off all that belongs to the host it leaves, when it crosses into another one
   * (`skb_scrub_packet`): mark, conntrack, route, socket. @hot
   */
  scrub(): void {
    if (this.conntrack !== null) this.attach(null, 0);
    this.route?.onRelease();
    this.socket?.onRelease();
    this.bridge?.onRelease();
    this.route = null;
    this.socket = null;
    this.bridge = null;
    this.conntrackInfo = 0;
    this.mark = 0;
    this.priority = 0;
    this.inputIndex = 0;
    this.traced = false;
    this.ignoreDf = false;
    this.ipFlags = 0;
    this.fragmentMaxSize = 0;
    this.fragmentSizes = null;
    this.packetType = PacketType.HOST;
  }
}

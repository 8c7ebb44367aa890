/**
 * Where frames come from and go back to. Memory is cut from slabs in three size classes; a frame
 * is reused as soon as it is released, so a run needs as much memory as its fullest moment.
 *
 * In specs the pool poisons what is released (0xdb) and checks that nobody releases twice.
 */
import { assert } from "../base/assert.ts";
import { Frame, FrameStorage, HEADROOM, PacketType } from "./frame.ts";

/** MTU 1500, MTU 9000, and the loopback's 65536, each with headroom. */
const SIZE_CLASSES = [2048, 16 * 1024, 72 * 1024];
/** Frames cut at a time from one slab, by class. */
const SLAB_FRAMES = [64, 8, 2];
const POISON = 0xdb;

/** A pool of frames; one for each run. */
export class FramePool {
  /** Frames that were taken and not yet released. */
  outstanding = 0;
  /** The number of the packet that was made last. */
  lastPacketId = 0;
  readonly #poison: boolean;
  readonly #free: Frame[][] = SIZE_CLASSES.map(() => []);

  constructor(options: { readonly poison?: boolean } = {}) {
    this.#poison = options.poison === true;
  }

  /** A frame of at least `capacity` bytes, empty, in the state of a new one. @hot */
  take(capacity: number): Frame {
    const sizeClass = capacity <= 2048 ? 0 : capacity <= 16 * 1024 ? 1 : 2;
    const free = this.#free[sizeClass];
    assert(free !== undefined && capacity <= 72 * 1024, `no frame holds ${capacity} bytes`);
    if (free.length === 0) this.#cutSlab(sizeClass, free);
    const frame = free.pop();
    assert(frame !== undefined, "the pool has no frame");
    frame.inUse = true;
    frame.recordedIn = null;
    this.outstanding += 1;
    return frame;
  }

  /**
   * A frame for a packet that a host makes: room for `payloadLength` bytes behind the headroom,
   * `start` and `end` set around them, a packet id of its own. @hot
   */
  takeForPayload(payloadLength: number): Frame {
    const frame = this.take(HEADROOM + payloadLength);
    frame.start = HEADROOM;
    frame.end = HEADROOM + payloadLength;
    frame.packetId = this.nextPacketId();
    return frame;
  }

  /** A frame that holds a copy of `bytes` from its Ethernet header on. */
  takeFrom(bytes: Uint8Array): Frame {
    const frame = this.takeForPayload(bytes.length);
    frame.bytes.set(bytes, frame.start);
    frame.l2 = frame.start;
    return frame;
  }

  nextPacketId(): number {
    this.lastPacketId += 1;
    return this.lastPacketId;
  }

  /** Takes a frame back; `Frame.deliver` and `Frame.drop` are the only callers. @hot */
  release(frame: Frame): void {
    assert(frame.inUse, "a frame is released twice");
    frame.scrub();
    frame.inUse = false;
    frame.receiver = null;
    frame.packetType = PacketType.HOST;
    frame.confirmsNeighbour = false;
    frame.checksumPending = false;
    frame.checksumVerified = false;
    frame.gsoSize = 0;
    frame.storage = FrameStorage.PAGED;
    frame.payload = null;
    frame.payloadLength = 0;
    frame.protocol = 0;
    this.outstanding -= 1;
    if (this.#poison) frame.bytes.fill(POISON);
    const size = frame.bytes.length;
    this.#free[size === 2048 ? 0 : size === 16 * 1024 ? 1 : 2]?.push(frame);
  }

  #cutSlab(sizeClass: number, free: Frame[]): void {
    const size = SIZE_CLASSES[sizeClass] ?? 0;
    const count = SLAB_FRAMES[sizeClass] ?? 0;
    const slab = Buffer.alloc(size * count);
    for (let index = count - 1; index >= 0; index -= 1) {
      free.push(new Frame(this, slab.subarray(index * size, (index + 1) * size)));
    }
  }
}

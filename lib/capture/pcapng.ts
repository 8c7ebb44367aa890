/**
 * Writes pcapng: one section, an interface description for each device, an enhanced packet block
 * for each frame, and statistics at the end. Times are nanoseconds since the start of the run;
 * the wall clock is in `if_tsoffset`, so a time always fits a Number.
 *
 * Every frame carries its direction (epb_flags) and the number of its packet (epb_packetid), which
 * is the same on every hop; a comment where somebody explains it. Neither verdicts nor custom
 * blocks are written: editcap 4.0 damages the first, tshark shows the second as packets.
 *
 * Spec: draft-ietf-opsawg-pcapng §4.1 (section header), §4.2 (interface description),
 * §4.3 (enhanced packet), §4.6 (interface statistics).
 */
import { utf8 } from "../base/bytes.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";
import { type Capture, DEFAULT_SNAP_LENGTH, LINKTYPE_ETHERNET } from "./capture.ts";
import * as format from "./pcapng-format.ts";
import { padded } from "./pcapng-format.ts";
import { type ByteSink, ChunkedOutput, type FrameBytes, frameBytes, MemorySink } from "./sink.ts";
import type { Direction, FrameTap } from "./tap.ts";

/** Name of the program in the section header; without a version, so that goldens stay. */
const APPLICATION = "vethwork";
const NANOSECONDS = 9;
const TWO_32 = 2 ** 32;

/** Flags (4 + 4), packet id (4 + 8) and the end of options (4). */
const PACKET_OPTIONS_SIZE = 24;
const PACKET_HEADER_SIZE = 8 + format.ENHANCED_BODY_SIZE;
const NO_COMMENT = new Uint8Array(0);

/** How a pcapng file is written. */
export interface PcapngOptions {
  /** Longer frames are cut to this many bytes. */
  readonly snapLength?: number;
  /** Wall-clock time of the start of the run, in whole seconds since 1970. */
  readonly epochSeconds?: number;
  /** Size of the pieces in which a sink gets the file. */
  readonly chunkBytes?: number;
}

/**
 * Writes one pcapng file. Interfaces may be added at any time; frames are written in the order of
 * the calls, which is the order of time, since all devices of a run share one clock.
 */
export class PcapngWriter {
  readonly #output: ChunkedOutput;
  readonly #snapLength: number;
  readonly #epochSeconds: number;
  readonly #received: number[] = [];
  #lastTime: Ns = 0;

  constructor(sink: ByteSink, options: PcapngOptions = {}) {
    this.#snapLength = options.snapLength ?? DEFAULT_SNAP_LENGTH;
    this.#epochSeconds = options.epochSeconds ?? 0;
    this.#output = new ChunkedOutput(sink, options.chunkBytes);
    this.#writeSectionHeader();
  }

  /** Describes one more interface; returns its index. */
  addInterface(name: string): number {
    const index = this.#received.push(0) - 1;
    const options = new OptionBytes();
    options.add(format.OPTION_IF_NAME, utf8(name));
    options.add(format.OPTION_IF_TSRESOL, Uint8Array.of(NANOSECONDS));
    options.add(format.OPTION_IF_TSOFFSET, word64(this.#epochSeconds));
    const body = this.#block(format.BLOCK_INTERFACE, format.INTERFACE_BODY_SIZE, options);
    const view = this.#output.view;
    view.setUint16(body, LINKTYPE_ETHERNET, true);
    view.setUint16(body + 2, 0, true);
    view.setUint32(body + 4, this.#snapLength, true);
    return index;
  }

  /** One more interface as a tap for its device. */
  tap(name: string): FrameTap {
    return new InterfaceTap(this, this.addInterface(name));
  }

  /**
   * Adds a frame that passed interface `index` at time `at` (ns since the start of the run).
   * Direction and packet id may be 0: unknown. @hot
   */
  packet(
    index: number,
    frame: FrameBytes,
    at: Ns,
    direction: Direction | 0,
    originalLength: number = frame.end - frame.l2,
    comment: Uint8Array = NO_COMMENT,
  ): void {
    const kept = Math.min(frame.end - frame.l2, this.#snapLength);
    const room = padded(kept);
    const commentSize = comment.length === 0 ? 0 : 4 + padded(comment.length);
    const size = PACKET_HEADER_SIZE + room + commentSize + PACKET_OPTIONS_SIZE + 4;
    const output = this.#output;
    const block = output.reserve(size);
    const view = output.view;
    const high = Math.floor(at / TWO_32);
    const idHigh = Math.floor(frame.packetId / TWO_32);
    view.setUint32(block, format.BLOCK_ENHANCED_PACKET, true);
    view.setUint32(block + 4, size, true);
    view.setUint32(block + 8, index, true);
    view.setUint32(block + 12, high, true);
    view.setUint32(block + 16, at - high * TWO_32, true);
    view.setUint32(block + 20, kept, true);
    view.setUint32(block + 24, originalLength, true);
    let position = block + PACKET_HEADER_SIZE + room;
    // The padding is zeroed first, as part of the last word; the frame then overwrites the rest.
    if (room > kept) view.setUint32(position - 4, 0);
    output.copy(frame, kept, block + PACKET_HEADER_SIZE);
    if (commentSize > 0) position = this.#writeComment(position, comment);
    view.setUint32(position, format.OPTION_EPB_FLAGS | (4 << 16), true);
    view.setUint32(position + 4, direction, true);
    view.setUint32(position + 8, format.OPTION_EPB_PACKETID | (8 << 16), true);
    view.setUint32(position + 12, frame.packetId - idHigh * TWO_32, true);
    view.setUint32(position + 16, idHigh, true);
    view.setUint32(position + 20, format.OPTION_END, true);
    view.setUint32(position + 24, size, true);
    this.#received[index] = (this.#received[index] ?? 0) + 1;
    this.#lastTime = at;
  }

  /** Hands on what has been written so far, so that a reader at the other end sees it. */
  flush(): void {
    this.#output.flush();
  }

  /** Writes the statistics of each interface and hands everything on. Nothing may follow. */
  finish(): void {
    for (let index = 0; index < this.#received.length; index += 1) this.#writeStatistics(index);
    this.flush();
  }

  #writeSectionHeader(): void {
    const options = new OptionBytes();
    options.add(format.OPTION_USER_APPLICATION, utf8(APPLICATION));
    const body = this.#block(format.BLOCK_SECTION_HEADER, format.SECTION_BODY_SIZE, options);
    const view = this.#output.view;
    view.setUint32(body, format.BYTE_ORDER_MAGIC, true);
    view.setUint16(body + 4, 1, true);
    view.setUint16(body + 6, 0, true);
    // Length of the section: not known while it is being written (-1).
    view.setInt32(body + 8, -1);
    view.setInt32(body + 12, -1);
  }

  #writeStatistics(index: number): void {
    const options = new OptionBytes();
    options.add(format.OPTION_ISB_STARTTIME, time64(0));
    options.add(format.OPTION_ISB_ENDTIME, time64(this.#lastTime));
    options.add(format.OPTION_ISB_IFRECV, word64(this.#received[index] ?? 0));
    options.add(format.OPTION_ISB_IFDROP, word64(0));
    const body = this.#block(
      format.BLOCK_INTERFACE_STATISTICS,
      format.STATISTICS_BODY_SIZE,
      options,
    );
    const view = this.#output.view;
    view.setUint32(body, index, true);
    this.#output.bytes.set(time64(this.#lastTime), body + 4);
  }

  /** A block with room for `bodySize` bytes in front of its options; returns the body's position. */
  #block(type: number, bodySize: number, options: OptionBytes): number {
    const encoded = options.finish();
    const size = format.BLOCK_OVERHEAD + bodySize + encoded.length;
    const at = this.#output.reserve(size);
    const { view, bytes } = this.#output;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, size, true);
    bytes.set(encoded, at + 8 + bodySize);
    view.setUint32(at + size - 4, size, true);
    return at + 8;
  }

  #writeComment(at: number, comment: Uint8Array): number {
    const { view, bytes } = this.#output;
    const end = at + 4 + padded(comment.length);
    view.setUint32(at, format.OPTION_COMMENT | (comment.length << 16), true);
    bytes.fill(0, at + 4, end);
    bytes.set(comment, at + 4);
    return end;
  }
}

/** A pcapng file of a capture. Times before `epochSeconds` are not writable. */
export function writePcapng(capture: Capture, options: PcapngOptions = {}): Uint8Array {
  const sink = new MemorySink();
  const writer = new PcapngWriter(sink, options);
  const epochSeconds = options.epochSeconds ?? 0;
  for (const { name } of capture.interfaces) writer.addInterface(name);
  for (const frame of capture.frames) {
    writer.packet(
      frame.interfaceIndex,
      frameBytes(frame.bytes, frame.packetId),
      (frame.seconds - epochSeconds) * NS_PER_S + frame.nanoseconds,
      frame.direction,
      frame.originalLength,
      utf8(frame.comment),
    );
  }
  writer.finish();
  return sink.bytes();
}

/** Feeds one interface of a merged file. */
class InterfaceTap implements FrameTap {
  readonly #writer: PcapngWriter;
  readonly #index: number;

  constructor(writer: PcapngWriter, index: number) {
    this.#writer = writer;
    this.#index = index;
  }

  /** Copies a passing frame into the file. @hot */
  frame(frame: Frame, direction: Direction, at: Ns): void {
    this.#writer.packet(this.#index, frame, at, direction);
  }
}

/** Options of a block that is written rarely. */
class OptionBytes {
  readonly #bytes: number[] = [];

  add(code: number, value: Uint8Array): void {
    this.#bytes.push(code & 255, code >>> 8, value.length & 255, value.length >>> 8, ...value);
    while (this.#bytes.length % 4 !== 0) this.#bytes.push(0);
  }

  finish(): Uint8Array {
    this.add(format.OPTION_END, new Uint8Array(0));
    return Uint8Array.from(this.#bytes);
  }
}

/** A 64-bit number, least significant byte first. */
function word64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value % TWO_32, 0);
  bytes.writeUInt32LE(Math.floor(value / TWO_32), 4);
  return bytes;
}

/** A time as pcapng has it: the upper 32 bits first, each half in the order of the section. */
function time64(value: Ns): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Math.floor(value / TWO_32), 0);
  bytes.writeUInt32LE(value % TWO_32, 4);
  return bytes;
}

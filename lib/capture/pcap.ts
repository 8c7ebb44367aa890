/**
 * The classic pcap format: one header, then records.
 *
 *     +---------------------------------------------------------------+
 *     |                     Magic Number                              |
 *     +-------------------------------+-------------------------------+
 *     |      Major Version (2)        |      Minor Version (4)        |
 *     +-------------------------------+-------------------------------+
 *     |              Reserved (time zone), Reserved (accuracy)        |
 *     +---------------------------------------------------------------+
 *     |                     SnapLen, LinkType                         |
 *     +---------------------------------------------------------------+
 *     then for each frame: seconds, micro- or nanoseconds, captured length, original length, bytes
 *
 * Written and read in both byte orders and both units.
 *
 * Spec: draft-ietf-opsawg-pcap §4, §5 (magic a1b2c3d4 for microseconds, a1b23c4d for nanoseconds).
 */
import { NS_PER_S, NS_PER_US, type Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";
import {
  type Capture,
  type CapturedFrame,
  DEFAULT_SNAP_LENGTH,
  damaged,
  LINKTYPE_ETHERNET,
} from "./capture.ts";
import { type ByteSink, ChunkedOutput, type FrameBytes, frameBytes, MemorySink } from "./sink.ts";
import type { Direction, FrameTap } from "./tap.ts";

const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;
const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;

const HEADER_SIZE = 24;
/** Seconds, fraction, captured and original length, 32 bits each. */
export const PCAP_RECORD_HEADER_SIZE = 16;
const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;
/** No frame is larger: a length above it is damage (libpcap's MAXIMUM_SNAPLEN). */
export const MAXIMUM_FRAME_LENGTH = 262144;

/** How a pcap file is written. */
export interface PcapOptions {
  /** Unit of the fractions of a second; nanoseconds unless said otherwise. */
  readonly precision?: "microseconds" | "nanoseconds";
  /** Little unless said otherwise; readers take both. */
  readonly byteOrder?: "little" | "big";
  /** Longer frames are cut to this many bytes. */
  readonly snapLength?: number;
  /** Wall-clock time of the start of the run, in whole seconds since 1970. */
  readonly epochSeconds?: number;
  /** Size of the pieces in which a sink gets the file. */
  readonly chunkBytes?: number;
}

/** Writes the frames that pass one device. */
export class PcapWriter implements FrameTap {
  readonly #output: ChunkedOutput;
  readonly #nsPerTick: number;
  readonly #little: boolean;
  readonly #snapLength: number;
  readonly #epochSeconds: number;

  constructor(sink: ByteSink, options: PcapOptions = {}) {
    const micro = options.precision === "microseconds";
    this.#nsPerTick = micro ? NS_PER_US : 1;
    this.#little = options.byteOrder !== "big";
    this.#snapLength = options.snapLength ?? DEFAULT_SNAP_LENGTH;
    this.#epochSeconds = options.epochSeconds ?? 0;
    this.#output = new ChunkedOutput(sink, options.chunkBytes);
    this.#output.bytes.set(pcapHeader(options), this.#output.reserve(HEADER_SIZE));
  }

  /** Copies a passing frame into the file. @hot */
  frame(frame: Frame, _direction: Direction, at: Ns): void {
    const seconds = Math.floor(at / NS_PER_S);
    this.record(this.#epochSeconds + seconds, at - seconds * NS_PER_S, frame, frame.end - frame.l2);
  }

  /** Adds one record at a time of the wall clock. @hot */
  record(seconds: number, nanoseconds: number, frame: FrameBytes, originalLength: number): void {
    const kept = Math.min(frame.end - frame.l2, this.#snapLength);
    const output = this.#output;
    const at = output.reserve(PCAP_RECORD_HEADER_SIZE + kept);
    const view = output.view;
    view.setUint32(at, seconds, this.#little);
    view.setUint32(at + 4, Math.floor(nanoseconds / this.#nsPerTick), this.#little);
    view.setUint32(at + 8, kept, this.#little);
    view.setUint32(at + 12, originalLength, this.#little);
    output.copy(frame, kept, at + PCAP_RECORD_HEADER_SIZE);
  }

  /** Hands on what has been written so far; at the end of a run it must be called. */
  flush(): void {
    this.#output.flush();
  }
}

/** How a pcap file of Ethernet frames begins. */
export function pcapHeader(options: PcapOptions = {}): Uint8Array {
  const micro = options.precision === "microseconds";
  const little = options.byteOrder !== "big";
  const view = new DataView(new ArrayBuffer(HEADER_SIZE));
  view.setUint32(0, micro ? PCAP_MAGIC_MICROSECONDS : PCAP_MAGIC_NANOSECONDS, little);
  view.setUint16(4, VERSION_MAJOR, little);
  view.setUint16(6, VERSION_MINOR, little);
  view.setUint32(16, options.snapLength ?? DEFAULT_SNAP_LENGTH, little);
  view.setUint32(20, LINKTYPE_ETHERNET, little);
  return new Uint8Array(view.buffer);
}

/** Whether `bytes` begin as a pcap file, in either byte order. */
export function isPcap(bytes: Buffer): boolean {
  return bytes.length >= 4 && byteOrderOf(bytes) !== null;
}

/** Reads a pcap file. The frames alias `bytes`. Throws `VW_CAPTURE`; `file` names it in errors. */
export function readPcap(bytes: Buffer, file: string): Capture {
  const order = bytes.length >= 4 ? byteOrderOf(bytes) : null;
  if (order === null) throw damaged(file, 0, "the magic number is not pcap's", MAGIC_HINT);
  if (bytes.length < HEADER_SIZE) {
    throw damaged(
      file,
      bytes.length,
      "the file ends within its header",
      `a pcap header has ${HEADER_SIZE} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { little, nsPerTick } = order;
  const major = view.getUint16(4, little);
  if (major !== VERSION_MAJOR) {
    throw damaged(file, 4, `pcap version ${major}`, `version ${VERSION_MAJOR} is readable`);
  }
  // The upper bits say whether frames end in a check sequence (FCS); the lower 16 the link type.
  const linkType = view.getUint32(20, little) & 0xffff;
  checkLinkType(file, 20, linkType);
  const frames: CapturedFrame[] = [];
  for (let at = HEADER_SIZE; at < bytes.length; ) {
    const frame = readRecord(bytes, view, at, order.little, nsPerTick, file);
    frames.push(frame);
    at += PCAP_RECORD_HEADER_SIZE + frame.bytes.length;
  }
  return { interfaces: [{ name: "", snapLength: view.getUint32(16, little) }], frames };
}

/** A pcap file of the frames of one interface; what pcap cannot say (name, direction) is lost. */
export function writePcap(frames: readonly CapturedFrame[], options: PcapOptions = {}): Uint8Array {
  const sink = new MemorySink();
  const writer = new PcapWriter(sink, options);
  for (const { seconds, nanoseconds, bytes, originalLength } of frames) {
    writer.record(seconds, nanoseconds, frameBytes(bytes), originalLength);
  }
  writer.flush();
  return sink.bytes();
}

/** Refuses what is not Ethernet. */
export function checkLinkType(file: string, offset: number, linkType: number): void {
  if (linkType !== LINKTYPE_ETHERNET) {
    throw damaged(file, offset, `link type ${linkType}`, "only Ethernet (1) is readable");
  }
}

const MAGIC_HINT = "a pcap file begins with a1b2c3d4 or a1b23c4d, in either byte order";

interface ByteOrder {
  readonly little: boolean;
  readonly nsPerTick: number;
}

function byteOrderOf(bytes: Buffer): ByteOrder | null {
  for (const little of [true, false]) {
    const magic = little ? bytes.readUInt32LE(0) : bytes.readUInt32BE(0);
    if (magic === PCAP_MAGIC_MICROSECONDS) return { little, nsPerTick: NS_PER_US };
    if (magic === PCAP_MAGIC_NANOSECONDS) return { little, nsPerTick: 1 };
  }
  return null;
}

function readRecord(
  bytes: Buffer,
  view: DataView,
  at: number,
  little: boolean,
  nsPerTick: number,
  file: string,
): CapturedFrame {
  if (bytes.length - at < PCAP_RECORD_HEADER_SIZE) {
    throw damaged(
      file,
      at,
      `the file ends within a record header (${bytes.length - at} bytes)`,
      `a record header has ${PCAP_RECORD_HEADER_SIZE} bytes`,
    );
  }
  const nanoseconds = view.getUint32(at + 4, little) * nsPerTick;
  if (nanoseconds >= NS_PER_S) {
    throw damaged(file, at + 4, "a fraction of a second above one second", "below one second");
  }
  const length = view.getUint32(at + 8, little);
  if (length > MAXIMUM_FRAME_LENGTH) {
    throw damaged(file, at + 8, `a frame of ${length} bytes`, `at most ${MAXIMUM_FRAME_LENGTH}`);
  }
  const start = at + PCAP_RECORD_HEADER_SIZE;
  if (length > bytes.length - start) {
    const left = bytes.length - start;
    throw damaged(file, start, `the file ends within a frame (${left} bytes of ${length})`, "");
  }
  const originalLength = view.getUint32(at + 12, little);
  if (originalLength < length) {
    throw damaged(
      file,
      at + 12,
      `an original length of ${originalLength} bytes`,
      `at least the captured ${length}`,
    );
  }
  return {
    interfaceIndex: 0,
    seconds: view.getUint32(at, little),
    nanoseconds,
    bytes: bytes.subarray(start, start + length),
    originalLength,
    direction: 0,
    packetId: 0,
    comment: "",
  };
}

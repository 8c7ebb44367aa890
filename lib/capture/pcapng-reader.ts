/**
 * Reads pcapng files, those of vethwork and of any other writer: several sections, both byte
 * orders, any time resolution, enhanced and simple packet blocks. Blocks and options that it does
 * not know are skipped, as the format wants it. Damage is one error with the place in the file.
 *
 * Spec: draft-ietf-opsawg-pcapng §3, §4.
 */
import { fromUtf8 } from "../base/bytes.ts";
import { NS_PER_S } from "../base/units.ts";
import { type Capture, type CapturedFrame, type CaptureInterface, damaged } from "./capture.ts";
import { checkLinkType, MAXIMUM_FRAME_LENGTH } from "./pcap.ts";
import * as format from "./pcapng-format.ts";
import { padded } from "./pcapng-format.ts";
import type { Direction } from "./tap.ts";

/** Above this a block is not believed: 16 MiB, as in Wireshark. */
const MAXIMUM_BLOCK_LENGTH = 16 * 1024 * 1024;
const DEFAULT_TICKS_PER_SECOND = 1e6;
const TWO_32 = 2 ** 32;

/** Whether `bytes` begin as a pcapng file. */
export function isPcapng(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === format.BLOCK_SECTION_HEADER;
}

/** Reads a pcapng file. The frames alias `bytes`. Throws `VW_CAPTURE`; `file` names it in errors. */
export function readPcapng(bytes: Buffer, file: string): Capture {
  return new Reader(bytes, file).read();
}

/** What the frames of an interface need to know about it. */
interface Described {
  readonly index: number;
  readonly ticksPerSecond: number;
  readonly offsetSeconds: number;
  readonly snapLength: number;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #file: string;
  #little = true;
  readonly #interfaces: CaptureInterface[] = [];
  readonly #frames: CapturedFrame[] = [];
  /** Interfaces of the present section: their numbers start from 0 in each. */
  #described: Described[] = [];

  constructor(bytes: Buffer, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#file = file;
  }

  read(): Capture {
    if (!isPcapng(this.#bytes)) {
      throw this.#damaged(0, "the file does not begin with a section header", "0a0d0d0a");
    }
    for (let at = 0; at < this.#bytes.length; ) at = this.#block(at);
    return { interfaces: this.#interfaces, frames: this.#frames };
  }

  #block(at: number): number {
    const left = this.#bytes.length - at;
    if (left < format.BLOCK_OVERHEAD) {
      throw this.#damaged(at, `the file ends within a block (${left} bytes)`, "at least 12");
    }
    const isSection = this.#view.getUint32(at, true) === format.BLOCK_SECTION_HEADER;
    if (isSection) this.#beginSection(at);
    const type = this.#u32(at);
    const length = this.#u32(at + 4);
    if (length < format.BLOCK_OVERHEAD || length % 4 !== 0 || length > MAXIMUM_BLOCK_LENGTH) {
      const allowed = `a multiple of 4 from ${format.BLOCK_OVERHEAD} to ${MAXIMUM_BLOCK_LENGTH}`;
      throw this.#damaged(at + 4, `a block length of ${length}`, allowed);
    }
    if (length > left) {
      throw this.#damaged(at, `the file ends within a block (${left} bytes of ${length})`, "");
    }
    const end = at + length;
    if (this.#u32(end - 4) !== length) {
      const found = this.#u32(end - 4);
      throw this.#damaged(end - 4, `a block ends with length ${found}`, `it begins with ${length}`);
    }
    this.#body(type, at + 8, end - 4);
    return end;
  }

  #body(type: number, at: number, end: number): void {
    switch (type) {
      case format.BLOCK_SECTION_HEADER:
        this.#need(at, end, format.SECTION_BODY_SIZE, "section header");
        if (this.#u16(at + 4) !== 1) {
          throw this.#damaged(at + 4, `pcapng version ${this.#u16(at + 4)}`, "1 is readable");
        }
        return;
      case format.BLOCK_INTERFACE:
        this.#interface(at, end);
        return;
      case format.BLOCK_ENHANCED_PACKET:
        this.#enhancedPacket(at, end);
        return;
      case format.BLOCK_SIMPLE_PACKET:
        this.#simplePacket(at, end);
        return;
      default:
        return;
    }
  }

  #beginSection(at: number): void {
    const little = this.#view.getUint32(at + 8, true) === format.BYTE_ORDER_MAGIC;
    if (!little && this.#view.getUint32(at + 8) !== format.BYTE_ORDER_MAGIC) {
      throw this.#damaged(at + 8, "an unknown byte order", "1a2b3c4d in either order");
    }
    this.#little = little;
    this.#described = [];
  }

  #interface(at: number, end: number): void {
    this.#need(at, end, format.INTERFACE_BODY_SIZE, "interface description");
    checkLinkType(this.#file, at, this.#u16(at));
    let name = "";
    let ticksPerSecond = DEFAULT_TICKS_PER_SECOND;
    let offsetSeconds = 0;
    this.#options(at + format.INTERFACE_BODY_SIZE, end, (code, value, length) => {
      if (code === format.OPTION_IF_NAME) name = this.#text(value, length);
      if (code === format.OPTION_IF_TSRESOL && length === 1) ticksPerSecond = this.#ticks(value);
      if (code === format.OPTION_IF_TSOFFSET && length === 8) offsetSeconds = this.#s64(value);
    });
    const snapLength = this.#u32(at + 4);
    const index = this.#interfaces.push({ name, snapLength }) - 1;
    this.#described.push({ index, ticksPerSecond, offsetSeconds, snapLength });
  }

  #enhancedPacket(at: number, end: number): void {
    this.#need(at, end, format.ENHANCED_BODY_SIZE, "enhanced packet block");
    const described = this.#describedAs(at, this.#u32(at));
    const time = splitTime(this.#u32(at + 4), this.#u32(at + 8), described.ticksPerSecond);
    const captured = this.#u32(at + 12);
    const originalLength = this.#u32(at + 16);
    const start = at + format.ENHANCED_BODY_SIZE;
    this.#checkLength(at + 12, captured, end - start);
    let direction = 0;
    let packetId = 0;
    let comment = "";
    this.#options(start + padded(captured), end, (code, value, length) => {
      if (code === format.OPTION_EPB_FLAGS && length === 4) {
        direction = this.#u32(value) & format.FLAG_DIRECTION_MASK;
      }
      if (code === format.OPTION_EPB_PACKETID && length === 8) packetId = this.#u64(value);
      if (code === format.OPTION_COMMENT) {
        comment += `${comment === "" ? "" : "\n"}${this.#text(value, length)}`;
      }
    });
    this.#frames.push({
      interfaceIndex: described.index,
      seconds: time.seconds + described.offsetSeconds,
      nanoseconds: time.nanoseconds,
      bytes: this.#bytes.subarray(start, start + captured),
      originalLength: Math.max(originalLength, captured),
      direction: (direction === format.FLAG_DIRECTION_MASK ? 0 : direction) as Direction | 0,
      packetId,
      comment,
    });
  }

  /** A packet without time or interface: it belongs to the first one of its section. */
  #simplePacket(at: number, end: number): void {
    this.#need(at, end, 4, "simple packet block");
    const { index, snapLength } = this.#describedAs(at, 0);
    const originalLength = this.#u32(at);
    const captured = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
    this.#checkLength(at, captured, end - at - 4);
    this.#frames.push({
      interfaceIndex: index,
      seconds: 0,
      nanoseconds: 0,
      bytes: this.#bytes.subarray(at + 4, at + 4 + captured),
      originalLength,
      direction: 0,
      packetId: 0,
      comment: "",
    });
  }

  #options(
    from: number,
    end: number,
    take: (code: number, value: number, length: number) => void,
  ): void {
    for (let at = from; end - at >= 4; ) {
      const code = this.#u16(at);
      const length = this.#u16(at + 2);
      if (code === format.OPTION_END) return;
      if (length > end - at - 4) {
        throw this.#damaged(at, `an option of ${length} bytes`, `${end - at - 4} are left`);
      }
      take(code, at + 4, length);
      at += 4 + padded(length);
    }
  }

  #ticks(at: number): number {
    const byte = this.#view.getUint8(at);
    const exponent = byte & 0x7f;
    const ticks = byte >= 0x80 ? 2 ** exponent : 10 ** exponent;
    if (ticks > 1e12) throw this.#damaged(at, `a time resolution of ${ticks}/s`, "at most 10^12/s");
    return ticks;
  }

  #describedAs(at: number, index: number): Described {
    const described = this.#described[index];
    if (described === undefined) {
      const known = this.#described.length;
      throw this.#damaged(at, `a packet of interface ${index}`, `${known} are described before it`);
    }
    return described;
  }

  #checkLength(at: number, captured: number, room: number): void {
    if (captured > room || captured > MAXIMUM_FRAME_LENGTH) {
      const most = Math.min(room, MAXIMUM_FRAME_LENGTH);
      throw this.#damaged(at, `a frame of ${captured} bytes`, `at most ${most} here`);
    }
  }

  #need(at: number, end: number, size: number, what: string): void {
    if (end - at < size) {
      throw this.#damaged(at, `a ${what} of ${end - at} bytes`, `at least ${size}`);
    }
  }

  #damaged(offset: number, problem: string, hint: string) {
    return damaged(this.#file, offset, problem, hint);
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  #u64(at: number): number {
    const first = this.#u32(at);
    const second = this.#u32(at + 4);
    return this.#little ? second * TWO_32 + first : first * TWO_32 + second;
  }

  #s64(at: number): number {
    const high = this.#view.getInt32(this.#little ? at + 4 : at, this.#little);
    return high * TWO_32 + this.#u32(this.#little ? at : at + 4);
  }

  #text(at: number, length: number): string {
    return fromUtf8(this.#bytes.subarray(at, at + length)).replace(/\0+$/, "");
  }
}

/**
 * Seconds and nanoseconds of a 64-bit count of ticks: long division by bytes, since the count of
 * nanoseconds since 1970 does not fit a Number.
 */
function splitTime(high: number, low: number, ticksPerSecond: number) {
  let seconds = 0;
  let rest = 0;
  for (const word of [high, low]) {
    for (const shift of [24, 16, 8, 0]) {
      rest = rest * 256 + ((word >>> shift) & 255);
      const quotient = Math.floor(rest / ticksPerSecond);
      seconds = seconds * 256 + quotient;
      rest -= quotient * ticksPerSecond;
    }
  }
  // Exact for all decimal resolutions: either factor is a whole number.
  const nanoseconds =
    ticksPerSecond <= NS_PER_S
      ? Math.floor(rest * (NS_PER_S / ticksPerSecond))
      : Math.floor(rest / (ticksPerSecond / NS_PER_S));
  return { seconds, nanoseconds };
}

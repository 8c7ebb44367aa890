/**
 * The TCP header.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +-------------------------------+-------------------------------+
 *     |                        Sequence Number                        |
 *     +---------------------------------------------------------------+
 *     |                    Acknowledgment Number                      |
 *     +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
 *     | Offset| Res |A|C|E|U|A|P|R|S|F|            Window             |
 *     +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
 *     |           Checksum            |         Urgent Pointer        |
 *     +-------------------------------+-------------------------------+
 *
 * Spec: RFC 9293 §3.1, RFC 3168 §6.1 (ECE, CWR), RFC 9768 (AE).
 */
import { add, finish, pseudoHeaderSum, sum } from "./checksum.ts";
import { bits8, Header, u8, u16, u32 } from "./layout.ts";
import { IPPROTO_TCP } from "./protocol-numbers.ts";

export const TCP = new Header("tcp", [
  u16("sourcePort"),
  u16("destinationPort"),
  u32("sequence"),
  u32("acknowledgment"),
  bits8(["dataOffset", 4], ["reserved", 3], ["ae", 1]),
  u8("flags"),
  u16("window"),
  u16("checksum"),
  u16("urgentPointer"),
]);

/** Size without options. */
export const TCP_SIZE = TCP.size;
export const TCP_MAX_SIZE = 60;

export const FLAG_FIN = 0x01;
export const FLAG_SYN = 0x02;
export const FLAG_RST = 0x04;
export const FLAG_PSH = 0x08;
export const FLAG_ACK = 0x10;
export const FLAG_URG = 0x20;
export const FLAG_ECE = 0x40;
export const FLAG_CWR = 0x80;

const SOURCE_PORT = TCP.at("sourcePort");
const DESTINATION_PORT = TCP.at("destinationPort");
const SEQUENCE = TCP.at("sequence");
const ACKNOWLEDGMENT = TCP.at("acknowledgment");
const DATA_OFFSET = TCP.at("dataOffset");
const FLAGS = TCP.at("flags");
const WINDOW = TCP.at("window");
/** Offset of the checksum in the header. */
export const TCP_CHECKSUM = TCP.at("checksum");
const URGENT_POINTER = TCP.at("urgentPointer");

/** Whether a header with a sound data offset lies between `at` and `end`. @hot */
export function isValid(view: DataView, at: number, end: number): boolean {
  if (end - at < TCP_SIZE) return false;
  const size = headerSize(view, at);
  return size >= TCP_SIZE && size <= end - at;
}

/** @hot */
export function sourcePort(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE_PORT);
}

/** @hot */
export function destinationPort(view: DataView, at: number): number {
  return view.getUint16(at + DESTINATION_PORT);
}

/** Sequence number as int32: compare with `tcp/sequence.ts`. @hot */
export function sequence(view: DataView, at: number): number {
  return view.getInt32(at + SEQUENCE);
}

/** Acknowledgment number as int32. @hot */
export function acknowledgment(view: DataView, at: number): number {
  return view.getInt32(at + ACKNOWLEDGMENT);
}

/** Header size in bytes, options included. @hot */
export function headerSize(view: DataView, at: number): number {
  return (view.getUint8(at + DATA_OFFSET) >>> 4) * 4;
}

/** The flags FIN … CWR. @hot */
export function flags(view: DataView, at: number): number {
  return view.getUint8(at + FLAGS);
}

/** The three reserved bits and AE, as the low four bits. */
export function reserved(view: DataView, at: number): number {
  return view.getUint8(at + DATA_OFFSET) & 15;
}

/** The window as it stands, unscaled. @hot */
export function window(view: DataView, at: number): number {
  return view.getUint16(at + WINDOW);
}

/** @hot */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + TCP_CHECKSUM);
}

/** Where urgent data ends, counted from the sequence number. */
export function urgentPointer(view: DataView, at: number): number {
  return view.getUint16(at + URGENT_POINTER);
}

/** Sets sequence number and flags, as segmentation does. @hot */
export function setSequenceAndFlags(
  view: DataView,
  at: number,
  seq: number,
  flagBits: number,
): void {
  view.setInt32(at + SEQUENCE, seq);
  view.setUint8(at + FLAGS, flagBits);
}

/** Whether the checksum of the segment that ends at `end` is right. @hot */
export function checksumIsRight(
  view: DataView,
  at: number,
  end: number,
  source: number,
  destination: number,
): boolean {
  const length = end - at;
  return (
    add(sum(view, at, length), pseudoHeaderSum(source, destination, IPPROTO_TCP, length)) === 0xffff
  );
}

/** Writes a header of `size` bytes; options follow it, the checksum is left 0. @hot */
export function write(
  view: DataView,
  at: number,
  from: number,
  to: number,
  seq: number,
  ack: number,
  size: number,
  flagBits: number,
  windowField: number,
): void {
  view.setUint16(at + SOURCE_PORT, from);
  view.setUint16(at + DESTINATION_PORT, to);
  view.setInt32(at + SEQUENCE, seq);
  view.setInt32(at + ACKNOWLEDGMENT, ack);
  view.setUint8(at + DATA_OFFSET, (size >>> 2) << 4);
  view.setUint8(at + FLAGS, flagBits);
  view.setUint16(at + WINDOW, windowField);
  view.setUint16(at + TCP_CHECKSUM, 0);
  view.setUint16(at + URGENT_POINTER, 0);
}

/** Computes the checksum of the segment that ends at `end`. @hot */
export function finishSegment(
  view: DataView,
  at: number,
  end: number,
  source: number,
  destination: number,
): void {
  const length = end - at;
  view.setUint16(at + TCP_CHECKSUM, 0);
  const partial = add(
    sum(view, at, length),
    pseudoHeaderSum(source, destination, IPPROTO_TCP, length),
  );
  view.setUint16(at + TCP_CHECKSUM, finish(partial));
}

/**
 * UDP.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +-------------------------------+-------------------------------+
 *     |            Length             |           Checksum            |
 *     +-------------------------------+-------------------------------+
 *
 * Spec: RFC 768; a checksum of 0 means none, so a computed 0 is sent as 0xffff.
 */
import { add, finish, pseudoHeaderSum, sum } from "./checksum.ts";
import { Header, u16 } from "./layout.ts";
import { IPPROTO_UDP } from "./protocol-numbers.ts";

export const UDP = new Header("udp", [
  u16("sourcePort"),
  u16("destinationPort"),
  u16("length"),
  u16("checksum"),
]);

export const UDP_SIZE = UDP.size;

const SOURCE_PORT = UDP.at("sourcePort");
const DESTINATION_PORT = UDP.at("destinationPort");
const LENGTH = UDP.at("length");
/** Offset of the checksum in the header. */
export const UDP_CHECKSUM = UDP.at("checksum");

/** Whether a header whose length is sound lies between `at` and `end`. @hot */
export function isValid(view: DataView, at: number, end: number): boolean {
  if (end - at < UDP_SIZE) return false;
  const length = view.getUint16(at + LENGTH);
  return length >= UDP_SIZE && length <= end - at;
}

/** @hot */
export function sourcePort(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE_PORT);
}

/** @hot */
export function destinationPort(view: DataView, at: number): number {
  return view.getUint16(at + DESTINATION_PORT);
}

/** Length in bytes, header included. @hot */
export function length(view: DataView, at: number): number {
  return view.getUint16(at + LENGTH);
}

/** @hot */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + UDP_CHECKSUM);
}

/** Whether the checksum is right or absent. @hot */
export function checksumIsRight(
  view: DataView,
  at: number,
  source: number,
  destination: number,
): boolean {
  if (checksum(view, at) === 0) return true;
  const size = length(view, at);
  return (
    add(sum(view, at, size), pseudoHeaderSum(source, destination, IPPROTO_UDP, size)) === 0xffff
  );
}

/** Writes the header with a checksum of 0; `finishDatagram` follows. @hot */
export function write(view: DataView, at: number, from: number, to: number, size: number): void {
  view.setUint16(at + SOURCE_PORT, from);
  view.setUint16(at + DESTINATION_PORT, to);
  view.setUint16(at + LENGTH, size);
  view.setUint16(at + UDP_CHECKSUM, 0);
}

/** Computes the checksum. @hot */
export function finishDatagram(
  view: DataView,
  at: number,
  source: number,
  destination: number,
): void {
  const size = length(view, at);
  view.setUint16(at + UDP_CHECKSUM, 0);
  const partial = add(sum(view, at, size), pseudoHeaderSum(source, destination, IPPROTO_UDP, size));
  view.setUint16(at + UDP_CHECKSUM, finish(partial) === 0 ? 0xffff : finish(partial));
}

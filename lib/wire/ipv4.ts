/**
 * The IPv4 header.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+-------+---------------+-------------------------------+
 *     |Version|  IHL  |Type of Service|          Total Length         |
 *     +-------+-------+---------------+-----+-------------------------+
 *     |         Identification        |Flags|     Fragment Offset     |
 *     +---------------+---------------+-----+-------------------------+
 *     | Time to Live  |    Protocol   |        Header Checksum        |
 *     +---------------+---------------+-------------------------------+
 *     |                         Source Address                        |
 *     +---------------------------------------------------------------+
 *     |                      Destination Address                      |
 *     +---------------------------------------------------------------+
 *
 * Spec: RFC 791 §3.1; RFC 2474 and RFC 3168 for the second octet.
 */
import type { Ipv4 } from "../base/inet.ts";
import { finish, sum, update16, update32 } from "./checksum.ts";
import { bits8, bits16, Header, u8, u16, u32 } from "./layout.ts";

export const IPV4 = new Header("ipv4", [
  bits8(["version", 4], ["ihl", 4]),
  u8("tos"),
  u16("length"),
  u16("id"),
  bits16(["reserved", 1], ["df", 1], ["mf", 1], ["fragmentOffset", 13]),
  u8("ttl"),
  u8("protocol"),
  u16("checksum"),
  u32("source"),
  u32("destination"),
]);

/** Size without options. */
export const IPV4_SIZE = IPV4.size;
/** Flags as they stand in the third 16-bit word. */
export const FLAG_DF = 0x4000;
export const FLAG_MF = 0x2000;
export const FRAGMENT_OFFSET_MASK = 0x1fff;

const VERSION_IHL = IPV4.at("version");
const TOS = IPV4.at("tos");
const LENGTH = IPV4.at("length");
const ID = IPV4.at("id");
const FRAGMENT = IPV4.at("df");
const TTL = IPV4.at("ttl");
const PROTOCOL = IPV4.at("protocol");
const CHECKSUM = IPV4.at("checksum");
const SOURCE = IPV4.at("source");
const DESTINATION = IPV4.at("destination");

/**
 * Whether a header with sound lengths lies between `at` and `end`: version 4, at least five words,
 * within the total length, which is within the frame. The checksum is not looked at. @hot
 */
export function isValid(view: DataView, at: number, end: number): boolean {
  if (end - at < IPV4_SIZE) return false;
  const versionIhl = view.getUint8(at);
  const size = (versionIhl & 15) * 4;
  const total = view.getUint16(at + LENGTH);
  return versionIhl >>> 4 === 4 && size >= IPV4_SIZE && total >= size && total <= end - at;
}

/** Whether the header checksum is right. @hot */
export function checksumIsRight(view: DataView, at: number): boolean {
  return sum(view, at, headerSize(view, at)) === 0xffff;
}

/** Header size in bytes, options included. @hot */
export function headerSize(view: DataView, at: number): number {
  return (view.getUint8(at + VERSION_IHL) & 15) * 4;
}

/** DSCP and ECN. @hot */
export function tos(view: DataView, at: number): number {
  return view.getUint8(at + TOS);
}

/** Total length in bytes, header included. @hot */
export function totalLength(view: DataView, at: number): number {
  return view.getUint16(at + LENGTH);
}

/** @hot */
export function id(view: DataView, at: number): number {
  return view.getUint16(at + ID);
}

/** The third 16-bit word: flags and fragment offset in units of 8 bytes. @hot */
export function fragment(view: DataView, at: number): number {
  return view.getUint16(at + FRAGMENT);
}

/** Whether the packet is a fragment, first ones included. @hot */
export function isFragment(view: DataView, at: number): boolean {
  return (view.getUint16(at + FRAGMENT) & (FLAG_MF | FRAGMENT_OFFSET_MASK)) !== 0;
}

/** Whether "don't fragment" is set. @hot */
export function hasDf(view: DataView, at: number): boolean {
  return (view.getUint16(at + FRAGMENT) & FLAG_DF) !== 0;
}

/** @hot */
export function ttl(view: DataView, at: number): number {
  return view.getUint8(at + TTL);
}

/** @hot */
export function protocol(view: DataView, at: number): number {
  return view.getUint8(at + PROTOCOL);
}

/** @hot */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM);
}

/** @hot */
export function source(view: DataView, at: number): Ipv4 {
  return view.getInt32(at + SOURCE) as Ipv4;
}

/** @hot */
export function destination(view: DataView, at: number): Ipv4 {
  return view.getInt32(at + DESTINATION) as Ipv4;
}

/** Takes one off the TTL and patches the checksum (RFC 1624). @hot */
export function decreaseTtl(view: DataView, at: number): void {
  setTtl(view, at, ttl(view, at) - 1);
}

/** Sets the TTL and patches the checksum. @hot */
export function setTtl(view: DataView, at: number, value: number): void {
  const before = view.getUint16(at + TTL);
  view.setUint8(at + TTL, value);
  patch16(view, at, before, view.getUint16(at + TTL));
}

/** Sets the second octet and patches the checksum. @hot */
export function setTos(view: DataView, at: number, value: number): void {
  const before = view.getUint16(at + VERSION_IHL);
  view.setUint8(at + TOS, value);
  patch16(view, at, before, view.getUint16(at + VERSION_IHL));
}

/** Sets the source and patches the header checksum; that of TCP or UDP is the caller's. @hot */
export function setSource(view: DataView, at: number, address: number): void {
  const before = view.getInt32(at + SOURCE);
  view.setInt32(at + SOURCE, address);
  view.setUint16(at + CHECKSUM, update32(checksum(view, at), before, address));
}

/** Sets the destination and patches the header checksum; that of TCP or UDP is the caller's. @hot */
export function setDestination(view: DataView, at: number, address: number): void {
  const before = view.getInt32(at + DESTINATION);
  view.setInt32(at + DESTINATION, address);
  view.setUint16(at + CHECKSUM, update32(checksum(view, at), before, address));
}

/** Sets length, identification and fragment word, as segmentation does; `finishHeader` follows. @hot */
export function setFragment(
  view: DataView,
  at: number,
  total: number,
  identification: number,
  fragmentWord: number,
): void {
  view.setUint16(at + LENGTH, total);
  view.setUint16(at + ID, identification);
  view.setUint16(at + FRAGMENT, fragmentWord);
}

/** Computes the header checksum from scratch. @hot */
export function finishHeader(view: DataView, at: number): void {
  view.setUint16(at + CHECKSUM, 0);
  view.setUint16(at + CHECKSUM, finish(sum(view, at, headerSize(view, at))));
}

/** What a header without options says. */
export interface Ipv4Fields {
  readonly tos: number;
  /** Total length in bytes, header included. */
  readonly length: number;
  readonly id: number;
  /** Flags and offset as in the third word. */
  readonly fragment: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
}

/**
 * Writes a header of `size` bytes (20 without options) with its checksum at `at`; the options must
 * be there already. @hot
 */
export function write(
  view: DataView,
  at: number,
  fields: Ipv4Fields,
  size: number = IPV4_SIZE,
): void {
  view.setUint8(at + VERSION_IHL, 0x40 | (size >>> 2));
  view.setUint8(at + TOS, fields.tos);
  view.setUint16(at + LENGTH, fields.length);
  view.setUint16(at + ID, fields.id);
  view.setUint16(at + FRAGMENT, fields.fragment);
  view.setUint8(at + TTL, fields.ttl);
  view.setUint8(at + PROTOCOL, fields.protocol);
  view.setInt32(at + SOURCE, fields.source);
  view.setInt32(at + DESTINATION, fields.destination);
  finishHeader(view, at);
}

function patch16(view: DataView, at: number, before: number, after: number): void {
  view.setUint16(at + CHECKSUM, update16(checksum(view, at), before, after));
}

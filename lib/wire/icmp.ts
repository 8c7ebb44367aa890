/**
 * ICMP for IPv4.
 *
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |          Checksum             |
 *     +---------------+---------------+-------------------------------+
 *     |           rest of header: by type (echo: id, sequence;        |
 *     |           fragmentation needed: next-hop MTU; redirect: gateway)
 *     +---------------------------------------------------------------+
 *     |           data: for errors the offending packet's beginning   |
 *
 * Spec: RFC 792, RFC 1191 §4, RFC 1812 §4.3, RFC 4884.
 */
import { finish, sum, update16 } from "./checksum.ts";
import { Header, u8, u16, u32 } from "./layout.ts";

export const ICMP = new Header("icmp", [u8("type"), u8("code"), u16("checksum"), u32("rest")]);

export const ICMP_SIZE = ICMP.size;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_TIMESTAMP = 13;
export const ICMP_TIMESTAMP_REPLY = 14;

export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_SOURCE_ROUTE = 5;
export const UNREACHABLE_NET_PROHIBITED = 9;
export const UNREACHABLE_HOST_PROHIBITED = 10;
export const UNREACHABLE_ADMIN_PROHIBITED = 13;

export const TIME_EXCEEDED_TTL = 0;
export const TIME_EXCEEDED_REASSEMBLY = 1;
export const REDIRECT_HOST = 1;

const TYPE = ICMP.at("type");
const CODE = ICMP.at("code");
const CHECKSUM = ICMP.at("checksum");
const REST = ICMP.at("rest");

/** Whether a whole header lies between `at` and `end`. @hot */
export function isValid(_view: DataView, at: number, end: number): boolean {
  return end - at >= ICMP_SIZE;
}

/** @hot */
export function type(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}

/** @hot */
export function code(view: DataView, at: number): number {
  return view.getUint8(at + CODE);
}

/** @hot */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM);
}

/** Echo identifier. @hot */
export function id(view: DataView, at: number): number {
  return view.getUint16(at + REST);
}

/** Echo sequence number; in "fragmentation needed" the next hop's MTU. @hot */
export function sequence(view: DataView, at: number): number {
  return view.getUint16(at + REST + 2);
}

/** The next hop's MTU in "fragmentation needed" (RFC 1191 §4). */
export const nextHopMtu = sequence;

/** The second word whole: the gateway of a redirect, the pointer of a parameter problem. */
export function rest(view: DataView, at: number): number {
  return view.getInt32(at + REST);
}

/** Sets the echo identifier and patches the checksum, as NAT does. @hot */
export function setId(view: DataView, at: number, value: number): void {
  const before = id(view, at);
  view.setUint16(at + REST, value);
  view.setUint16(at + CHECKSUM, update16(checksum(view, at), before, value));
}

/** Whether a message whose data is that of an error: it quotes the packet that caused it. @hot */
export function isError(messageType: number): boolean {
  return (
    messageType === ICMP_UNREACHABLE ||
    messageType === ICMP_SOURCE_QUENCH ||
    messageType === ICMP_REDIRECT ||
    messageType === ICMP_TIME_EXCEEDED ||
    messageType === ICMP_PARAMETER_PROBLEM
  );
}

/** Whether the checksum over the whole message is right. @hot */
export function checksumIsRight(view: DataView, at: number, end: number): boolean {
  return sum(view, at, end - at) === 0xffff;
}

/** Writes the header of a message that ends at `end`; the data must be there already. @hot */
export function write(
  view: DataView,
  at: number,
  end: number,
  messageType: number,
  messageCode: number,
  restOfHeader: number,
): void {
  view.setUint8(at + TYPE, messageType);
  view.setUint8(at + CODE, messageCode);
  view.setInt32(at + REST, restOfHeader);
  finishMessage(view, at, end);
}

/** Computes the checksum of a message that ends at `end`. @hot */
export function finishMessage(view: DataView, at: number, end: number): void {
  view.setUint16(at + CHECKSUM, 0);
  view.setUint16(at + CHECKSUM, finish(sum(view, at, end - at)));
}

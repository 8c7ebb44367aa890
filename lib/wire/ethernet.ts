/**
 * Ethernet II.
 *
 *      0               1               2               3
 *     +-------------------------------+-------------------------------+
 *     |                      destination (6 octets)                   |
 *     |                               +-------------------------------+
 *     |                               |        source (6 octets)      |
 *     +-------------------------------+                               |
 *     |                                                               |
 *     +-------------------------------+-------------------------------+
 *     |           EtherType           |
 *     +-------------------------------+
 *
 * Spec: IEEE 802.3 §3.2, RFC 894.
 */
import type { Mac } from "../base/mac.ts";
import { Header, u16, u48 } from "./layout.ts";

export const ETHERNET = new Header("ethernet", [u48("destination"), u48("source"), u16("type")]);

/** Size of the header in bytes. */
export const ETHERNET_SIZE = ETHERNET.size;
/** Frames are padded on a real cable; veth and its captures are not, so nothing here pads. */
const DESTINATION = ETHERNET.at("destination");
const SOURCE = ETHERNET.at("source");
const TYPE = ETHERNET.at("type");

/** A MAC address at `at`. @hot */
export function readMac(view: DataView, at: number): Mac {
  return (view.getUint16(at) * 0x100000000 + view.getUint32(at + 2)) as Mac;
}

/** Writes a MAC address at `at`. @hot */
export function writeMac(view: DataView, at: number, mac: number): void {
  view.setUint16(at, Math.floor(mac / 0x100000000));
  view.setUint32(at + 2, mac % 0x100000000);
}

/** @hot */
export function destination(view: DataView, at: number): Mac {
  return readMac(view, at + DESTINATION);
}

/** @hot */
export function source(view: DataView, at: number): Mac {
  return readMac(view, at + SOURCE);
}

/** EtherType. @hot */
export function type(view: DataView, at: number): number {
  return view.getUint16(at + TYPE);
}

/** Writes the header at `at`. @hot */
export function write(
  view: DataView,
  at: number,
  to: number,
  from: number,
  etherType: number,
): void {
  writeMac(view, at + DESTINATION, to);
  writeMac(view, at + SOURCE, from);
  view.setUint16(at + TYPE, etherType);
}

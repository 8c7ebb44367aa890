/**
 * ARP for IPv4 over Ethernet.
 *
 *      0               1               2               3
 *     +-------------------------------+-------------------------------+
 *     |        hardware type          |         protocol type         |
 *     +---------------+---------------+-------------------------------+
 *     | hardware size | protocol size |           operation           |
 *     +---------------+---------------+-------------------------------+
 *     |               sender MAC, sender IP, target MAC, target IP    |
 *     +---------------------------------------------------------------+
 *
 * Spec: RFC 826, RFC 5227 (probe and announcement).
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Mac } from "../base/mac.ts";
import { readMac, writeMac } from "./ethernet.ts";
import { Header, u8, u16, u32, u48 } from "./layout.ts";
import { ETHERTYPE_IPV4 } from "./protocol-numbers.ts";

export const ARP = new Header("arp", [
  u16("hardwareType"),
  u16("protocolType"),
  u8("hardwareSize"),
  u8("protocolSize"),
  u16("operation"),
  u48("senderMac"),
  u32("senderIp"),
  u48("targetMac"),
  u32("targetIp"),
]);

export const ARP_SIZE = ARP.size;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
const HARDWARE_ETHERNET = 1;

const HARDWARE_TYPE = ARP.at("hardwareType");
const PROTOCOL_TYPE = ARP.at("protocolType");
const HARDWARE_SIZE = ARP.at("hardwareSize");
const PROTOCOL_SIZE = ARP.at("protocolSize");
const OPERATION = ARP.at("operation");
const SENDER_MAC = ARP.at("senderMac");
const SENDER_IP = ARP.at("senderIp");
const TARGET_MAC = ARP.at("targetMac");
const TARGET_IP = ARP.at("targetIp");

/** Whether a whole ARP packet for IPv4 over Ethernet lies between `at` and `end`. @hot */
export function isValid(view: DataView, at: number, end: number): boolean {
  return (
    end - at >= ARP_SIZE &&
    view.getUint16(at + HARDWARE_TYPE) === HARDWARE_ETHERNET &&
    view.getUint16(at + PROTOCOL_TYPE) === ETHERTYPE_IPV4 &&
    view.getUint8(at + HARDWARE_SIZE) === 6 &&
    view.getUint8(at + PROTOCOL_SIZE) === 4
  );
}

/** `ARP_REQUEST` or `ARP_REPLY`. @hot */
export function operation(view: DataView, at: number): number {
  return view.getUint16(at + OPERATION);
}

/** Whose message it is. @hot */
export function senderMac(view: DataView, at: number): Mac {
  return readMac(view, at + SENDER_MAC);
}

/** The address that the sender says it has. @hot */
export function senderIp(view: DataView, at: number): Ipv4 {
  return view.getInt32(at + SENDER_IP) as Ipv4;
}

/** In a reply, who asked; in a request nothing. @hot */
export function targetMac(view: DataView, at: number): Mac {
  return readMac(view, at + TARGET_MAC);
}

/** The address that is asked for, or of who asked. @hot */
export function targetIp(view: DataView, at: number): Ipv4 {
  return view.getInt32(at + TARGET_IP) as Ipv4;
}

/** What an ARP packet says. */
export interface ArpFields {
  readonly operation: number;
  readonly senderMac: number;
  readonly senderIp: number;
  readonly targetMac: number;
  readonly targetIp: number;
}

/** Writes the packet at `at`. */
export function write(view: DataView, at: number, fields: ArpFields): void {
  view.setUint16(at + HARDWARE_TYPE, HARDWARE_ETHERNET);
  view.setUint16(at + PROTOCOL_TYPE, ETHERTYPE_IPV4);
  view.setUint8(at + HARDWARE_SIZE, 6);
  view.setUint8(at + PROTOCOL_SIZE, 4);
  view.setUint16(at + OPERATION, fields.operation);
  writeMac(view, at + SENDER_MAC, fields.senderMac);
  view.setInt32(at + SENDER_IP, fields.senderIp);
  writeMac(view, at + TARGET_MAC, fields.targetMac);
  view.setInt32(at + TARGET_IP, fields.targetIp);
}

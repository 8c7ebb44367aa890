/**
 * MAC addresses as integers below 2^48, so that they compare with `===` and serve as keys. They
 * are above 32 bits: never use bit operators on them, only `/` and `%`.
 *
 * Spec: IEEE 802 §8.2 (individual/group and universal/local bits).
 */
import { VethworkError } from "./errors.ts";

/** A MAC address as an integer in 0 … 2^48 - 1, first octet most significant. */
export type Mac = number & { readonly __mac: true };

/** ff:ff:ff:ff:ff:ff */
export const BROADCAST_MAC = (2 ** 48 - 1) as Mac;
/** 00:00:00:00:00:00 */
export const ZERO_MAC = 0 as Mac;

const TWO_24 = 2 ** 24;
const TWO_40 = 2 ** 40;

/** The address in `text`, six octets in hexadecimal separated by colons. Throws `VW_ADDRESS`. */
export function parseMac(text: string): Mac {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) {
    throw new VethworkError(
      "VW_ADDRESS",
      `"${text}" is not a MAC address`,
      "for example 02:00:00:00:00:01",
    );
  }
  return Number.parseInt(text.replaceAll(":", ""), 16) as Mac;
}

/** Lower-case form with colons. */
export function formatMac(mac: number): string {
  const digits = mac.toString(16).padStart(12, "0");
  return (digits.match(/../g) ?? []).join(":");
}

/** Whether the address is a group address (multicast or broadcast). */
export function isGroupMac(mac: number): boolean {
  return Math.floor(mac / TWO_40) % 2 === 1;
}

/**
 * A locally administered unicast address made from a name, as a device without a fixed address
 * gets: the same name has the same address in every run. FNV-1a over the name, twice 24 bits.
 */
export function macFromName(name: string): Mac {
  const high = fnv1a(name, 0x811c9dc5) % TWO_24;
  const low = fnv1a(name, 0x01000193) % TWO_24;
  const firstOctet = (Math.floor(high / 65536) & 0xfc) | 0x02;
  return (firstOctet * TWO_40 + (high % 65536) * TWO_24 + low) as Mac;
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Hardware addresses as tools take them: one or two digits between the colons.
 *
 * Spec: iproute2 6.1, lib/ll_addr.c (ll_addr_a2n); net-tools 2.10, lib/ether.c (in_ether).
 */
import { type Mac, parseMac } from "../base/mac.ts";

/** The address, or null if the text is none. */
export function readLinkAddress(text: string): Mac | null {
  if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text)) return null;
  return parseMac(text.replace(/[^:]+/g, (octet) => octet.padStart(2, "0")));
}

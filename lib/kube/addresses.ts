/**
 * Addresses and networks as Kubernetes objects write them. Kubernetes reads IPv4 "sloppily":
 * leading zeros are decimal (`010.0.0.1` is 10.0.0.1), which a strict parser refuses; and it masks
 * a network's host bits instead of refusing them.
 *
 * Spec: Go's net.IP text form; k8s.io/utils/net ParseIPSloppy, ParseCIDRSloppy.
 * Not modelled: IPv6. Such addresses are recognised, so that they can be left out.
 */
import { type Cidr, formatCidr, formatIpv4, type Ipv4, ipv4, networkOf } from "../base/inet.ts";

const OCTETS = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/;
const IPV6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/;

/** The IPv4 address in `text`, or null if there is none. */
export function readIpv4(text: string): Ipv4 | null {
  const octets = OCTETS.exec(text);
  if (octets === null) return null;
  let address = 0;
  for (let index = 1; index <= 4; index += 1) {
    const octet = Number(octets[index]);
    if (octet > 255) return null;
    address = (address << 8) | octet;
  }
  return ipv4(address);
}

/** The IPv4 address in `text` in canonical form, or null if there is none. */
export function canonicalIpv4(text: string): string | null {
  const address = readIpv4(text);
  return address === null ? null : formatIpv4(address);
}

/** The IPv4 network in `text`, host bits masked, or null if there is none. */
export function readCidr(text: string): Cidr | null {
  const slash = text.indexOf("/");
  const length = text.slice(slash + 1);
  const address = slash === -1 ? null : readIpv4(text.slice(0, slash));
  if (address === null || !/^\d{1,3}$/.test(length) || Number(length) > 32) return null;
  return { address: networkOf(address, Number(length)), prefixLength: Number(length) };
}

/** The IPv4 network in `text` in canonical form, or null if there is none. */
export function canonicalCidr(text: string): string | null {
  const cidr = readCidr(text);
  return cidr === null ? null : formatCidr(cidr);
}

/** Whether `text` has the letters of an IPv6 address. */
export function looksLikeIpv6(text: string): boolean {
  return IPV6.test(text);
}

/** Whether `text` is an address of either family. */
export function isAddress(text: string): boolean {
  return readIpv4(text) !== null || looksLikeIpv6(text);
}

/** Whether `text` is a network of either family; blanks around it are allowed, as in the API. */
export function isNetwork(text: string): boolean {
  const trimmed = text.trim();
  const slash = trimmed.indexOf("/");
  return (
    readCidr(trimmed) !== null ||
    (slash !== -1 &&
      looksLikeIpv6(trimmed.slice(0, slash)) &&
      /^\d{1,3}$/.test(trimmed.slice(slash + 1)) &&
      Number(trimmed.slice(slash + 1)) <= 128)
  );
}

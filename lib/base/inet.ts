/**
 * IPv4 addresses and networks at the edge where text becomes values. ip-num validates what people
 * write; inside, an address is an int32 (so 128.0.0.0 and above are negative), which compares,
 * masks and hashes without an allocation.
 *
 * Spec: RFC 4632 §3.1 (prefix notation).
 */
import { IPv4, Validator } from "ip-num";
import { VethworkError } from "./errors.ts";

/** An IPv4 address as int32 in host order: `10.0.0.1` is `0x0a000001`. */
export type Ipv4 = number & { readonly __ipv4: true };

/** A network: its first address and the prefix length (0–32). */
export interface Cidr {
  readonly address: Ipv4;
  readonly prefixLength: number;
}

/** 0.0.0.0 */
export const ANY_ADDRESS = 0 as Ipv4;
/** 255.255.255.255 */
export const LIMITED_BROADCAST = -1 as Ipv4;
/** 127.0.0.1 */
export const LOOPBACK_ADDRESS = 0x7f000001 as Ipv4;

/** The address in `text`, dotted quad only. Throws `VW_ADDRESS`. */
export function parseIpv4(text: string): Ipv4 {
  const [valid] = Validator.isValidIPv4String(text);
  if (!valid) {
    throw new VethworkError(
      "VW_ADDRESS",
      `"${text}" is not an IPv4 address`,
      "for example 10.0.0.1",
    );
  }
  return ipv4(Number(new IPv4(text).value));
}

/** Whether `text` is an IPv4 address in dotted quad form. */
export function isIpv4(text: string): boolean {
  return Validator.isValidIPv4String(text)[0];
}

/**
 * An address as inet_aton(3) reads it, or null: one to four numbers, decimal, octal or hexadecimal,
 * of which the last fills what is left (`127.1` is 127.0.0.1).
 */
export function parseAton(text: string): Ipv4 | null {
  const parts = text.split(".");
  if (parts.length > 4) return null;
  const numbers = parts.map((part) => {
    if (/^0[xX][0-9a-fA-F]+$/.test(part) || /^(0|[1-9][0-9]*)$/.test(part)) return Number(part);
    return /^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number.NaN;
  });
  const last = numbers.pop() ?? Number.NaN;
  if (numbers.some((number) => !(number <= 255)) || !(last < 256 ** (4 - numbers.length))) {
    return null;
  }
  const front = numbers.reduce((value, number, index) => value + number * 256 ** (3 - index), 0);
  return ipv4(front + last);
}

/** Any integer as an address; bits above 32 are dropped. */
export function ipv4(value: number): Ipv4 {
  return (value | 0) as Ipv4;
}

/** Dotted quad form. */
export function formatIpv4(address: number): string {
  return `${(address >>> 24) & 255}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** A network such as `10.244.0.0/16`. Host bits are an error, which names the network meant. */
export function parseCidr(text: string): Cidr {
  const cidr = parseInterfaceCidr(text);
  const network = networkOf(cidr.address, cidr.prefixLength);
  if (network !== cidr.address) {
    throw new VethworkError(
      "VW_ADDRESS",
      `"${text}" has host bits set`,
      `the network is ${formatIpv4(network)}/${cidr.prefixLength}`,
    );
  }
  return cidr;
}

/** An interface's address with its prefix, such as `10.0.0.1/24`: host bits are what it is about. */
export function parseInterfaceCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  const prefix = slash === -1 ? "" : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]?)$/.test(prefix) || Number(prefix) > 32) {
    throw new VethworkError(
      "VW_ADDRESS",
      `"${text}" is not an address with a prefix length`,
      "for example 10.0.0.1/24",
    );
  }
  return { address: parseIpv4(text.slice(0, slash)), prefixLength: Number(prefix) };
}

/** `10.244.0.0/16` */
export function formatCidr(cidr: Cidr): string {
  return `${formatIpv4(cidr.address)}/${cidr.prefixLength}`;
}

/** The netmask of a prefix length, as int32. */
export function maskOf(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (-1 << (32 - prefixLength)) | 0;
}

/** The prefix length of a netmask, or -1 if its ones are not contiguous. */
export function prefixLengthOf(mask: number): number {
  const length = Math.clz32(~mask);
  return maskOf(length) === (mask | 0) ? length : -1;
}

/** The first address of the network that holds `address`. */
export function networkOf(address: number, prefixLength: number): Ipv4 {
  return (address & maskOf(prefixLength)) as Ipv4;
}

/** The last address of the network that holds `address`. */
export function broadcastOf(address: number, prefixLength: number): Ipv4 {
  return (address | ~maskOf(prefixLength)) as Ipv4;
}

/** Whether the network holds the address. */
export function contains(cidr: Cidr, address: number): boolean {
  return (address & maskOf(cidr.prefixLength)) === cidr.address;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefixLength <= b.prefixLength ? contains(a, b.address) : contains(b, a.address);
}

/** 224.0.0.0/4 */
export function isMulticast(address: number): boolean {
  return (address & 0xf0000000) === (0xe0000000 | 0);
}

/** 224.0.0.0/24, which never leaves the link */
export function isLocalMulticast(address: number): boolean {
  return (address & 0xffffff00) === (0xe0000000 | 0);
}

/** 127.0.0.0/8 */
export function isLoopback(address: number): boolean {
  return (address & 0xff000000) === 0x7f000000;
}

/** 0.0.0.0, which is nobody's; the rest of 0.0.0.0/8 is unicast (`ipv4_is_zeronet` since 5.3). */
export function isZeroNet(address: number): boolean {
  return address === 0;
}

/** Orders addresses as unsigned numbers. */
export function compareIpv4(a: number, b: number): number {
  return (a >>> 0) - (b >>> 0);
}

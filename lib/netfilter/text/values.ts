/**
 * The values that options take: numbers, ranges, ports, addresses, masks. What is accepted, and in
 * which spelling, is libxtables' business; what addresses look like is `base/inet.ts`'s.
 *
 * Kernel: none; iptables 1.8.9, libxtables/xtoptions.c, libxtables/xtables.c.
 */
import { formatIpv4, isIpv4, maskOf, parseIpv4, prefixLengthOf } from "../../base/inet.ts";
import { refuse } from "./errors.ts";
import { PROTOCOL_NUMBERS, protocolNameOf, servicePort } from "./names.ts";

/**
 * An unsigned number as strtoul(…, 0) reads it: decimal, 0x hexadecimal, 0 octal. Undefined if the
 * text is anything else or the value does not lie in `min … max`.
 */
export function parseNumber(text: string, min = 0, max = 0xffffffff): number | undefined {
  const value = plainNumber(text);
  return value === undefined || value < min || value > max ? undefined : value;
}

function plainNumber(text: string): number | undefined {
  const first = text.charCodeAt(0);
  if (first === 48 && text.length > 1) {
    if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16);
    return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
  }
  if (text.length === 0 || text.length > 20) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** A number for an option of a module, or a refusal in the tool's words. */
export function numberOption(
  module: string,
  option: string,
  text: string,
  min = 0,
  max = 0xffffffff,
): number {
  const value = parseNumber(text, min, max);
  if (value === undefined) {
    refuse(`${module}: bad value for option "--${option}", or out of range (${min}-${max}).\n`);
  }
  return value;
}

/** `a`, `a:b`, `:b` or `a:`; an open end takes the bound. */
export function rangeOption(
  module: string,
  option: string,
  text: string,
  max = 0xffffffff,
): readonly [number, number] {
  const parts = text.split(":");
  if (parts.length > 2) {
    refuse(`${module}: Too many components for option "--${option}" (max: 2)\n`);
  }
  const bound = (part: string, open: number, rest: string): number => {
    const value = part === "" ? open : parseNumber(part, 0, max);
    if (value !== undefined) return value;
    const problem = `bad value for option "--${option}" near "${rest}", or out of range (0-${max})`;
    return refuse(`${module}: ${problem}.\n`);
  };
  const [first = "", second = ""] = parts;
  const low = bound(first, 0, text);
  return parts.length === 1 ? [low, low] : [low, bound(second, max, second)];
}

/**
 * A port by number or by its name in /etc/services. The C library takes larger numbers too and
 * keeps 16 bits of them; with a protocol the tool does not ask it for numbers.
 */
export function portValue(text: string, protocol = ""): number {
  const number = parseNumber(text, 0, protocol === "" ? Number.MAX_SAFE_INTEGER : 0xffff);
  if (number !== undefined) return number % 0x10000;
  const named = servicePort(text, protocol);
  if (named !== undefined) return named;
  return refuse(`invalid port/service \`${text}' specified`);
}

/** A protocol by name or number (0 … 255); `all` is 0. */
export function protocolValue(text: string): number {
  const lower = text.toLowerCase();
  const number = parseNumber(lower, 0, 255);
  if (number !== undefined) return number;
  const named = PROTOCOL_NUMBERS.get(lower);
  if (named !== undefined) return named;
  return refuse(`unknown protocol "${lower}" specified`);
}

/** How a protocol is printed: by name if it has one. */
export function formatProtocol(protocol: number): string {
  return protocolNameOf(protocol) ?? String(protocol);
}

/** An address as int32, or undefined. */
export function tryAddress(text: string): number | undefined {
  const address = plainAddress(text, text.length);
  if (address !== undefined) return address;
  if (text === "localhost") return 0x7f000001;
  return isIpv4(text) ? parseIpv4(text) : undefined;
}

/**
 * The address in any form that the tool takes: with parts left out at the end (`10.1` is 10.1.0.0),
 * octal and hexadecimal parts, and what inet_aton(3) reads beside that. Undefined if it is none.
 */
function networkAddress(text: string): number | undefined {
  return plainAddress(text, text.length) ?? partialAddress(text) ?? tryHost(text);
}

/** The address as inet_aton(3) reads it: the last part fills what is left (`10.1` is 10.0.0.1). */
export function tryHost(text: string): number | undefined {
  const parts = text.split(".").map((part) => parseNumber(part));
  const last = parts.pop();
  const room = 2 ** (32 - 8 * parts.length);
  if (parts.length > 3 || last === undefined || last >= room) return tryAddress(text);
  let address = last;
  for (const [index, part] of parts.entries()) {
    if (part === undefined || part > 255) return tryAddress(text);
    address += part * 2 ** (24 - 8 * index);
  }
  return address | 0;
}

function partialAddress(text: string): number | undefined {
  const parts = text.split(".").map((part) => parseNumber(part));
  if (parts.length > 4) return undefined;
  let address = 0;
  for (const [index, part] of parts.entries()) {
    if (part === undefined || part > 255) return undefined;
    address += part * 2 ** (24 - 8 * index);
  }
  return address | 0;
}

/**
 * The address in the first `length` characters if it is written as it is printed: four decimal
 * numbers without leading zeros. Large rule sets have a hundred thousand of them; ip-num judges what
 * is written in any other way.
 */
function plainAddress(text: string, length: number): number | undefined {
  let address = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit === -2) {
      if (part === -1) return undefined;
      address = (address << 8) | part;
      part = -1;
      dots += 1;
    } else if (digit >= 0 && digit <= 9 && part !== 0) {
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return dots === 3 && part !== -1 ? (address << 8) | part : undefined;
}

/** An address with a mask, such as a rule's -s; host bits are cleared. */
export interface MaskedAddress {
  readonly address: number;
  readonly mask: number;
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1`; a mask of 0 makes any name good. */
export function maskedAddress(text: string): MaskedAddress {
  const slash = text.lastIndexOf("/");
  if (slash === -1) {
    const address = networkAddress(text);
    if (address === undefined) refuse(`host/network \`${text}' not found`);
    return { address, mask: -1 };
  }
  const mask = maskValue(text.slice(slash + 1));
  if (mask === 0) return { address: 0, mask };
  const address = networkAddress(text.slice(0, slash));
  if (address === undefined) refuse(`host/network \`${text.slice(0, slash)}' not found`);
  return { address: address & mask, mask };
}

/**
 * An address with a mask as the modules' own options take it: host bits stay, and a mask whose ones
 * are not contiguous counts as none, as in the real tool.
 */
export function hostWithMask(text: string): MaskedAddress {
  const slash = text.indexOf("/");
  const mask = slash === -1 ? -1 : maskValue(text.slice(slash + 1));
  const address = tryHost(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) refuse("getaddrinfo: Name or service not known\n");
  return { address, mask: prefixLengthOf(mask) === -1 ? -1 : mask };
}

/** A mask as a prefix length or in dotted form. */
function maskValue(text: string): number {
  const length = parseNumber(text, 0, 32);
  if (length !== undefined) return maskOf(length);
  const mask = text.includes(".") ? tryAddress(text) : undefined;
  if (mask === undefined) refuse(`invalid mask \`${text}' specified`);
  return mask;
}

/** `10.0.0.1/32`, or with a dotted mask if its ones are not contiguous. */
export function formatMasked(address: number, mask: number): string {
  const length = prefixLengthOf(mask);
  return `${formatIpv4(address)}/${length === -1 ? formatIpv4(mask) : length}`;
}

/** Hexadecimal as the tool prints marks. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** `value` or `value/mask`, both 32-bit. */
export function markMaskOption(
  module: string,
  option: string,
  text: string,
): { readonly value: number; readonly mask: number } {
  const slash = text.indexOf("/");
  const value = parseNumber(slash === -1 ? text : text.slice(0, slash));
  const mask = slash === -1 ? 0xffffffff : parseNumber(text.slice(slash + 1));
  if (value === undefined || mask === undefined) {
    refuse(`${module}: bad integer value for option "--${option}", or out of range.\n`);
  }
  return { value: value | 0, mask: mask | 0 };
}

/**
 * A string as iptables-save quotes it: bare if it holds letters, digits, _ and - only, in double
 * quotes with `"`, `\` and `'` escaped otherwise.
 */
export function quote(text: string): string {
  let bare = text !== "";
  let escapes = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 34 || code === 39 || code === 92) escapes = true;
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
    if (!isLetter && !(code >= 48 && code <= 57) && code !== 95 && code !== 45) bare = false;
  }
  if (bare) return text;
  return escapes ? `"${text.replace(/["\\']/g, "\\$&")}"` : `"${text}"`;
}

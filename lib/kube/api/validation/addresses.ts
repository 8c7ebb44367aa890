/**
 * Addresses and networks in fields of the API. New values have to be in the form that every
 * program reads alike; fields of objects from before keep theirs.
 *
 * Spec: apimachinery util/validation ip.go with StrictIPCIDRValidation, v1.36.
 */
import { isLoopback, isMulticast } from "../../../base/inet.ts";
import { readCidr, readIpv4 } from "../../addresses.ts";
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";

const LEADING_ZERO = /(^|\.)0\d/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** Whether `text` is an IPv6 address. */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1);
  let count = groups.flat().length;
  const tail = last?.at(-1);
  if (tail?.includes(".") === true) {
    if (readIpv4(tail) === null) return false;
    last?.pop();
    count += 1;
  }
  if (!groups.flat().every((group) => GROUP.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}

/** Whether `text` is an address of either family. */
export function isIp(text: string): boolean {
  return readIpv4(text) !== null || isIpv6(text);
}

/** An address of either family; says whether it is one. */
export function checkIp(errors: FieldErrors, path: FieldPath, text: string): boolean {
  if (!isIp(text)) {
    errors.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    return false;
  }
  if (readIpv4(text) !== null && LEADING_ZERO.test(text)) {
    errors.invalid(path, text, "must not have leading 0s");
    return false;
  }
  if (/^::ffff:\d+\./i.test(text)) {
    errors.invalid(path, text, "must not be an IPv4-mapped IPv6 address");
    return false;
  }
  return true;
}

/** A network of either family. */
export function checkNetwork(errors: FieldErrors, path: FieldPath, text: string): void {
  const [address = "", length = "", ...rest] = text.split("/");
  const isV6Network = isIpv6(address) && /^\d{1,3}$/.test(length) && Number(length) <= 128;
  const network = readCidr(text);
  if (rest.length > 0 || (network === null && !isV6Network)) {
    errors.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
  } else if (network !== null && (LEADING_ZERO.test(address) || /^0\d/.test(length))) {
    errors.invalid(path, text, "must not have leading 0s in IP or prefix length");
  } else if (network !== null && network.address !== readIpv4(address)) {
    errors.invalid(path, text, "must not have bits set beyond the prefix length");
  }
}

/** Addresses that no endpoint and no external address may have. */
export function checkEndpointIp(errors: FieldErrors, path: FieldPath, text: string): void {
  if (!isIp(text)) {
    errors.invalid(path, text, "must be a valid IP address");
    return;
  }
  const address = readIpv4(text);
  const is = (v4: boolean, v6: RegExp) => (address === null ? v6.test(text) : v4);
  if (is(address === 0, /^[0:]+$/)) {
    errors.invalid(path, text, `may not be unspecified (${text})`);
  }
  if (is(address !== null && isLoopback(address), /^[0:]*:0*1$/)) {
    errors.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (is(address !== null && address >>> 16 === 0xa9fe, /^fe[89ab]/i)) {
    errors.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (
    is(address !== null && isMulticast(address) && address >>> 8 === 0xe00000, /^ff[0-9a-f]2:/i)
  ) {
    errors.invalid(
      path,
      text,
      "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
    );
  }
}

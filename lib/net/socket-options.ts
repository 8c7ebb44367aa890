/**
 * The IPv4 options that a socket puts on what it sends (`IP_OPTIONS`): a route to be recorded or
 * timestamps.
 *
 * Spec: RFC 791 §3.1. Kernel: net/ipv4/ip_options.c (ip_options_get, ip_options_build), 6.18.
 * Not modelled: source routes of a host's own packets.
 */
import { EINVAL } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Namespace } from "./namespace.ts";
import { EchoedOptions } from "./option-echo.ts";
import { Option, STAMP_PRESPECIFIED, STAMP_TIME_ONLY, STAMP_WITH_ADDRESS } from "./option-place.ts";

const LARGEST = 40;

/** The options ready to be filled in for each packet, or a negative errno. Copies `bytes`. */
export function compileSocketOptions(
  namespace: Namespace,
  bytes: Uint8Array,
): EchoedOptions | number {
  if (bytes.length > LARGEST) return -EINVAL;
  const compiled = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  compiled.set(bytes);
  const places = { recordRoute: -1, timestamp: -1, sourceRoute: -1 };
  const needs = { needsRecord: false, needsAddress: false, needsTime: false };
  for (let at = 0; at < bytes.length; ) {
    const type = compiled[at];
    if (type === Option.END) break;
    if (type === Option.NOP) {
      at += 1;
      continue;
    }
    const length = compiled[at + 1] ?? 0;
    if (length < 2 || at + length > compiled.length) return -EINVAL;
    if (type === Option.RR && hasRoom(compiled, at, 4)) {
      places.recordRoute = at;
      needs.needsRecord = true;
      advance(compiled, at, 4);
    } else if (type === Option.TIMESTAMP) {
      places.timestamp = at;
      prepareStamp(namespace, compiled, at, needs);
    } else if (type === Option.LSRR || type === Option.SSRR) return -EINVAL;
    at += length;
  }
  return new EchoedOptions(compiled, 0 as Ipv4, { ...places, ...needs });
}

function prepareStamp(
  namespace: Namespace,
  bytes: Buffer,
  at: number,
  needs: { needsAddress: boolean; needsTime: boolean },
): void {
  const kind = (bytes[at + 3] ?? 0) & 15;
  if (kind === STAMP_TIME_ONLY) {
    if (!hasRoom(bytes, at, 4)) return;
    needs.needsTime = true;
    advance(bytes, at, 4);
    return;
  }
  if ((kind !== STAMP_WITH_ADDRESS && kind !== STAMP_PRESPECIFIED) || !hasRoom(bytes, at, 8)) {
    return;
  }
  if (kind === STAMP_PRESPECIFIED) {
    const asked = bytes.readInt32BE(at + (bytes[at + 2] ?? 0) - 1);
    if (namespace.fib.addressType(asked) === AddressType.UNICAST) return;
  }
  needs.needsAddress = kind === STAMP_WITH_ADDRESS;
  needs.needsTime = true;
  advance(bytes, at, 8);
}

/** Whether the pointer leaves room for so many bytes more. */
function hasRoom(bytes: Buffer, at: number, size: number): boolean {
  return (bytes[at + 2] ?? 0) + size - 1 <= (bytes[at + 1] ?? 0);
}

function advance(bytes: Buffer, at: number, size: number): void {
  bytes[at + 2] = (bytes[at + 2] ?? 0) + size;
}

/**
 * The kinds of IPv4 options, and where they are in a packet.
 *
 * Spec: RFC 791 §3.1. Kernel: include/uapi/linux/ip.h, 6.18.
 */
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";

/** Option types, copy flag included. */
export const Option = {
  END: 0,
  NOP: 1,
  RR: 7,
  TIMESTAMP: 68,
  LSRR: 131,
  SSRR: 137,
  RA: 148,
} as const;
/** Kinds of timestamps. */
export const STAMP_TIME_ONLY = 0;
export const STAMP_WITH_ADDRESS = 1;
export const STAMP_PRESPECIFIED = 3;
/** Timestamps count milliseconds of the day. */
export const DAY_MS = 86_400_000;

/** Where the options of a packet are that matter later, as positions in the frame, or 0. */
export interface OptionPlaces {
  recordRoute: number;
  timestamp: number;
  sourceRoute: number;
}

/** Finds the options of the packet at `frame.l3`. */
export function findOptions(frame: Frame): OptionPlaces {
  const { view, l3 } = frame;
  const places: OptionPlaces = { recordRoute: 0, timestamp: 0, sourceRoute: 0 };
  const end = l3 + ipv4.headerSize(view, l3);
  let at = l3 + ipv4.IPV4_SIZE;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === Option.END) break;
    if (type === Option.NOP) {
      at += 1;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) break;
    if (type === Option.RR) places.recordRoute = at;
    else if (type === Option.TIMESTAMP) places.timestamp = at;
    else if (type === Option.LSRR || type === Option.SSRR) places.sourceRoute = at;
    at += length;
  }
  return places;
}

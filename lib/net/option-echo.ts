/**
 * The options of an answer: those of the packet that it answers, turned round.
 *
 * Spec: RFC 1122 §3.2.1.8. Kernel: net/ipv4/ip_options.c (__ip_options_echo, ip_options_build), 6.18.
 */
import { type Ipv4, ipv4 as toIpv4 } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { RECORD_ROUTE, STAMP_ADDRESS, STAMP_TIME, WRONG_OPTIONS } from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import { DAY_MS, findOptions, type OptionPlaces, STAMP_PRESPECIFIED } from "./option-place.ts";

/** The options of an answer, made from those of the packet it answers. */
export class EchoedOptions {
  /** Whole words, padded. */
  readonly bytes: Buffer;
  /** Where the answer goes first when the packet came by a source route, or 0. */
  readonly firstHop: Ipv4;
  readonly #recordRoute: number;
  readonly #stampAddress: number;
  readonly #stampTime: number;
  readonly #sourceRoute: number;

  constructor(
    bytes: Buffer,
    firstHop: Ipv4,
    places: OptionPlaces & { needsAddress: boolean; needsTime: boolean; needsRecord: boolean },
  ) {
    this.bytes = bytes;
    this.firstHop = firstHop;
    this.#recordRoute = places.needsRecord ? places.recordRoute : -1;
    this.#stampAddress = places.needsAddress ? places.timestamp : -1;
    this.#stampTime = places.needsTime ? places.timestamp : -1;
    this.#sourceRoute = places.sourceRoute;
  }

  /** Fills in what is known only when the route is (`ip_options_build`). */
  finish(source: number, destination: number, nowMs: number): void {
    const { bytes } = this;
    if (this.#sourceRoute >= 0) {
      const at = this.#sourceRoute;
      bytes.writeInt32BE(destination, at + (bytes[at + 1] ?? 0) - 4);
    }
    if (this.#recordRoute >= 0) {
      const at = this.#recordRoute;
      bytes.writeInt32BE(source, at + (bytes[at + 2] ?? 0) - 5);
    }
    if (this.#stampAddress >= 0) {
      const at = this.#stampAddress;
      bytes.writeInt32BE(source, at + (bytes[at + 2] ?? 0) - 9);
    }
    if (this.#stampTime >= 0) {
      const at = this.#stampTime;
      bytes.writeUInt32BE(nowMs % DAY_MS, at + (bytes[at + 2] ?? 0) - 5);
    }
  }
}

/** The options for an answer to `frame`; null if it has none, undefined if they cannot be echoed. */
export function echoOptions(namespace: Namespace, frame: Frame): EchoedOptions | null | undefined {
  if (ipv4.headerSize(frame.view, frame.l3) === ipv4.IPV4_SIZE) return null;
  if ((frame.ipFlags & WRONG_OPTIONS) !== 0) return null;
  return new Echo(namespace, frame).run();
}

/** Turns the options of a packet round. */
class Echo {
  readonly #namespace: Namespace;
  readonly #frame: Frame;
  readonly #bytes = Buffer.alloc(40);
  readonly #source: Buffer;
  readonly #places: OptionPlaces;
  #length = 0;
  #firstHop = 0 as Ipv4;

  constructor(namespace: Namespace, frame: Frame) {
    this.#namespace = namespace;
    this.#frame = frame;
    this.#source = frame.bytes;
    this.#places = findOptions(frame);
  }

  run(): EchoedOptions | null | undefined {
    const { recordRoute, timestamp, sourceRoute } = this.#places;
    const found = {
      recordRoute: -1,
      timestamp: -1,
      sourceRoute: -1,
      needsRecord: false,
      needsAddress: false,
      needsTime: false,
    };
    if (recordRoute !== 0) {
      found.recordRoute = this.#copy(recordRoute);
      const outcome = this.#echoRecord(found.recordRoute);
      if (outcome === null) return undefined;
      found.needsRecord = outcome;
    }
    if (timestamp !== 0) {
      found.timestamp = this.#copy(timestamp);
      const outcome = this.#echoStamp(found.timestamp);
      if (outcome === null) return undefined;
      found.needsAddress = outcome.address;
      found.needsTime = outcome.time;
    }
    if (sourceRoute !== 0) found.sourceRoute = this.#turnRound(sourceRoute);
    if (this.#length === 0) return null;
    const padded = (this.#length + 3) & ~3;
    return new EchoedOptions(this.#bytes.subarray(0, padded), this.#firstHop, found);
  }

  #copy(from: number): number {
    const at = this.#length;
    const length = this.#source[from + 1] ?? 0;
    this.#source.copy(this.#bytes, at, from, from + length);
    this.#length += length;
    return at;
  }

  #echoRecord(at: number): boolean | null {
    const length = this.#bytes[at + 1] ?? 0;
    const pointer = this.#bytes[at + 2] ?? 0;
    if ((this.#frame.ipFlags & RECORD_ROUTE) === 0 || pointer > length) return false;
    if (pointer + 3 > length) return null;
    this.#bytes[at + 2] = pointer + 4;
    return true;
  }

  #echoStamp(at: number): { address: boolean; time: boolean } | null {
    const { ipFlags } = this.#frame;
    const length = this.#bytes[at + 1] ?? 0;
    let pointer = this.#bytes[at + 2] ?? 0;
    const needs = { address: false, time: false };
    if (pointer > length) return needs;
    if ((ipFlags & STAMP_ADDRESS) !== 0) {
      if (pointer + 3 > length) return null;
      needs.address = true;
      pointer += 4;
    }
    if ((ipFlags & STAMP_TIME) !== 0) {
      if (pointer + 3 > length) return null;
      if (((this.#bytes[at + 3] ?? 0) & 15) !== STAMP_PRESPECIFIED) {
        needs.time = true;
        pointer += 4;
      } else if (pointer + 7 <= length) {
        const address = this.#bytes.readInt32BE(at + pointer - 1);
        if (this.#namespace.fib.addressType(address) !== AddressType.UNICAST) {
          needs.time = true;
          pointer += 8;
        }
      }
    }
    this.#bytes[at + 2] = pointer;
    return needs;
  }

  /** The stops in the other order; the first one becomes the destination. */
  #turnRound(from: number): number {
    const source = this.#source;
    const size = source[from + 1] ?? 0;
    let pointer = Math.min(source[from + 2] ?? 0, size + 1) - 4;
    if (pointer <= 3) return -1;
    this.#firstHop = toIpv4(source.readInt32BE(from + pointer - 1));
    const at = this.#length;
    let filled = 4;
    for (pointer -= 4; pointer > 3; pointer -= 4) {
      source.copy(this.#bytes, at + filled - 1, from + pointer - 1, from + pointer + 3);
      filled += 4;
    }
    const sender = ipv4.source(this.#frame.view, this.#frame.l3);
    if (source.readInt32BE(from + pointer + 3) === sender) filled -= 4;
    if (filled <= 3) return -1;
    this.#bytes[at] = source[from] ?? 0;
    this.#bytes[at + 1] = filled + 3;
    this.#bytes[at + 2] = 4;
    this.#length += filled + 3;
    return at;
  }
}

/**
 * Checks the options of a packet that came in, and fills in what this host adds to them.
 *
 * Spec: RFC 791 §3.1, RFC 1812 §5.2.4. Kernel: net/ipv4/ip_options.c (__ip_options_compile), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import {
  RECORD_ROUTE,
  SOURCE_ROUTED,
  STAMP_ADDRESS,
  STAMP_TIME,
  STRICT_ROUTE,
} from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import {
  DAY_MS,
  Option,
  STAMP_PRESPECIFIED,
  STAMP_TIME_ONLY,
  STAMP_WITH_ADDRESS,
} from "./option-place.ts";

/** Looks through the options of one packet, whose route is decided; changes it in place. */
export class OptionCompiler {
  readonly #namespace: Namespace;
  readonly #frame: Frame;
  readonly #view: DataView;
  #seenRecord = false;
  #seenStamp = false;

  constructor(namespace: Namespace, frame: Frame) {
    this.#namespace = namespace;
    this.#frame = frame;
    this.#view = frame.view;
  }

  /** 0, or the position of the first byte that is wrong. */
  run(): number {
    const { l3 } = this.#frame;
    const end = l3 + ipv4.headerSize(this.#view, l3);
    let at = l3 + ipv4.IPV4_SIZE;
    while (at < end) {
      const type = this.#view.getUint8(at);
      if (type === Option.END) {
        this.#frame.bytes.fill(Option.END, at, end);
        return 0;
      }
      if (type === Option.NOP) {
        at += 1;
        continue;
      }
      if (end - at < 2) return at;
      const length = this.#view.getUint8(at + 1);
      if (length < 2 || length > end - at) return at;
      const wrong = this.#option(type, at, length);
      if (wrong !== 0) return wrong;
      at += length;
    }
    return 0;
  }

  #option(type: number, at: number, length: number): number {
    switch (type) {
      case Option.LSRR:
      case Option.SSRR:
        return this.#sourceRoute(type, at, length);
      case Option.RR:
        return this.#recordRoute(at, length);
      case Option.TIMESTAMP:
        return this.#timestamp(at, length);
      case Option.RA:
        return length < 4 ? at + 1 : 0;
      default:
        return 0;
    }
  }

  #sourceRoute(type: number, at: number, length: number): number {
    if (length < 3) return at + 1;
    if (this.#view.getUint8(at + 2) < 4) return at + 2;
    if ((this.#frame.ipFlags & SOURCE_ROUTED) !== 0) return at;
    this.#frame.ipFlags |= SOURCE_ROUTED | (type === Option.SSRR ? STRICT_ROUTE : 0);
    return 0;
  }

  #recordRoute(at: number, length: number): number {
    const view = this.#view;
    if (this.#seenRecord) return at;
    if (length < 3) return at + 1;
    const pointer = view.getUint8(at + 2);
    if (pointer < 4) return at + 2;
    this.#seenRecord = true;
    if (pointer > length) return 0;
    if (pointer + 3 > length) return at + 2;
    view.setInt32(at + pointer - 1, this.#ownAddress());
    view.setUint8(at + 2, pointer + 4);
    this.#frame.ipFlags |= RECORD_ROUTE;
    return 0;
  }

  #timestamp(at: number, length: number): number {
    const view = this.#view;
    if (this.#seenStamp) return at;
    if (length < 4) return at + 1;
    const pointer = view.getUint8(at + 2);
    if (pointer < 5) return at + 2;
    this.#seenStamp = true;
    const flags = view.getUint8(at + 3);
    if (pointer > length) {
      if (flags >>> 4 === 15) return at + 3;
      view.setUint8(at + 3, flags + 0x10);
      return 0;
    }
    if (pointer + 3 > length) return at + 2;
    return this.#stamp(at, pointer, length, flags & 15);
  }

  #stamp(at: number, pointer: number, length: number, kind: number): number {
    const view = this.#view;
    const slot = at + pointer - 1;
    if (kind === STAMP_TIME_ONLY) {
      this.#setTime(slot);
      view.setUint8(at + 2, pointer + 4);
      this.#frame.ipFlags |= STAMP_TIME;
      return 0;
    }
    if (kind !== STAMP_WITH_ADDRESS && kind !== STAMP_PRESPECIFIED) return 0;
    if (pointer + 7 > length) return at + 2;
    if (kind === STAMP_WITH_ADDRESS) {
      view.setInt32(slot, this.#ownAddress());
      this.#frame.ipFlags |= STAMP_ADDRESS;
    } else if (this.#namespace.fib.addressType(view.getInt32(slot)) === AddressType.UNICAST) {
      return 0;
    }
    this.#setTime(slot + 4);
    view.setUint8(at + 2, pointer + 8);
    this.#frame.ipFlags |= STAMP_TIME;
    return 0;
  }

  #setTime(at: number): void {
    this.#view.setUint32(at, this.#namespace.clockMs % DAY_MS);
  }

  #ownAddress(): Ipv4 {
    return this.#namespace.icmp.specificDestination(this.#frame);
  }
}

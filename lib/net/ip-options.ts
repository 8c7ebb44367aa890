/**
 * IPv4 options as a host and a router treat them: checked on the way in, filled in on the way
 * through (record route, timestamps, source routes), and turned round for answers.
 *
 * Spec: RFC 791 §3.1, RFC 1812 §5.2.4. Kernel: net/ipv4/ip_options.c (__ip_options_compile,
 * ip_options_rcv_srr, ip_forward_options, __ip_options_echo, ip_options_build), 6.18.
 * Differs: an error about a wrong option echoes no option at all; Linux echoes those before it.
 * Not modelled: CIPSO labels, router alert sockets.
 */
import { type Ipv4, ipv4 as toIpv4 } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import { ICMP_PARAMETER_PROBLEM } from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import {
  RECORD_ROUTE,
  SOURCE_ROUTE_HIT,
  SOURCE_ROUTED,
  STAMP_ADDRESS,
  STAMP_TIME,
  STRICT_ROUTE,
  WRONG_OPTIONS,
} from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import { type Route, routeOf, Scope } from "./route.ts";

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
const STAMP_TIME_ONLY = 0;
const STAMP_WITH_ADDRESS = 1;
const STAMP_PRESPECIFIED = 3;
const DAY_MS = 86_400_000;

/** Where the options of a packet are that matter later, as positions in the frame, or 0. */
interface OptionPlaces {
  recordRoute: number;
  timestamp: number;
  sourceRoute: number;
}

/**
 * Checks and fills in the options of a packet that came in, its route decided (`ip_rcv_options`).
 * Returns false when the packet was dropped.
 */
export function compileReceivedOptions(
  namespace: Namespace,
  frame: Frame,
  device: NetDevice,
): boolean {
  const wrong = new Compiler(namespace, frame).run();
  if (wrong !== 0) {
    frame.ipFlags |= WRONG_OPTIONS;
    namespace.snmp.ip.InHdrErrors += 1;
    namespace.icmp.sendError(frame, ICMP_PARAMETER_PROBLEM, 0, (wrong - frame.l3) << 24);
    frame.drop(DropReason.IP_INHDR, namespace.drops);
    return false;
  }
  ipv4.finishHeader(frame.view, frame.l3);
  if ((frame.ipFlags & SOURCE_ROUTED) === 0) return true;
  const owner = namespace.inet(device);
  if (owner.acceptSourceRoute && followSourceRoute(namespace, frame, device)) return true;
  frame.drop(DropReason.IP_INHDR, namespace.drops);
  return false;
}

/** Fills in the address by which a forwarded packet leaves (`ip_forward_options`). */
export function forwardOptions(namespace: Namespace, frame: Frame, route: Route): void {
  const { view, l3 } = frame;
  const places = findOptions(frame);
  const source = leavingAddress(namespace, frame, route);
  if ((frame.ipFlags & RECORD_ROUTE) !== 0 && places.recordRoute !== 0) {
    const at = places.recordRoute;
    view.setInt32(at + view.getUint8(at + 2) - 5, source);
  }
  if ((frame.ipFlags & SOURCE_ROUTE_HIT) !== 0 && places.sourceRoute !== 0) {
    const at = places.sourceRoute;
    const size = view.getUint8(at + 1);
    for (let pointer = view.getUint8(at + 2); pointer + 3 <= size; pointer += 4) {
      const next = view.getInt32(at + pointer - 1);
      if (namespace.fib.addressType(next) === AddressType.LOCAL) continue;
      ipv4.setDestination(view, l3, next);
      view.setInt32(at + pointer - 1, source);
      view.setUint8(at + 2, pointer + 4);
      break;
    }
    if ((frame.ipFlags & STAMP_ADDRESS) !== 0 && places.timestamp !== 0) {
      const stamp = places.timestamp;
      view.setInt32(stamp + view.getUint8(stamp + 2) - 9, source);
    }
  }
  ipv4.finishHeader(view, l3);
}

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

/** Looks through the options of a packet and fills in this host's part. */
class Compiler {
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

/** This host is a stop of the source route: goes on to the next one (`ip_options_rcv_srr`). */
function followSourceRoute(namespace: Namespace, frame: Frame, device: NetDevice): boolean {
  const { view, l3 } = frame;
  const route = routeOf(frame);
  if (route === null || frame.packetType !== PacketType.HOST) return false;
  if (route.type === AddressType.UNICAST) {
    if ((frame.ipFlags & STRICT_ROUTE) === 0) return true;
    namespace.icmp.sendError(frame, ICMP_PARAMETER_PROBLEM, 0, 16 << 24);
    return false;
  }
  if (route.type !== AddressType.LOCAL) return false;
  const at = findOptions(frame).sourceRoute;
  const size = view.getUint8(at + 1);
  for (let pointer = view.getUint8(at + 2); pointer <= size; pointer += 4) {
    if (pointer + 3 > size) {
      namespace.icmp.sendError(frame, ICMP_PARAMETER_PROBLEM, 0, (at - l3 + 2) << 24);
      return false;
    }
    const next = toIpv4(view.getInt32(at + pointer - 1));
    const tos = ipv4.tos(view, l3) & 0xfc;
    frame.route = null;
    const reason = namespace.routing.input(frame, next, ipv4.source(view, l3), tos, device);
    const type = routeOf(frame)?.type;
    if (reason !== null || (type !== AddressType.UNICAST && type !== AddressType.LOCAL)) {
      frame.route = route;
      return false;
    }
    if (type === AddressType.UNICAST) {
      frame.ipFlags |= SOURCE_ROUTE_HIT;
      return true;
    }
    ipv4.setDestination(view, l3, next);
  }
  return true;
}

function findOptions(frame: Frame): OptionPlaces {
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

/** The address that a router writes into options of what it forwards (`ip_rt_get_source`). */
function leavingAddress(namespace: Namespace, frame: Frame, route: Route): Ipv4 {
  const { view, l3 } = frame;
  if (!route.isInput) return ipv4.source(view, l3);
  const nexthop = route.nexthop(ipv4.destination(view, l3));
  return namespace.addresses.select(route.device, nexthop, Scope.UNIVERSE);
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

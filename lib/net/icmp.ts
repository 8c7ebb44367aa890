/**
 * The ICMP messages that come in: requests are answered, errors are taken to the transport whose
 * packet they quote, echo replies to whoever waits for them.
 *
 * Spec: RFC 792, RFC 1122 §3.2.2. Kernel: net/ipv4/icmp.c (icmp_rcv, icmp_unreach, icmp_redirect,
 * icmp_echo, icmp_timestamp), net/ipv4/ping.c (ping_rcv), 6.18.
 * Not modelled: extended echo (RFC 8335), extension objects in errors (RFC 4884).
 */
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_ICMP } from "../wire/protocol-numbers.ts";
import { HIGHEST_TYPE, IcmpSender } from "./icmp-send.ts";
import type { IcmpListener, TransportProtocol } from "./inet.ts";
import { SEEN_RAW } from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import { routeOf } from "./route.ts";

const ICMP_ADDRESS = 17;
const ICMP_ADDRESS_REPLY = 18;
const TIMESTAMPS_SIZE = 12;

/** ICMP on one host. */
export class Icmp extends IcmpSender implements TransportProtocol {
  /** Ping sockets. */
  readonly listeners: IcmpListener[] = [];
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    super(namespace);
    this.#namespace = namespace;
  }

  /** Takes a message for this host, `start` at the ICMP header. */
  receive(frame: Frame): void {
    const { snmp, drops } = this.#namespace;
    const { view, start, end } = frame;
    snmp.icmp.InMsgs += 1;
    if (!frame.checksumVerified && !icmp.checksumIsRight(view, start, end)) {
      snmp.icmp.InCsumErrors += 1;
      snmp.icmp.InErrors += 1;
      frame.drop(DropReason.ICMP_CSUM, drops);
      return;
    }
    if (end - start < icmp.ICMP_SIZE) {
      snmp.icmp.InErrors += 1;
      frame.drop(DropReason.PKT_TOO_SMALL, drops);
      return;
    }
    const type = icmp.type(view, start);
    snmp.icmpIn[type] = (snmp.icmpIn[type] ?? 0) + 1;
    if (type > HIGHEST_TYPE) {
      snmp.icmp.InErrors += 1;
      frame.drop(DropReason.UNHANDLED_PROTO, drops);
      return;
    }
    if (!this.#acceptsCast(frame, type)) {
      snmp.icmp.InErrors += 1;
      frame.drop(DropReason.INVALID_PROTO, drops);
      return;
    }
    const reason = this.#handle(frame, type);
    if (reason === null) frame.deliver();
    else frame.drop(reason, drops);
  }

  /** An error about an ICMP message of this host: for ping sockets, and for the routes. */
  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    const { view } = frame;
    if (icmp.type(view, innerL3 + ipv4.headerSize(view, innerL3)) === icmp.ICMP_ECHO) {
      for (const listener of this.listeners) {
        listener.icmpError(frame, innerL3, type, code, info);
      }
    }
    this.#namespace.pathMtu.learn(frame, innerL3, type, code, info);
  }

  #acceptsCast(frame: Frame, type: number): boolean {
    const route = routeOf(frame);
    if (route === null || (!route.isBroadcast && !route.isMulticast)) return true;
    if (type === icmp.ICMP_ECHO || type === icmp.ICMP_TIMESTAMP) {
      return this.#namespace.conf.icmpEchoIgnoreBroadcasts === 0;
    }
    return type === ICMP_ADDRESS || type === ICMP_ADDRESS_REPLY;
  }

  #handle(frame: Frame, type: number): DropReason | null {
    switch (type) {
      case icmp.ICMP_ECHO_REPLY:
        return this.#deliverEchoReply(frame);
      case icmp.ICMP_UNREACHABLE:
      case icmp.ICMP_SOURCE_QUENCH:
      case icmp.ICMP_TIME_EXCEEDED:
      case icmp.ICMP_PARAMETER_PROBLEM:
        return this.#unreach(frame, type);
      case icmp.ICMP_REDIRECT:
        return this.#redirect(frame);
      case icmp.ICMP_ECHO:
        return this.#echo(frame);
      case icmp.ICMP_TIMESTAMP:
        return this.#timestamp(frame);
      default:
        return null;
    }
  }

  #deliverEchoReply(frame: Frame): DropReason | null {
    let wanted = (frame.ipFlags & SEEN_RAW) !== 0;
    for (const listener of this.listeners) if (listener.icmpMessage(frame)) wanted = true;
    return wanted ? null : DropReason.NO_SOCKET;
  }

  #echo(frame: Frame): DropReason | null {
    if (this.#namespace.conf.icmpEchoIgnoreAll !== 0) return DropReason.NOT_SPECIFIED;
    this.reply(frame, icmp.ICMP_ECHO_REPLY, frame.end - frame.start);
    return null;
  }

  #timestamp(frame: Frame): DropReason | null {
    if (frame.end - frame.start < icmp.ICMP_SIZE + 4) {
      this.#namespace.snmp.icmp.InErrors += 1;
      return DropReason.PKT_TOO_SMALL;
    }
    this.reply(frame, icmp.ICMP_TIMESTAMP_REPLY, icmp.ICMP_SIZE + TIMESTAMPS_SIZE);
    return null;
  }

  /** An error about a packet that this host sent (`icmp_unreach`). */
  #unreach(frame: Frame, type: number): DropReason | null {
    const { view, start, end } = frame;
    const inner = start + icmp.ICMP_SIZE;
    const { conf, fib, snmp } = this.#namespace;
    if (end - inner < ipv4.IPV4_SIZE || ipv4.headerSize(view, inner) < ipv4.IPV4_SIZE) {
      snmp.icmp.InErrors += 1;
      return DropReason.NOT_SPECIFIED;
    }
    const code = icmp.code(view, start);
    let info = 0;
    if (type === icmp.ICMP_UNREACHABLE) {
      if (code === icmp.UNREACHABLE_FRAGMENTATION_NEEDED) {
        if (conf.ipNoPmtuDisc === 2) return null;
        if (conf.ipNoPmtuDisc === 0 || conf.ipNoPmtuDisc === 3) info = icmp.nextHopMtu(view, start);
      }
      if (code > 15) return null;
    } else if (type === icmp.ICMP_PARAMETER_PROBLEM) {
      info = icmp.rest(view, start) >>> 24;
    } else if (type === icmp.ICMP_TIME_EXCEEDED && code === icmp.TIME_EXCEEDED_REASSEMBLY) {
      return null;
    }
    const about = ipv4.destination(view, inner);
    if (
      conf.icmpIgnoreBogusErrorResponses === 0 &&
      fib.addressType(about) === AddressType.BROADCAST
    ) {
      return null;
    }
    this.#tellTransport(frame, inner, type, code, info);
    return null;
  }

  #redirect(frame: Frame): DropReason | null {
    const { view, start, end } = frame;
    const inner = start + icmp.ICMP_SIZE;
    if (end - inner < ipv4.IPV4_SIZE) {
      this.#namespace.snmp.icmp.InErrors += 1;
      return DropReason.PKT_TOO_SMALL;
    }
    const gateway = icmp.rest(view, start);
    this.#tellTransport(frame, inner, icmp.ICMP_REDIRECT, icmp.code(view, start), gateway);
    return null;
  }

  #tellTransport(frame: Frame, inner: number, type: number, code: number, info: number): void {
    const { view, end } = frame;
    const { snmp } = this.#namespace;
    if (end - inner < ipv4.headerSize(view, inner) + 8) {
      snmp.icmp.InErrors += 1;
      return;
    }
    const protocol = ipv4.protocol(view, inner);
    // Raw sockets of another protocol than ICMP, whose own are told by its transport.
    if (protocol !== IPPROTO_ICMP) {
      for (const one of this.listeners) one.icmpError(frame, inner, type, code, info);
    }
    this.#namespace.transport(protocol)?.icmpError(frame, inner, type, code, info);
  }
}

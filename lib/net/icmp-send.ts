/**
 * The ICMP messages that a host sends: answers to requests, and errors about packets that cannot
 * go on, within limits of number.
 *
 * Spec: RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3. Kernel: net/ipv4/icmp.c (__icmp_send, icmp_reply),
 * net/ipv4/route.c (ipv4_link_failure, ip_rt_send_redirect), 6.18.
 */
import { ANY_ADDRESS, type Ipv4, isZeroNet } from "../base/inet.ts";
import { attachAnswer } from "../netfilter/conntrack/connection.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { KERNEL_SOCKET } from "../netfilter/socket-owner.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_ICMP } from "../wire/protocol-numbers.ts";
import { FibResult } from "./fib-info.ts";
import { IcmpLimit } from "./icmp-limit.ts";
import { Flow, PacketFields } from "./inet.ts";
import type { Namespace } from "./namespace.ts";
import { type EchoedOptions, echoOptions } from "./option-echo.ts";
import { type Route, routeOf, Scope } from "./route.ts";
import { preferredSource } from "./route-nexthop.ts";

/** An error is at most this long, whole. */
const ERROR_LENGTH = 576;
/** 192.0.0.8, the source of errors of a host that has no address. */
const DUMMY_ADDRESS = 0xc0000008 | 0;
/** The highest ICMP type that the kernel knows (NR_ICMP_TYPES). */
export const HIGHEST_TYPE = 18;
/** Internetwork control, the precedence of errors. */
const PRECEDENCE_CONTROL = 0xc0;
const DAY_MS = 86_400_000;

/** One of each for all hosts: a message is sent before the next is made. */
const scratch = { flow: new Flow(), fields: new PacketFields(), result: new FibResult() };

/** The sending half of ICMP on one host. */
export abstract class IcmpSender {
  readonly #namespace: Namespace;
  #limitMade: IcmpLimit | null = null;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Made for the first message. */
  get #limit(): IcmpLimit {
    this.#limitMade ??= new IcmpLimit(this.#namespace);
    return this.#limitMade;
  }

  /**
   * Sends an error about a packet (`icmp_send`); borrows it. `l3` is at its IPv4 header and its
   * route is set. Nothing is sent about errors, fragments but the first, and broadcasts.
   * @param info the second word of the message: next-hop MTU, gateway, pointer shifted by 24
   */
  sendError(frame: Frame, type: number, code: number, info: number): void {
    const route = routeOf(frame);
    if (route === null || !isWorthAnError(frame, route)) return;
    const { cpu, conf } = this.#namespace;
    cpu.disable();
    const limited = this.#limit.isLimited(type, code);
    const fromLoopback = this.#isFromLoopback(frame);
    if (!limited || fromLoopback || this.#limit.allowsGlobally()) {
      const { view, l3 } = frame;
      const flow = scratch.flow.reset();
      flow.destination = ipv4.source(view, l3);
      flow.source = route.isLocal ? ipv4.destination(view, l3) : this.#errorSource(frame, route);
      flow.tos = (ipv4.tos(view, l3) & 0x1e) | PRECEDENCE_CONTROL;
      flow.mark = conf.fwmarkReflect === 0 ? 0 : frame.mark;
      flow.protocol = IPPROTO_ICMP;
      this.#emitError(frame, flow, type, code, info, limited);
    }
    cpu.enable();
  }

  /** Tells a sender that another router is nearer (`ip_rt_send_redirect`); borrows the packet. */
  sendRedirect(frame: Frame, route: Route): void {
    const { view, l3 } = frame;
    if (!this.#namespace.inet(route.device).sendRedirects) return;
    if (!this.#limit.allowsRedirect(ipv4.source(view, l3))) return;
    const gateway = route.nexthop(ipv4.destination(view, l3));
    this.sendError(frame, icmp.ICMP_REDIRECT, icmp.REDIRECT_HOST, gateway);
  }

  /** The next hop of a packet does not answer: takes the packet (`ipv4_link_failure`). */
  linkFailure(frame: Frame): void {
    frame.l3 = frame.start;
    this.sendError(frame, icmp.ICMP_UNREACHABLE, icmp.UNREACHABLE_HOST, 0);
    frame.drop(DropReason.NEIGH_FAILED, this.#namespace.drops);
  }

  /** Whether a router may tell this sender that there is no route. */
  allowsRouteError(sender: number): boolean {
    return this.#limit.allowsRouteError(sender);
  }

  /** Counts a message that goes out, ping sockets' included. */
  countOut(type: number): void {
    const { snmp } = this.#namespace;
    snmp.icmp.OutMsgs += 1;
    snmp.icmpOut[type] = (snmp.icmpOut[type] ?? 0) + 1;
  }

  /**
   * Answers a request, borrowed, with its identifier, sequence number and as much of its data as
   * `length` bytes of message take (`icmp_reply`).
   */
  reply(request: Frame, type: number, length: number): void {
    const { cpu, conf, pool } = this.#namespace;
    const { view, l3, start } = request;
    const options = echoOptions(this.#namespace, request);
    if (options === undefined) return;
    cpu.disable();
    const flow = scratch.flow.reset();
    const sender = ipv4.source(view, l3);
    flow.destination = options === null || options.firstHop === 0 ? sender : options.firstHop;
    flow.source = this.specificDestination(request);
    flow.tos = ipv4.tos(view, l3);
    flow.mark = conf.fwmarkReflect === 0 ? 0 : request.mark;
    flow.protocol = IPPROTO_ICMP;
    const limited = this.#limit.isLimited(type, 0);
    const route = this.#namespace.routing.output(flow);
    const allowed =
      typeof route !== "number" &&
      (!limited ||
        (this.#limit.allowsGlobally() && this.#limit.allows(flow.destination, route.loopback)));
    if (allowed) {
      const frame = pool.takeForPayload(length);
      const copied = Math.min(length, request.end - start);
      request.bytes.copy(frame.bytes, frame.start, start, start + copied);
      frame.view.setUint8(frame.start, type);
      if (type === icmp.ICMP_TIMESTAMP_REPLY) {
        frame.view.setUint8(frame.start + 1, 0);
        const now = this.#namespace.clockMs % DAY_MS;
        frame.view.setUint32(frame.start + 12, now);
        frame.view.setUint32(frame.start + 16, now);
      }
      icmp.finishMessage(frame.view, frame.start, frame.end);
      // The kernel counts every answer as an echo reply: its flow names no ICMP type.
      this.#send(frame, route, flow, sender, flow.tos, icmp.ICMP_ECHO_REPLY, options);
    }
    cpu.enable();
  }

  /**
   * The address of this host that a packet was meant for, or, of a broadcast or a forwarded packet,
   * the one by which this host speaks to the sender (`fib_compute_spec_dst`).
   */
  specificDestination(frame: Frame): Ipv4 {
    const { view, l3 } = frame;
    const route = routeOf(frame);
    if (route !== null && route.type === AddressType.LOCAL) return ipv4.destination(view, l3);
    const sender = ipv4.source(view, l3);
    const { fib, addresses } = this.#namespace;
    if (!isZeroNet(sender)) {
      const flow = scratch.flow.reset();
      flow.destination = sender;
      const error = fib.lookup(flow, scratch.result);
      const { entry, nexthop } = scratch.result;
      if (error === 0 && entry !== null && nexthop !== null) {
        return preferredSource(this.#namespace, entry, nexthop);
      }
    }
    const device = this.#namespace.deviceByIndex(frame.inputIndex) ?? this.#namespace.loopback;
    return addresses.select(device, sender, isZeroNet(sender) ? Scope.LINK : Scope.UNIVERSE);
  }

  #emitError(
    frame: Frame,
    flow: Flow,
    type: number,
    code: number,
    info: number,
    limited: boolean,
  ): void {
    const options = echoOptions(this.#namespace, frame);
    if (options === undefined) return;
    const { tos } = flow;
    const sender = flow.destination;
    if (options !== null && options.firstHop !== 0) flow.destination = options.firstHop;
    const route = this.#namespace.routing.output(flow);
    if (typeof route === "number") return;
    if (limited && !this.#limit.allows(flow.destination, route.loopback)) return;
    const optionsLength = options?.bytes.length ?? 0;
    const room =
      Math.min(route.mtu, ERROR_LENGTH) - ipv4.IPV4_SIZE - optionsLength - icmp.ICMP_SIZE;
    if (room <= ipv4.IPV4_SIZE) return;
    if (flow.source === 0) flow.source = DUMMY_ADDRESS as Ipv4;
    const available = frame.end - frame.l3 + frame.payloadLength;
    const error = this.#namespace.pool.takeForPayload(icmp.ICMP_SIZE + Math.min(available, room));
    quote(frame, error);
    // The error belongs to the connection of its cause, so that NAT translates it back.
    attachAnswer(error, frame);
    icmp.write(error.view, error.start, error.end, type, code, info);
    this.#send(error, route, flow, sender, tos, type, options);
  }

  #send(
    frame: Frame,
    route: Route,
    flow: Flow,
    receiver: Ipv4,
    tos: number,
    type: number,
    options: EchoedOptions | null,
  ): void {
    const fields = scratch.fields;
    fields.source = flow.source;
    fields.destination = flow.destination;
    fields.protocol = IPPROTO_ICMP;
    fields.tos = tos;
    options?.finish(flow.source, receiver, this.#namespace.clockMs);
    fields.options = options?.bytes ?? null;
    frame.mark = flow.mark;
    frame.socket = KERNEL_SOCKET;
    this.countOut(type);
    this.#namespace.ipOutput.queueXmit(frame, route, fields);
  }

  /** The source of an error from a router, chosen by the way back unless a switch says otherwise. */
  #errorSource(frame: Frame, route: Route): Ipv4 {
    if (!route.isInput || this.#namespace.conf.icmpErrorsUseInboundIfaddr === 0) {
      return ANY_ADDRESS;
    }
    const device = this.#namespace.deviceByIndex(frame.inputIndex);
    if (device === null) return ANY_ADDRESS;
    const sender = ipv4.source(frame.view, frame.l3);
    return this.#namespace.addresses.select(device, sender, Scope.LINK);
  }

  #isFromLoopback(frame: Frame): boolean {
    return this.#namespace.deviceByIndex(frame.inputIndex)?.kind === "loopback";
  }
}

/** Whether an error may be sent about a packet at all (RFC 1122 §3.2.2). */
function isWorthAnError(frame: Frame, route: Route): boolean {
  const { view, l3 } = frame;
  if (frame.packetType !== PacketType.HOST || route.isBroadcast || route.isMulticast) return false;
  if ((ipv4.fragment(view, l3) & ipv4.FRAGMENT_OFFSET_MASK) !== 0) return false;
  if (ipv4.protocol(view, l3) !== IPPROTO_ICMP) return true;
  const inner = l3 + ipv4.headerSize(view, l3);
  if (inner >= frame.end) return false;
  const type = icmp.type(view, inner);
  return type <= HIGHEST_TYPE && !icmp.isError(type);
}

/** Copies the beginning of a packet behind the ICMP header of an error, as much as fits. */
function quote(frame: Frame, error: Frame): void {
  const at = error.start + icmp.ICMP_SIZE;
  const room = error.end - at;
  const own = Math.min(room, frame.end - frame.l3);
  frame.bytes.copy(error.bytes, at, frame.l3, frame.l3 + own);
  if (own < room && frame.payload !== null) {
    const from = frame.payloadAt;
    frame.payload.copy(error.bytes, at + own, from, from + room - own);
  }
}

/**
 * The way in: checks, PREROUTING hook, route, and local delivery or forwarding.
 *
 * Kernel: net/ipv4/ip_input.c (ip_rcv_core, ip_rcv_finish_core, ip_local_deliver,
 * ip_protocol_deliver_rcu), net/ipv4/route.c (ip_error), 6.18.
 * Not modelled: early demultiplexing (`ip_early_demux`), which saves the route look-up of packets
 * of established connections.
 */
import { EACCES, EHOSTUNREACH, ENETUNREACH } from "../base/errno.ts";
import type { NetDevice } from "../link/device.ts";
import { bridgeInfoOf } from "../netfilter/bridge-info.ts";
import { AddressType, Hook } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import {
  ICMP_UNREACHABLE,
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PROTOCOL,
} from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { DO_REDIRECT, SEEN_RAW } from "./ip-flags.ts";
import { compileReceivedOptions } from "./ip-options.ts";
import type { Namespace } from "./namespace.ts";
import { LOCAL_DELIVERY } from "./reassembly.ts";
import { type Route, routeOf } from "./route.ts";

/** The input side of IPv4 on one host. */
export class IpInput {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Takes a packet that came in by `device`, `start` at its IPv4 header (`ip_rcv`). @hot */
  receive(frame: Frame, device: NetDevice): void {
    if (frame.packetType === PacketType.OTHERHOST) {
      frame.drop(DropReason.OTHERHOST, this.#namespace.drops);
      return;
    }
    const { netfilter, snmp } = this.#namespace;
    snmp.ip.InReceives += 1;
    snmp.ipExt.InOctets += frame.end - frame.start;
    if (!this.validate(frame, true)) return;
    // What a bridge or a loopback noted about the packet is forgotten (`IPCB`), so one that was put
    // together on a bridge goes on whole if it fits.
    frame.ipFlags = 0;
    frame.fragmentMaxSize = 0;
    let passed: Frame | null = frame;
    if (netfilter.active(Hook.PREROUTING) && !passedOnBridge(frame)) {
      passed = netfilter.run(Hook.PREROUTING, frame, device, null);
      if (passed === null) return;
    }
    this.finish(passed, device);
  }

  /** Decides the route of a packet that has passed PREROUTING and follows it. @hot */
  finish(frame: Frame, device: NetDevice): void {
    const { view, l3 } = frame;
    let route = routeOf(frame);
    if (route === null) {
      const reason = this.#namespace.routing.input(
        frame,
        ipv4.destination(view, l3),
        ipv4.source(view, l3),
        ipv4.tos(view, l3) & 0xfc,
        device,
      );
      if (reason !== null) {
        if (reason === DropReason.IP_RPFILTER) this.#namespace.snmp.IPReversePathFilter += 1;
        frame.drop(reason, this.#namespace.drops);
        return;
      }
      route = routeOf(frame);
      if (route === null) return;
      if (route.redirects) frame.ipFlags |= DO_REDIRECT;
    }
    if (ipv4.headerSize(view, l3) > ipv4.IPV4_SIZE) {
      const compiled = compileReceivedOptions(this.#namespace, frame, device);
      if (!compiled) return;
      route = routeOf(frame) ?? route;
    }
    if (!this.#countCast(frame, route, device)) return;
    if (route.error !== 0) this.#fail(frame, route, device);
    else if (route.isLocal) this.localDeliver(frame, device);
    else this.#namespace.ipForward.forward(frame, route, device);
  }

  /** Delivers a packet to this host (`ip_local_deliver`). @hot */
  localDeliver(frame: Frame, device: NetDevice): void {
    let whole: Frame | null = frame;
    if (ipv4.isFragment(frame.view, frame.l3)) {
      whole = this.#namespace.reassembly.receive(frame, LOCAL_DELIVERY, device);
      if (whole === null) return;
    }
    const { netfilter } = this.#namespace;
    if (netfilter.active(Hook.INPUT)) {
      whole = netfilter.run(Hook.INPUT, whole, device, null);
      if (whole === null) return;
    }
    this.#deliver(whole);
  }

  /**
   * Checks the header at `start`, cuts padding off and sets `l3` and `l4`. A packet that is no IPv4
   * packet is dropped and counted, and false returned. `countsEcn`: it has come to this host, not
   * only to its bridge. @hot
   */
  validate(frame: Frame, countsEcn: boolean): boolean {
    const { snmp, drops } = this.#namespace;
    const { view, start } = frame;
    const available = frame.end - start;
    if (available < ipv4.IPV4_SIZE) return this.#headerError(frame);
    const size = ipv4.headerSize(view, start);
    if (view.getUint8(start) >>> 4 !== 4 || size < ipv4.IPV4_SIZE) return this.#headerError(frame);
    if (countsEcn) this.#countEcn(ipv4.tos(view, start) & 3);
    if (available < size) return this.#headerError(frame);
    if (!ipv4.checksumIsRight(view, start)) {
      snmp.ipExt.InCsumErrors += 1;
      snmp.ip.InHdrErrors += 1;
      frame.drop(DropReason.IP_CSUM, drops);
      return false;
    }
    const total = ipv4.totalLength(view, start);
    if (available < total) {
      snmp.ipExt.InTruncatedPkts += 1;
      frame.drop(DropReason.PKT_TOO_SMALL, drops);
      return false;
    }
    if (total < size) return this.#headerError(frame);
    frame.trim(start + total);
    frame.l3 = start;
    frame.l4 = start + size;
    return true;
  }

  #headerError(frame: Frame): boolean {
    this.#namespace.snmp.ip.InHdrErrors += 1;
    frame.drop(DropReason.IP_INHDR, this.#namespace.drops);
    return false;
  }

  #countEcn(ecn: number): void {
    const { ipExt } = this.#namespace.snmp;
    if (ecn === 0) ipExt.InNoECTPkts += 1;
    else if (ecn === 1) ipExt.InECT1Pkts += 1;
    else if (ecn === 2) ipExt.InECT0Pkts += 1;
    else ipExt.InCEPkts += 1;
  }

  #countCast(frame: Frame, route: Route, device: NetDevice): boolean {
    const { ipExt } = this.#namespace.snmp;
    if (route.type === AddressType.MULTICAST) {
      ipExt.InMcastPkts += 1;
      ipExt.InMcastOctets += frame.end - frame.start;
    } else if (route.type === AddressType.BROADCAST) {
      ipExt.InBcastPkts += 1;
      ipExt.InBcastOctets += frame.end - frame.start;
    } else if (
      (frame.packetType === PacketType.BROADCAST || frame.packetType === PacketType.MULTICAST) &&
      this.#namespace.inet(device).dropUnicastInL2Multicast
    ) {
      frame.drop(DropReason.UNICAST_IN_L2_MULTICAST, this.#namespace.drops);
      return false;
    }
    return true;
  }

  /** @hot */
  #deliver(frame: Frame): void {
    const { snmp, icmp, drops, rawListeners } = this.#namespace;
    const protocol = ipv4.protocol(frame.view, frame.l3);
    let wasRaw = false;
    for (let index = 0; index < rawListeners.length; index += 1) {
      if (rawListeners[index]?.rawPacket(frame) === true) wasRaw = true;
    }
    const transport = this.#namespace.transport(protocol);
    if (transport !== null) {
      snmp.ip.InDelivers += 1;
      if (wasRaw) frame.ipFlags |= SEEN_RAW;
      frame.start = frame.l4;
      transport.receive(frame);
      return;
    }
    if (wasRaw) {
      snmp.ip.InDelivers += 1;
      frame.deliver();
      return;
    }
    snmp.ip.InUnknownProtos += 1;
    icmp.sendError(frame, ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL, 0);
    frame.drop(DropReason.IP_NOPROTO, drops);
  }

  /** No route: a router says so, a host is silent (`ip_error`). */
  #fail(frame: Frame, route: Route, device: NetDevice): void {
    const { snmp, drops, icmp } = this.#namespace;
    const noRoute = route.error === ENETUNREACH;
    if (!this.#namespace.inet(device).forwarding) {
      if (route.error === EHOSTUNREACH) snmp.ip.InAddrErrors += 1;
      else if (noRoute) snmp.ipExt.InNoRoutes += 1;
      frame.drop(noRoute ? DropReason.IP_INNOROUTES : DropReason.IP_INADDRERRORS, drops);
      return;
    }
    let code = -1;
    if (route.error === EHOSTUNREACH) code = UNREACHABLE_HOST;
    else if (noRoute) code = UNREACHABLE_NET;
    else if (route.error === EACCES) code = UNREACHABLE_ADMIN_PROHIBITED;
    if (noRoute) snmp.ipExt.InNoRoutes += 1;
    if (code !== -1 && icmp.allowsRouteError(ipv4.source(frame.view, frame.l3))) {
      icmp.sendError(frame, ICMP_UNREACHABLE, code, 0);
    }
    frame.drop(noRoute ? DropReason.IP_INNOROUTES : DropReason.NOT_SPECIFIED, drops);
  }
}

/** Whether the packet has been through PREROUTING on a bridge, and comes up once (`ip_sabotage_in`). */
function passedOnBridge(frame: Frame): boolean {
  if (frame.bridge === null) return false;
  const info = bridgeInfoOf(frame);
  if (info === null || info.passedPrerouting) return false;
  info.passedPrerouting = true;
  return true;
}

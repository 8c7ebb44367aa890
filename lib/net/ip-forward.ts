/**
 * Forwarding: TTL, path MTU, redirects, the FORWARD hook.
 *
 * Spec: RFC 1812 §5.3. Kernel: net/ipv4/ip_forward.c (ip_forward), 6.18.
 */
import type { NetDevice } from "../link/device.ts";
import { Hook } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import {
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  TIME_EXCEEDED_TTL,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_SOURCE_ROUTE,
} from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { DO_REDIRECT, FORWARDED, SOURCE_ROUTED, STRICT_ROUTE } from "./ip-flags.ts";
import { forwardOptions } from "./ip-options.ts";
import type { Namespace } from "./namespace.ts";
import { type Route, routeOf } from "./route.ts";

/** The priority of a TOS value (`ip_tos2prio`, rt_tos2priority). */
const TOS_PRIORITY = [0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4];

/** Forwarding on one host. */
export class IpForward {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Takes a packet whose route leads to another host. @hot */
  forward(frame: Frame, route: Route, device: NetDevice): void {
    const { snmp, drops, icmp, conf, netfilter } = this.#namespace;
    const { view, l3 } = frame;
    if (frame.packetType !== PacketType.HOST) {
      frame.drop(DropReason.NOT_SPECIFIED, drops);
      return;
    }
    if (ipv4.ttl(view, l3) <= 1) {
      snmp.ip.InHdrErrors += 1;
      icmp.sendError(frame, ICMP_TIME_EXCEEDED, TIME_EXCEEDED_TTL, 0);
      frame.drop(DropReason.IP_INHDR, drops);
      return;
    }
    if ((frame.ipFlags & STRICT_ROUTE) !== 0 && route.gateway !== 0) {
      icmp.sendError(frame, ICMP_UNREACHABLE, UNREACHABLE_SOURCE_ROUTE, 0);
      frame.drop(DropReason.NOT_SPECIFIED, drops);
      return;
    }
    snmp.ip.ForwDatagrams += 1;
    frame.ipFlags |= FORWARDED;
    const mtu = route.forwardMtu(conf.ipForwardUsePmtu !== 0);
    if (exceeds(frame, mtu)) {
      snmp.ip.FragFails += 1;
      icmp.sendError(frame, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, mtu);
      frame.drop(DropReason.PKT_TOO_BIG, drops);
      return;
    }
    ipv4.decreaseTtl(view, l3);
    if ((frame.ipFlags & (DO_REDIRECT | SOURCE_ROUTED)) === DO_REDIRECT) {
      icmp.sendRedirect(frame, route);
    }
    if (conf.ipForwardUpdatePriority !== 0) {
      frame.priority = TOS_PRIORITY[(ipv4.tos(view, l3) & 0x1e) >>> 1] ?? 0;
    }
    let passed: Frame | null = frame;
    if (netfilter.active(Hook.FORWARD)) {
      passed = netfilter.run(Hook.FORWARD, frame, device, route.device);
      if (passed === null) return;
    }
    if (ipv4.headerSize(passed.view, passed.l3) > ipv4.IPV4_SIZE) {
      forwardOptions(this.#namespace, passed, routeOf(passed) ?? route);
    }
    this.#namespace.ipOutput.output(passed);
  }
}

/** Whether a packet must not be cut and does not fit (`ip_exceeds_mtu`). */
function exceeds(frame: Frame, mtu: number): boolean {
  if (frame.length <= mtu || !ipv4.hasDf(frame.view, frame.l3)) return false;
  if (frame.fragmentMaxSize > mtu) return true;
  return !frame.ignoreDf;
}

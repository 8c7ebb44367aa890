/**
 * IPv4 options as a host and a router treat them: checked on the way in, filled in on the way
 * through (record route, timestamps, source routes). `option-echo.ts` turns them round for answers.
 *
 * Spec: RFC 791 §3.1, RFC 1812 §5.2.4. Kernel: net/ipv4/ip_options.c (ip_options_rcv_srr,
 * ip_forward_options), net/ipv4/ip_input.c (ip_rcv_options), 6.18.
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
  STRICT_ROUTE,
  WRONG_OPTIONS,
} from "./ip-flags.ts";
import type { Namespace } from "./namespace.ts";
import { OptionCompiler } from "./option-compiler.ts";
import { findOptions } from "./option-place.ts";
import { type Route, routeOf, Scope } from "./route.ts";

/**
 * Checks and fills in the options of a packet that came in, its route decided (`ip_rcv_options`).
 * The header's checksum is made right only when the packet goes on, so errors quote a wrong one.
 * Returns false when the packet was dropped.
 */
export function compileReceivedOptions(
  namespace: Namespace,
  frame: Frame,
  device: NetDevice,
): boolean {
  const wrong = new OptionCompiler(namespace, frame).run();
  if (wrong !== 0) {
    frame.ipFlags |= WRONG_OPTIONS;
    namespace.snmp.ip.InHdrErrors += 1;
    namespace.icmp.sendError(frame, ICMP_PARAMETER_PROBLEM, 0, (wrong - frame.l3) << 24);
    frame.drop(DropReason.IP_INHDR, namespace.drops);
    return false;
  }
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

/** The address that a router writes into options of what it forwards (`ip_rt_get_source`). */
function leavingAddress(namespace: Namespace, frame: Frame, route: Route): Ipv4 {
  const { view, l3 } = frame;
  if (!route.isInput) return ipv4.source(view, l3);
  const nexthop = route.nexthop(ipv4.destination(view, l3));
  return namespace.addresses.select(route.device, nexthop, Scope.UNIVERSE);
}

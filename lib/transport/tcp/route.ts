/**
 * The route of a connection: looked up when it begins, and again when it has become stale.
 *
 * Kernel: net/ipv4/af_inet.c (inet_sk_rebuild_header), net/ipv4/ip_output.c (__ip_queue_xmit),
 * 6.18.
 */

import { EHOSTUNREACH } from "../../base/errno.ts";
import type { Ipv4 } from "../../base/inet.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { TransportFlow, type TransportRoute } from "../environment.ts";
import type { Tcb } from "./tcb.ts";

const flow = new TransportFlow();

/** Looks up the route for the connection's addresses as they are; a negative errno if none. */
export function lookUpRoute(tp: Tcb): TransportRoute | number {
  flow.destination = tp.remoteAddress;
  flow.source = tp.localAddress;
  flow.destinationPort = tp.remotePort;
  flow.sourcePort = tp.localPort;
  flow.protocol = IPPROTO_TCP;
  flow.tos = tp.tos;
  flow.mark = tp.mark;
  flow.outputIndex = tp.boundDevice;
  return tp.env.routeOutput(flow);
}

/** The source address that the last look-up chose. */
export function flowSource(): Ipv4 {
  return flow.source;
}

/** The route to send by, or null if there is none any more. @hot */
export function rebuildRoute(tp: Tcb): TransportRoute | null {
  const route = tp.route;
  if (route !== null && !route.obsolete) return route;
  const found = lookUpRoute(tp);
  if (typeof found === "number") {
    tp.route = null;
    tp.errSoft = EHOSTUNREACH;
    return null;
  }
  tp.route = found;
  return found;
}

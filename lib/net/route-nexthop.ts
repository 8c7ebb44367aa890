/**
 * A route made from a next hop: its gateway, what was learnt about the destination, its source.
 *
 * Kernel: net/ipv4/route.c (rt_set_nexthop, find_exception), net/ipv4/fib_semantics.c
 * (fib_result_prefsrc), 6.18.
 */
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import type { FibEntry, Nexthop } from "./fib-info.ts";
import type { Namespace } from "./namespace.ts";
import { Route, Scope } from "./route.ts";

/** The route that leaves by a next hop, for input or output, towards `destination`. */
export function routeBy(
  namespace: Namespace,
  entry: FibEntry,
  nexthop: Nexthop,
  destination: number,
): Route {
  const { epoch, loopback, cpu } = namespace;
  const device = nexthop.device ?? loopback;
  const route = new Route(epoch, device, entry.type, entry.info.metrics);
  route.table = entry.table;
  route.entryHop = nexthop;
  // Only a gateway on the link is a next hop; others were resolved when the route was made.
  if (nexthop.gateway !== 0 && nexthop.scope === Scope.LINK) route.gateway = nexthop.gateway;
  const exception = nexthop.exceptions?.get(destination);
  if (exception === undefined) return route;
  if (exception.expiresAt <= cpu.now) {
    nexthop.exceptions?.delete(destination);
    return route;
  }
  exception.isUsed = true;
  if (exception.gateway !== 0) {
    route.gateway = exception.gateway;
    route.redirected = true;
  }
  route.pathMtu = exception.mtu;
  route.pathMtuLocked = exception.mtuLocked;
  route.expiresAt = exception.expiresAt;
  return route;
}

/** The source that a route's entry prefers, or the device's own (`fib_result_prefsrc`). */
export function preferredSource(namespace: Namespace, entry: FibEntry, nexthop: Nexthop): Ipv4 {
  if (entry.info.prefSource !== 0) return entry.info.prefSource;
  if (nexthop.device === null) return ANY_ADDRESS;
  return namespace.addresses.select(nexthop.device, nexthop.gateway, entry.info.scope);
}

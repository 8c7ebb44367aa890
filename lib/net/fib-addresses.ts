/**
 * The routes that follow from an address: itself and its broadcast address in the local table, its
 * network in the main one; and which of them go when it goes.
 *
 * Kernel: net/ipv4/fib_frontend.c (fib_add_ifaddr, fib_del_ifaddr, fib_magic), 6.18.
 */
import { ANY_ADDRESS, broadcastOf, type Ipv4, isZeroNet, networkOf } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Fib } from "./fib.ts";
import type { RouteSpec } from "./fib-create.ts";
import { RouteProtocol } from "./fib-info.ts";
import { type InetDevice, type InterfaceAddress, inNetwork } from "./inet-device.ts";

/** A route that an address asks for. */
interface AddressRoute {
  readonly type: AddressType;
  readonly destination: Ipv4;
  readonly prefixLength: number;
  readonly metric: number;
  readonly source: Ipv4;
}

/** Adds the routes of an address; those that are there already stay. */
export function addAddressRoutes(fib: Fib, owner: InetDevice, entry: InterfaceAddress): void {
  for (const route of routesOf(owner, entry)) {
    fib.addRoute(specOf(owner, route), "append");
  }
}

/** Removes the routes of an address that was taken off; those that others need stay. */
export function removeAddressRoutes(fib: Fib, owner: InetDevice, entry: InterfaceAddress): void {
  const kept = owner.addresses.flatMap((other) => routesOf(owner, other));
  for (const route of routesOf(owner, entry, true)) {
    const needed = kept.some(
      (other) =>
        other.type === route.type &&
        other.destination === route.destination &&
        other.prefixLength === route.prefixLength &&
        (route.type !== AddressType.UNICAST || other.source === route.source),
    );
    if (needed) continue;
    fib.deleteRoute({
      destination: { address: route.destination, prefixLength: route.prefixLength },
      type: route.type,
      device: owner.device,
      protocol: RouteProtocol.KERNEL,
      ...(route.type === AddressType.UNICAST ? { prefSource: route.source } : {}),
    });
  }
  if (fib.addressType(entry.local) !== AddressType.LOCAL) {
    // Routes with the address as `src` cannot stay (fib_sync_down_addr).
    fib.flush(({ info }) => info.prefSource === entry.local && info.prefSource !== 0);
  }
}

function routesOf(owner: InetDevice, entry: InterfaceAddress, removed = false): AddressRoute[] {
  const { local, prefixLength } = entry;
  const primary = entry.secondary ? primaryOf(owner, entry) : entry;
  if (primary === null && !removed) return [];
  const source = (primary ?? entry).local;
  const route = (type: AddressType, destination: Ipv4, length: number, metric = 0) => ({
    type,
    destination,
    prefixLength: length,
    metric,
    source,
  });
  const routes = [route(AddressType.LOCAL, local, 32)];
  if (!owner.device.up && !removed) return routes;
  if (entry.broadcast !== 0 && entry.broadcast !== -1) {
    routes.push(route(AddressType.BROADCAST, entry.broadcast, 32));
  }
  const network = networkOf(entry.address, prefixLength);
  if (isZeroNet(network) || entry.secondary || (network === local && prefixLength === 32)) {
    return routes;
  }
  if (!entry.noPrefixRoute) {
    const isLoopback = owner.device.kind === "loopback";
    const type = isLoopback ? AddressType.LOCAL : AddressType.UNICAST;
    routes.push(route(type, network, prefixLength, entry.metric));
  }
  if (prefixLength < 31) {
    routes.push(route(AddressType.BROADCAST, broadcastOf(network, prefixLength), 32));
  }
  return routes;
}

function primaryOf(owner: InetDevice, entry: InterfaceAddress): InterfaceAddress | null {
  return (
    owner.addresses.find(
      (other) =>
        !other.secondary &&
        other.prefixLength === entry.prefixLength &&
        inNetwork(other, entry.address),
    ) ?? null
  );
}

function specOf(owner: InetDevice, route: AddressRoute): RouteSpec {
  return {
    destination: { address: route.destination, prefixLength: route.prefixLength },
    nexthops: [{ device: owner.device, gateway: ANY_ADDRESS }],
    type: route.type,
    protocol: RouteProtocol.KERNEL,
    metric: route.metric,
    prefSource: route.source,
  };
}

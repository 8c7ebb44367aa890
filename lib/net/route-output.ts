/**
 * Route decisions for packets that this host makes.
 *
 * Kernel: net/ipv4/route.c (ip_route_output_key_hash_rcu, __mkroute_output), 6.18.
 */
import { EINVAL, ENETUNREACH, ENODEV } from "../base/errno.ts";
import {
  ANY_ADDRESS,
  isLocalMulticast,
  isLoopback,
  isMulticast,
  isZeroNet,
  LIMITED_BROADCAST,
  LOOPBACK_ADDRESS,
} from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { type FibEntry, FibResult, type Nexthop } from "./fib-info.ts";
import type { Flow } from "./inet.ts";
import type { Namespace } from "./namespace.ts";
import { NO_METRICS, Route, Scope } from "./route.ts";
import { preferredSource, routeBy } from "./route-nexthop.ts";

/** One for all hosts: a decision ends before the next begins. */
const result = new FibResult();

/** Decides the output routes of one host. */
export class OutputRouter {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /**
   * The route of a flow, or a negative errno. Fills in its source, and its output device if the
   * source decides that.
   */
  decide(flow: Flow): Route | number {
    const { fib, loopback } = this.#namespace;
    const refusal = this.#checkSource(flow);
    if (refusal !== 0) return refusal;
    let device: NetDevice | null = null;
    if (flow.outputIndex !== 0) {
      device = this.#namespace.deviceByIndex(flow.outputIndex);
      if (device === null) return -ENODEV;
      if (!device.up) return -ENETUNREACH;
      if (isLocalMulticast(flow.destination) || flow.destination === LIMITED_BROADCAST) {
        return this.#makeOutput(flow, device, null, null);
      }
      if (flow.source === 0 && isMulticast(flow.destination)) {
        flow.source = this.#namespace.addresses.select(device, 0, flow.scope);
      }
    }
    if (flow.destination === 0) {
      flow.destination = flow.source === 0 ? LOOPBACK_ADDRESS : flow.source;
      flow.source = flow.destination;
      return this.#localOutput(flow, null);
    }
    const error = fib.lookup(flow, result);
    if (error !== 0) {
      // With a device given, the destination is taken to be on its link.
      return device === null ? error : this.#makeOutput(flow, device, null, null);
    }
    const { entry } = result;
    if (entry === null || result.nexthop === null) return -ENETUNREACH;
    if (entry.type === AddressType.LOCAL) return this.#localOutput(flow, entry);
    fib.selectPath(flow, result);
    const { nexthop } = result;
    if (flow.source === 0) flow.source = preferredSource(this.#namespace, entry, nexthop);
    return this.#makeOutput(flow, nexthop.device ?? loopback, entry, nexthop);
  }

  #checkSource(flow: Flow): number {
    const { source, destination } = flow;
    if (source === 0) return 0;
    if (isMulticast(source) || source === LIMITED_BROADCAST || isZeroNet(source)) return -EINVAL;
    const toGroup = isMulticast(destination) || destination === LIMITED_BROADCAST;
    if (flow.outputIndex === 0 && toGroup) {
      const device = this.#namespace.deviceWithAddress(source);
      if (device === null) return -EINVAL;
      flow.outputIndex = device.index;
    }
    return flow.anySource || this.#namespace.hasLocalAddress(source) ? 0 : -ENETUNREACH;
  }

  #localOutput(flow: Flow, entry: FibEntry | null): Route {
    const { epoch, loopback } = this.#namespace;
    const route = new Route(epoch, loopback, AddressType.LOCAL, entry?.info.metrics ?? NO_METRICS);
    route.isLocal = true;
    if (entry !== null) route.table = entry.table;
    const preferred = entry?.info.prefSource ?? ANY_ADDRESS;
    route.source = preferred !== 0 ? preferred : flow.destination;
    if (flow.source === 0) flow.source = route.source;
    return route;
  }

  #makeOutput(
    flow: Flow,
    device: NetDevice,
    entry: FibEntry | null,
    nexthop: Nexthop | null,
  ): Route | number {
    const owner = this.#namespace.inet(device);
    if (flow.source === 0) {
      flow.source = this.#namespace.addresses.select(device, 0, Scope.LINK);
    }
    const { destination, source } = flow;
    if (!owner.routeLocalnet && isLoopback(source) && device.kind !== "loopback") return -EINVAL;
    if (isZeroNet(destination)) return -EINVAL;
    let type = entry?.type ?? AddressType.UNICAST;
    if (destination === LIMITED_BROADCAST) type = AddressType.BROADCAST;
    else if (isMulticast(destination)) type = AddressType.MULTICAST;
    const route = this.#outputRoute(device, type, entry, nexthop, destination);
    route.source = source;
    return route;
  }

  #outputRoute(
    device: NetDevice,
    type: AddressType,
    entry: FibEntry | null,
    nexthop: Nexthop | null,
    destination: number,
  ): Route {
    const isUnicast = type === AddressType.UNICAST;
    if (isUnicast && entry !== null && nexthop !== null) {
      return routeBy(this.#namespace, entry, nexthop, destination);
    }
    const metrics = entry?.info.metrics ?? NO_METRICS;
    const route = new Route(this.#namespace.epoch, device, type, metrics);
    route.isLocal = type === AddressType.BROADCAST;
    if (type === AddressType.MULTICAST && nexthop !== null && (entry?.prefixLength ?? 0) >= 4) {
      route.gateway = nexthop.gateway;
    }
    return route;
  }
}

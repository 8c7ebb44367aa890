/**
 * Route decisions: for packets that this host sends (`output`) and for those that come in
 * (`input`), from the routing tables, the addresses and what was learnt about path MTUs.
 *
 * Kernel: net/ipv4/route.c (ip_route_output_key_hash_rcu, ip_route_input_slow, __mkroute_input),
 * net/ipv4/fib_frontend.c (__fib_validate_source), 6.18.
 */
import { EHOSTUNREACH, EINVAL, ENETUNREACH, ENODEV } from "../base/errno.ts";
import {
  ANY_ADDRESS,
  type Ipv4,
  isLoopback,
  isMulticast,
  isZeroNet,
  LIMITED_BROADCAST,
  LOOPBACK_ADDRESS,
} from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import { type FibEntry, FibResult, type Nexthop } from "./fib-info.ts";
import { Flow } from "./inet.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { NO_METRICS, Route, Scope } from "./route.ts";
import { RouteCache } from "./route-cache.ts";

/** 224.0.0.0/24 never leaves the link. */
function isLocalMulticast(address: number): boolean {
  return (address & 0xffffff00) === (0xe0000000 | 0);
}

/** Route decisions of one host. */
export class Routing {
  /** Packets refused because of an impossible source or destination. */
  martianSources = 0;
  martianDestinations = 0;
  /** Those of them that `log_martians` would print. */
  martiansLogged = 0;
  readonly #namespace: Namespace;
  readonly #outputCache = new RouteCache();
  readonly #inputCache = new RouteCache();
  readonly #result = new FibResult();
  readonly #inputFlow = new Flow();
  readonly #reverseFlow = new Flow();
  #sourceRefusal: DropReason = DropReason.NOT_SPECIFIED;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /**
   * The route of a packet that this host makes, or a negative errno. Fills in `flow.source`, and
   * `flow.destination` if both were 0. @hot
   */
  output(flow: Flow): Route | number {
    const { destination, source, tos, mark } = flow;
    const cacheable = flow.scope === 0 && flow.inputIndex === 1 && !this.#usesPorts;
    if (cacheable) {
      const kept = this.#outputCache.find(destination, source, flow.outputIndex, tos, mark);
      if (kept !== null) {
        if (source === 0) flow.source = kept.source;
        return kept;
      }
    }
    const wantedIndex = flow.outputIndex;
    const route = this.#outputSlow(flow);
    if (cacheable && destination !== 0 && typeof route !== "number") {
      this.#outputCache.keep(destination, source, wantedIndex, tos, mark, route);
    }
    flow.outputIndex = wantedIndex;
    return route;
  }

  /**
   * Decides where a packet that came in by `device` goes and sets `frame.route`; returns null, or
   * the reason why it must be dropped. @hot
   */
  input(
    frame: Frame,
    destination: Ipv4,
    source: Ipv4,
    tos: number,
    device: NetDevice,
  ): DropReason | null {
    const cacheable = frame.protocol === ETHERTYPE_IPV4 && !this.#usesPorts;
    if (cacheable) {
      const { index } = device;
      const kept = this.#inputCache.find(destination, source, index, tos, frame.mark);
      if (kept !== null) {
        frame.route = kept;
        return null;
      }
    }
    const route = this.#inputSlow(frame, destination, source, tos, device);
    if (!(route instanceof Route)) return route;
    if (cacheable) {
      this.#inputCache.keep(destination, source, device.index, tos, frame.mark, route);
    }
    frame.route = route;
    return null;
  }

  /**
   * Checks a source address against the way back (`fib_validate_source`): negative if the packet
   * must be dropped for `reason`, else 1 if the source is a neighbour on the link, 0 if not.
   */
  validateSource(
    mark: number,
    source: Ipv4,
    destination: Ipv4,
    tos: number,
    outputIndex: number,
    owner: InetDevice,
  ): number {
    const { fib, addresses } = this.#namespace;
    const rpFilter = owner.rpFilter;
    if (rpFilter === 0 && (owner.device.index !== outputIndex || !owner.sendRedirects)) {
      if (owner.acceptLocal) return 0;
      if (!fib.hasCustomLocalRoutes && !fib.hasCustomRules) {
        return addresses.has(source) ? this.#refuseSource(DropReason.IP_LOCAL_SOURCE) : 0;
      }
    }
    const flow = this.#reverseFlow.reset();
    flow.destination = source;
    flow.source = destination;
    flow.tos = tos;
    flow.mark = owner.srcValidMark ? mark : 0;
    flow.inputIndex = outputIndex === 0 ? 1 : outputIndex;
    return this.#checkReverse(flow, rpFilter, owner);
  }

  /** Why the last source was refused. */
  get sourceRefusal(): DropReason {
    return this.#sourceRefusal;
  }

  /** The route that leaves by a next hop, for input or output, towards `destination`. */
  routeBy(entry: FibEntry, nexthop: Nexthop, destination: number): Route {
    const { epoch, loopback, cpu } = this.#namespace;
    const device = nexthop.device ?? loopback;
    const route = new Route(epoch, device, entry.type, entry.info.metrics);
    // Only a gateway on the link is a next hop; others were resolved when the route was made.
    if (nexthop.gateway !== 0 && nexthop.scope === Scope.LINK) route.gateway = nexthop.gateway;
    const exception = nexthop.exceptions.get(destination);
    if (exception === undefined) return route;
    if (exception.expiresAt <= cpu.now) {
      nexthop.exceptions.delete(destination);
      return route;
    }
    if (exception.gateway !== 0) route.gateway = exception.gateway;
    route.pathMtu = exception.mtu;
    route.pathMtuLocked = exception.mtuLocked;
    route.expiresAt = exception.expiresAt;
    return route;
  }

  /** The source that a route's entry prefers, or the device's own (`fib_result_prefsrc`). */
  preferredSource(entry: FibEntry, nexthop: Nexthop): Ipv4 {
    if (entry.info.prefSource !== 0) return entry.info.prefSource;
    if (nexthop.device === null) return ANY_ADDRESS;
    return this.#namespace.addresses.select(nexthop.device, nexthop.gateway, entry.info.scope);
  }

  get #usesPorts(): boolean {
    return this.#namespace.fib.usesPorts || this.#namespace.conf.fibMultipathHashPolicy === 1;
  }

  #outputSlow(flow: Flow): Route | number {
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
    const result = this.#result;
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
    if (flow.source === 0) flow.source = this.preferredSource(entry, nexthop);
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
    return flow.anySource || this.#namespace.hasLocalAddress(source) ? 0 : -EINVAL;
  }

  #localOutput(flow: Flow, entry: FibEntry | null): Route {
    const { epoch, loopback } = this.#namespace;
    const route = new Route(epoch, loopback, AddressType.LOCAL, entry?.info.metrics ?? NO_METRICS);
    route.isLocal = true;
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
      return this.routeBy(entry, nexthop, destination);
    }
    const metrics = entry?.info.metrics ?? NO_METRICS;
    const route = new Route(this.#namespace.epoch, device, type, metrics);
    route.isLocal = type === AddressType.BROADCAST;
    if (type === AddressType.MULTICAST && nexthop !== null && (entry?.prefixLength ?? 0) >= 4) {
      route.gateway = nexthop.gateway;
    }
    return route;
  }

  #inputSlow(
    frame: Frame,
    destination: Ipv4,
    source: Ipv4,
    tos: number,
    device: NetDevice,
  ): Route | DropReason {
    const owner = this.#namespace.inet(device);
    if (isMulticast(source) || source === LIMITED_BROADCAST) {
      return this.#martianSource(owner, DropReason.IP_INVALID_SOURCE);
    }
    if (isMulticast(destination)) return this.#multicastInput(frame, source, tos, owner);
    if (destination === LIMITED_BROADCAST || (source === 0 && destination === 0)) {
      return this.#broadcastInput(frame, source, tos, owner);
    }
    if (isZeroNet(source)) return this.#martianSource(owner, DropReason.IP_INVALID_SOURCE);
    if (isZeroNet(destination)) {
      return this.#martianDestination(owner, DropReason.IP_INVALID_DEST);
    }
    if (!owner.routeLocalnet) {
      if (isLoopback(destination)) return this.#martianDestination(owner, DropReason.IP_LOCALNET);
      if (isLoopback(source)) return this.#martianSource(owner, DropReason.IP_LOCALNET);
    }
    const flow = this.#flowOf(frame, destination, source, tos, device);
    const result = this.#result;
    const error = this.#namespace.fib.lookup(flow, result);
    const { entry, nexthop } = result;
    if (error !== 0 || entry === null || nexthop === null) {
      return this.#unroutable(owner.forwarding ? -error : EHOSTUNREACH);
    }
    if (entry.type === AddressType.BROADCAST) {
      return this.#broadcastInput(frame, source, tos, owner);
    }
    if (entry.type === AddressType.LOCAL) {
      if (this.validateSource(frame.mark, source, destination, tos, 0, owner) < 0) {
        return this.#martianSource(owner, this.#sourceRefusal);
      }
      return this.#localInput(AddressType.LOCAL);
    }
    if (!owner.forwarding) return this.#unroutable(EHOSTUNREACH);
    if (entry.type !== AddressType.UNICAST) {
      return this.#martianDestination(owner, DropReason.IP_INVALID_DEST);
    }
    this.#namespace.fib.selectPath(flow, result);
    return this.#forwardInput(frame, flow, entry, result.nexthop ?? nexthop, owner);
  }

  #forwardInput(
    frame: Frame,
    flow: Flow,
    entry: FibEntry,
    nexthop: Nexthop,
    owner: InetDevice,
  ): Route | DropReason {
    const { source, destination, tos } = flow;
    const out = nexthop.device ?? this.#namespace.loopback;
    const verdict = this.validateSource(frame.mark, source, destination, tos, out.index, owner);
    if (verdict < 0) return this.#martianSource(owner, this.#sourceRefusal);
    const sameDevice = out === owner.device;
    if (frame.protocol !== ETHERTYPE_IPV4 && sameDevice && !owner.proxyArpPvlan) {
      return DropReason.IP_INVALID_DEST;
    }
    const route = this.routeBy(entry, nexthop, destination);
    route.isInput = true;
    if (sameDevice && verdict > 0 && owner.sendRedirects) {
      const onLink = owner.isOnLink(source, nexthop.gateway);
      route.redirects = owner.sharedMedia || onLink;
    }
    return route;
  }

  #broadcastInput(frame: Frame, source: Ipv4, tos: number, owner: InetDevice): Route | DropReason {
    if (frame.protocol !== ETHERTYPE_IPV4) return DropReason.IP_INVALID_DEST;
    if (!isZeroNet(source)) {
      if (this.validateSource(frame.mark, source, ANY_ADDRESS, tos, 0, owner) < 0) {
        return this.#martianSource(owner, this.#sourceRefusal);
      }
    }
    return this.#localInput(AddressType.BROADCAST);
  }

  /** Without IGMP a host is a member of 224.0.0.1 alone (`ip_mc_validate_source`). */
  #multicastInput(frame: Frame, source: Ipv4, tos: number, owner: InetDevice): Route | DropReason {
    const group = ipv4.destination(frame.view, frame.l3);
    if (group !== (0xe0000001 | 0)) return DropReason.NOT_SPECIFIED;
    if (isLoopback(source) && !owner.routeLocalnet) return DropReason.IP_LOCALNET;
    if (isZeroNet(source)) {
      const isIgmp = ipv4.protocol(frame.view, frame.l3) === 2;
      if (!isLocalMulticast(group) && !isIgmp) return DropReason.IP_INVALID_SOURCE;
    } else if (this.validateSource(frame.mark, source, ANY_ADDRESS, tos, 0, owner) < 0) {
      return this.#sourceRefusal;
    }
    return this.#localInput(AddressType.MULTICAST);
  }

  #localInput(type: AddressType): Route {
    const { epoch, loopback } = this.#namespace;
    const route = new Route(epoch, loopback, type, NO_METRICS);
    route.isInput = true;
    route.isLocal = true;
    return route;
  }

  #unroutable(error: number): Route {
    const route = this.#localInput(AddressType.UNREACHABLE);
    route.isLocal = false;
    route.error = error;
    return route;
  }

  #flowOf(frame: Frame, destination: Ipv4, source: Ipv4, tos: number, device: NetDevice): Flow {
    const flow = this.#inputFlow.reset();
    flow.destination = destination;
    flow.source = source;
    flow.tos = tos;
    flow.mark = frame.mark;
    flow.inputIndex = device.index;
    if (this.#usesPorts && frame.protocol === ETHERTYPE_IPV4) readPorts(frame, flow);
    return flow;
  }

  #checkReverse(flow: Flow, rpFilter: number, owner: InetDevice): number {
    const { fib } = this.#namespace;
    const { device } = owner;
    const result = this.#result;
    const noAddress = owner.addresses.length === 0;
    if (fib.lookup(flow, result) !== 0) return this.#lastResort(rpFilter);
    const type = result.entry?.type;
    if (type !== AddressType.UNICAST) {
      if (type !== AddressType.LOCAL) return this.#refuseSource(DropReason.IP_INVALID_SOURCE);
      if (!owner.acceptLocal) return this.#refuseSource(DropReason.IP_LOCAL_SOURCE);
    }
    const { nexthop, entry } = result;
    const uses = entry?.info.nexthops.some((other) => other.device === device) === true;
    const ownLoopback = type === AddressType.LOCAL && device.kind === "loopback";
    if (uses || ownLoopback) return (nexthop?.scope ?? 0) >= Scope.HOST ? 1 : 0;
    if (noAddress) return this.#lastResort(rpFilter);
    if (rpFilter === 1) return this.#refuseSource(DropReason.IP_RPFILTER);
    flow.outputIndex = device.index;
    if (fib.lookupIgnoringLink(flow, result) !== 0) return 0;
    if (result.entry?.type !== AddressType.UNICAST) return 0;
    return (result.nexthop?.scope ?? 0) >= Scope.HOST ? 1 : 0;
  }

  #lastResort(rpFilter: number): number {
    return rpFilter === 0 ? 0 : this.#refuseSource(DropReason.IP_RPFILTER);
  }

  #refuseSource(reason: DropReason): number {
    this.#sourceRefusal = reason;
    return -1;
  }

  #martianSource(owner: InetDevice, reason: DropReason): DropReason {
    this.martianSources += 1;
    if (owner.logMartians) this.martiansLogged += 1;
    return reason;
  }

  #martianDestination(owner: InetDevice, reason: DropReason): DropReason {
    this.martianDestinations += 1;
    if (owner.logMartians) this.martiansLogged += 1;
    return reason;
  }
}

function readPorts(frame: Frame, flow: Flow): void {
  const { view, l3 } = frame;
  const protocol = ipv4.protocol(view, l3);
  flow.protocol = protocol;
  const l4 = l3 + ipv4.headerSize(view, l3);
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) return;
  if (ipv4.isFragment(view, l3) || frame.end < l4 + 4) return;
  flow.sourcePort = view.getUint16(l4);
  flow.destinationPort = view.getUint16(l4 + 2);
}

/**
 * Route decisions for packets that come in: for this host, for another, or impossible.
 *
 * Kernel: net/ipv4/route.c (ip_route_input_slow, __mkroute_input, ip_mc_validate_source), 6.18.
 * Not modelled: multicast groups (IGMP); a host is a member of 224.0.0.1 alone, and does not
 * forward multicast. Broadcasts are not forwarded either (`bc_forwarding`).
 */
import { EHOSTUNREACH } from "../base/errno.ts";
import {
  ANY_ADDRESS,
  type Ipv4,
  isLocalMulticast,
  isLoopback,
  isMulticast,
  isZeroNet,
  LIMITED_BROADCAST,
} from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import {
  ETHERTYPE_IPV4,
  IPPROTO_IGMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../wire/protocol-numbers.ts";
import { type FibEntry, FibResult, type Nexthop } from "./fib-info.ts";
import { Flow } from "./inet.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { NO_METRICS, Route } from "./route.ts";
import { routeBy } from "./route-nexthop.ts";
import { SourceValidation } from "./source-validation.ts";

/** 224.0.0.1, the group of which every host is a member. */
const ALL_HOSTS = 0xe0000001 | 0;

/** One of each for all hosts: a decision ends before the next begins. */
const inputFlow = new Flow();
const result = new FibResult();

/** Decides the input routes of one host. */
export class InputRouter {
  /** Packets refused because of an impossible source or destination. */
  martianSources = 0;
  martianDestinations = 0;
  /** Those of them that `log_martians` would print. */
  martiansLogged = 0;
  readonly #namespace: Namespace;
  readonly #sources: SourceValidation;
  #nowhere: Route | null = null;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#sources = new SourceValidation(namespace);
  }

  /** The route of a packet that came in by `device`, or why it must be dropped. */
  decide(
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
    const error = this.#namespace.fib.lookup(flow, result);
    const { entry, nexthop } = result;
    if (error !== 0 || entry === null || nexthop === null) {
      return this.#unroutable(owner.forwarding ? -error : EHOSTUNREACH);
    }
    if (entry.type === AddressType.BROADCAST) {
      return this.#broadcastInput(frame, source, tos, owner);
    }
    if (entry.type === AddressType.LOCAL) {
      if (this.#sources.check(frame.mark, source, destination, tos, 0, owner) < 0) {
        return this.#martianSource(owner, this.#sources.refusal);
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
    const verdict = this.#sources.check(frame.mark, source, destination, tos, out.index, owner);
    if (verdict < 0) return this.#martianSource(owner, this.#sources.refusal);
    const sameDevice = out === owner.device;
    if (frame.protocol !== ETHERTYPE_IPV4 && sameDevice && !owner.proxyArpPvlan) {
      return DropReason.IP_INVALID_DEST;
    }
    const route = routeBy(this.#namespace, entry, nexthop, destination);
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
      if (this.#sources.check(frame.mark, source, ANY_ADDRESS, tos, 0, owner) < 0) {
        return this.#martianSource(owner, this.#sources.refusal);
      }
    }
    return this.#localInput(AddressType.BROADCAST);
  }

  /** Without IGMP a host is a member of 224.0.0.1 alone (`ip_mc_validate_source`). */
  #multicastInput(frame: Frame, source: Ipv4, tos: number, owner: InetDevice): Route | DropReason {
    const group = ipv4.destination(frame.view, frame.l3);
    if (group !== ALL_HOSTS) return DropReason.NOT_SPECIFIED;
    if (isLoopback(source) && !owner.routeLocalnet) return DropReason.IP_LOCALNET;
    if (isZeroNet(source)) {
      const isIgmp = ipv4.protocol(frame.view, frame.l3) === IPPROTO_IGMP;
      if (!isLocalMulticast(group) && !isIgmp) return DropReason.IP_INVALID_SOURCE;
    } else if (this.#sources.check(frame.mark, source, ANY_ADDRESS, tos, 0, owner) < 0) {
      return this.#sources.refusal;
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

  /** The same route for all, as long as it holds: a host sees many ARP requests for others. */
  #unroutable(error: number): Route {
    const kept = this.#nowhere;
    if (kept !== null && kept.error === error && !kept.obsolete) return kept;
    const route = this.#localInput(AddressType.UNREACHABLE);
    route.isLocal = false;
    route.error = error;
    this.#nowhere = route;
    return route;
  }

  #flowOf(frame: Frame, destination: Ipv4, source: Ipv4, tos: number, device: NetDevice): Flow {
    const flow = inputFlow.reset();
    flow.destination = destination;
    flow.source = source;
    flow.tos = tos;
    flow.mark = frame.mark;
    flow.inputIndex = device.index;
    if (this.#namespace.routing.usesPorts && frame.protocol === ETHERTYPE_IPV4)
      readPorts(frame, flow);
    return flow;
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

/**
 * What ICMP errors teach about the way to a destination: a smaller path MTU, a nearer router. It is
 * kept beside the next hop for a time.
 *
 * Spec: RFC 1191 §6.3. Kernel: net/ipv4/route.c (__ip_rt_update_pmtu, __ip_do_redirect,
 * update_or_create_fnhe), 6.18.
 */
import { type Ipv4, isMulticast, isZeroNet, LIMITED_BROADCAST } from "../base/inet.ts";
import { NS_PER_S } from "../base/units.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Frame } from "../wire/frame.ts";
import { ICMP_REDIRECT, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { FibResult } from "./fib-info.ts";
import { Flow } from "./inet.ts";
import type { Namespace } from "./namespace.ts";
import { NUD_VALID } from "./nud.ts";
import type { Route } from "./route.ts";

/** Destinations remembered behind one next hop (FNHE_HASH_SIZE × FNHE_RECLAIM_DEPTH). */
const MAX_EXCEPTIONS = 2048 * 5;

/** One of each for all hosts: an error is dealt with before the next comes. */
const quoted = new Flow();
const result = new FibResult();

/** Path knowledge of one host. */
export class PathMtu {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /**
   * Learns from an error whose quoted packet is at `innerL3`; borrows the frame. Does nothing for
   * errors that say nothing about the path. What transports without a socket's route call.
   */
  learn(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    const { view } = frame;
    const flow = quoted.reset();
    flow.destination = ipv4.destination(view, innerL3);
    flow.source = ipv4.source(view, innerL3);
    flow.tos = ipv4.tos(view, innerL3) & 0xfc;
    flow.protocol = ipv4.protocol(view, innerL3);
    flow.anySource = true;
    if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION_NEEDED) {
      const route = this.#namespace.routing.output(flow);
      if (typeof route !== "number") this.update(route, flow, info);
    } else if (type === ICMP_REDIRECT) {
      this.redirect(flow, ipv4.source(view, frame.l3), info as Ipv4, code);
    }
  }

  /** The path of `flow`, which `route` is part of, takes packets of at most `mtu` bytes. */
  update(route: Route, flow: Flow, mtu: number): void {
    const { conf, routeConf, fib, cpu } = this.#namespace;
    void conf;
    if (route.mtuLocked) return;
    const known = route.mtu;
    if (known < mtu) return;
    let learnt = mtu;
    let locked = false;
    if (learnt < routeConf.minPmtu) {
      locked = true;
      learnt = Math.min(known, routeConf.minPmtu);
    }
    const validNs = routeConf.mtuExpires * NS_PER_S;
    if (route.pathMtu === learnt && !locked && cpu.now < route.expiresAt - validNs / 2) return;
    if (fib.lookup(flow, result) !== 0) return;
    fib.selectPath(flow, result);
    this.#remember(flow.destination, 0 as Ipv4, learnt, locked, cpu.now + validNs);
  }

  /** A router says that `gateway` is nearer to the flow's destination (`__ip_do_redirect`). */
  redirect(flow: Flow, router: Ipv4, gateway: Ipv4, code: number): void {
    const { routing, fib, neighbours, cpu, routeConf } = this.#namespace;
    if (code > 3) return;
    const route = routing.output(flow);
    if (typeof route === "number" || route.gateway !== router) return;
    if (!this.#acceptsGateway(route, router, gateway)) return;
    const neighbour = neighbours.get(route.device, gateway);
    if (neighbour === null) return;
    if ((neighbour.state & NUD_VALID) === 0) {
      neighbour.solicit();
      return;
    }
    if (fib.lookup(flow, result) !== 0) return;
    fib.selectPath(flow, result);
    const expiresAt = cpu.now + routeConf.gcTimeout * NS_PER_S;
    this.#remember(flow.destination, gateway, 0, false, expiresAt);
  }

  #acceptsGateway(route: Route, router: Ipv4, gateway: Ipv4): boolean {
    const owner = this.#namespace.inet(route.device);
    if (gateway === router || !owner.acceptRedirects) return false;
    if (isMulticast(gateway) || gateway === LIMITED_BROADCAST || isZeroNet(gateway)) return false;
    if (owner.sharedMedia) {
      return this.#namespace.fib.addressType(gateway) === AddressType.UNICAST;
    }
    if (!owner.isOnLink(gateway, router)) return false;
    return !owner.secureRedirects || this.#isDefaultGateway(gateway, route);
  }

  /** Whether a default route leads through `gateway` (`ip_fib_check_default`, turned round). */
  #isDefaultGateway(gateway: Ipv4, route: Route): boolean {
    return [...this.#namespace.fib.tables.values()].some((table) =>
      table
        .entries()
        .some(({ prefixLength, info }) =>
          prefixLength === 0
            ? info.nexthops.some((n) => n.device === route.device && n.gateway === gateway)
            : false,
        ),
    );
  }

  #remember(
    destination: Ipv4,
    gateway: Ipv4,
    mtu: number,
    mtuLocked: boolean,
    expiresAt: number,
  ): void {
    const nexthop = result.nexthop;
    if (nexthop === null) return;
    nexthop.exceptions ??= new Map();
    const { exceptions } = nexthop;
    const known = exceptions.get(destination);
    if (known === undefined && exceptions.size >= MAX_EXCEPTIONS) {
      for (const oldest of exceptions.keys()) {
        exceptions.delete(oldest);
        break;
      }
    }
    exceptions.set(destination, {
      gateway: gateway !== 0 ? gateway : (known?.gateway ?? (0 as Ipv4)),
      mtu: mtu !== 0 ? mtu : (known?.mtu ?? 0),
      mtuLocked: mtu !== 0 ? mtuLocked : (known?.mtuLocked ?? false),
      expiresAt: Math.max(expiresAt, 1),
      isUsed: known?.isUsed ?? false,
    });
    this.#namespace.epoch.bump();
  }
}

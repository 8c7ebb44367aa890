/**
 * Making routes: what an administrator says, checked as the kernel checks it, with the kernel's
 * words when it is refused.
 *
 * Kernel: net/ipv4/fib_semantics.c (fib_create_info, fib_check_nh), 6.18.
 */
import { EAGAIN, EINVAL, ENETDOWN, ENODEV } from "../base/errno.ts";
import { ANY_ADDRESS, type Cidr, type Ipv4 } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import type { Fib } from "./fib.ts";
import { type FibInfo, FibResult, Nexthop, RouteProtocol, rebalance } from "./fib-info.ts";
import { TAKE_LINKDOWN, Table } from "./fib-table.ts";
import { Flow, type Refusal, refuse } from "./inet.ts";
import { NO_METRICS, type RouteMetrics, Scope } from "./route.ts";

/** A next hop as an administrator gives it. */
export interface NexthopSpec {
  readonly device: NetDevice | null;
  /** 0 for "on the link". */
  readonly gateway: Ipv4;
  readonly weight?: number;
  readonly onlink?: boolean;
}

/** A route as an administrator gives it; what is left out is chosen as iproute2 does. */
export interface RouteSpec {
  readonly destination: Cidr;
  readonly nexthops: readonly NexthopSpec[];
  readonly type?: AddressType;
  readonly table?: number;
  readonly scope?: Scope;
  readonly protocol?: number;
  readonly metric?: number;
  readonly tos?: number;
  readonly prefSource?: Ipv4;
  readonly metrics?: RouteMetrics;
}

/** One of each for all hosts: a gateway is found before the next is looked for. */
const toGateway = new Flow();
const result = new FibResult();

/** Makes the outcomes of routes. */
export class FibInfoCreator {
  readonly #fib: Fib;

  constructor(fib: Fib) {
    this.#fib = fib;
  }

  /** The outcome of a route, or why there is none. */
  create(spec: RouteSpec, type: AddressType): FibInfo | Refusal {
    const hasGateway = spec.nexthops.some((nexthop) => nexthop.gateway !== 0);
    const scope = spec.scope ?? defaultScope(type, hasGateway);
    if (narrowestScope(type) > scope) return refuse(EINVAL, "Invalid scope");
    const nexthops = this.#nexthops(spec, type, scope);
    if ("errno" in nexthops) return nexthops;
    const prefSource = spec.prefSource ?? ANY_ADDRESS;
    const isOwn = type === AddressType.LOCAL && prefSource === spec.destination.address;
    const isKnown = prefSource === 0 || isOwn || leadsNowhere(type);
    if (!isKnown && this.#fib.addressType(prefSource) !== AddressType.LOCAL) {
      return refuse(EINVAL, "Invalid prefsrc address");
    }
    const info = {
      protocol: spec.protocol ?? RouteProtocol.BOOT,
      scope,
      priority: spec.metric ?? 0,
      prefSource,
      metrics: spec.metrics ?? NO_METRICS,
      nexthops,
    };
    rebalance(info);
    return info;
  }

  #nexthops(spec: RouteSpec, type: AddressType, scope: Scope): readonly Nexthop[] | Refusal {
    if (leadsNowhere(type)) {
      if (spec.nexthops.length === 0) return [new Nexthop(null, ANY_ADDRESS)];
      return refuse(
        EINVAL,
        "Gateway, device and multipath can not be specified for this route type",
      );
    }
    if (spec.nexthops.length === 0) return refuse(ENODEV);
    const table = spec.table ?? Table.MAIN;
    const nexthops: Nexthop[] = [];
    for (const wanted of spec.nexthops) {
      const nexthop = this.#checkNexthop(wanted, scope, table);
      if ("errno" in nexthop) return nexthop;
      nexthops.push(nexthop);
    }
    // A copy has no room for more, which would be most of what a route takes up.
    return [...nexthops];
  }

  #checkNexthop(wanted: NexthopSpec, scope: Scope, table: number): Nexthop | Refusal {
    const { device, gateway } = wanted;
    const nexthop = new Nexthop(device, gateway, wanted.weight ?? 1, wanted.onlink === true);
    if (scope === Scope.HOST) {
      if (gateway !== 0) return refuse(EINVAL, "Route with host scope can not have a gateway");
      if (device === null) return refuse(ENODEV);
      nexthop.scope = Scope.NOWHERE;
      return nexthop;
    }
    if (gateway !== 0) return this.#checkGateway(nexthop, scope, table);
    if (device === null) return refuse(ENODEV);
    if (!device.up) return refuse(ENETDOWN, "Device for nexthop is not up");
    nexthop.scope = Scope.HOST;
    nexthop.linkdown = !device.carrier;
    return nexthop;
  }

  #checkGateway(nexthop: Nexthop, scope: Scope, table: number): Nexthop | Refusal {
    const { device, gateway } = nexthop;
    if (scope >= Scope.LINK) return refuse(EINVAL, "Nexthop has invalid scope");
    if (nexthop.onlink) {
      if (device === null) return refuse(ENODEV, "Nexthop device required for onlink");
      if (!device.up) return refuse(ENETDOWN, "Nexthop device is not up");
      if (this.#fib.addressType(gateway) !== AddressType.UNICAST) {
        return refuse(EINVAL, "Nexthop has invalid gateway");
      }
      nexthop.scope = Scope.LINK;
      nexthop.linkdown = !device.carrier;
      return nexthop;
    }
    const flow = toGateway.reset();
    flow.destination = gateway;
    flow.scope = Math.max(scope + 1, Scope.LINK);
    flow.outputIndex = device?.index ?? 0;
    let error: number = -EAGAIN;
    if (table !== Table.MAIN) {
      error = this.#fib.table(table).lookup(gateway, flow, TAKE_LINKDOWN, result);
    }
    if (error !== 0) error = this.#fib.lookupIgnoringLink(flow, result);
    if (error !== 0) return refuse(-error, "Nexthop has invalid gateway");
    const type = result.entry?.type;
    const through = result.nexthop?.device ?? null;
    if ((type !== AddressType.UNICAST && type !== AddressType.LOCAL) || through === null) {
      return refuse(EINVAL, "Nexthop has invalid gateway");
    }
    if (!through.up) return refuse(ENETDOWN, "Nexthop device is not up");
    nexthop.device = through;
    nexthop.scope = result.entry?.info.scope ?? Scope.LINK;
    nexthop.linkdown = !through.carrier;
    return nexthop;
  }
}

/** The widest scope that a route of a type may have (`fib_props`). */
function narrowestScope(type: AddressType): Scope {
  if (type === AddressType.LOCAL) return Scope.HOST;
  return type === AddressType.BROADCAST || type === AddressType.ANYCAST
    ? Scope.LINK
    : Scope.UNIVERSE;
}

function leadsNowhere(type: AddressType): boolean {
  return (
    type === AddressType.BLACKHOLE ||
    type === AddressType.UNREACHABLE ||
    type === AddressType.PROHIBIT ||
    type === AddressType.THROW
  );
}

/** The scope that `ip route` chooses. */
function defaultScope(type: AddressType, hasGateway: boolean): Scope {
  if (type === AddressType.LOCAL) return Scope.HOST;
  const isLink =
    type === AddressType.BROADCAST ||
    type === AddressType.MULTICAST ||
    type === AddressType.ANYCAST ||
    (type === AddressType.UNICAST && !hasGateway);
  return isLink ? Scope.LINK : Scope.UNIVERSE;
}

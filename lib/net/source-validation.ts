/**
 * Whether a packet's source address may have come in where it did: not one of this host's own, and,
 * with a reverse path filter, one to which answers would leave by the same device.
 *
 * Spec: RFC 3704 §2.2. Kernel: net/ipv4/fib_frontend.c (fib_validate_source), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { FibResult } from "./fib-info.ts";
import { Flow } from "./inet.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { Scope } from "./route.ts";

/** One of each for all hosts: a check ends before the next begins. */
const reverse = new Flow();
const result = new FibResult();

/** Checks sources for one host. */
export class SourceValidation {
  /** Why the last source was refused. */
  refusal: DropReason = DropReason.NOT_SPECIFIED;
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /**
   * Checks a source address against the way back (`fib_validate_source`): negative if the packet
   * must be dropped for the reason in `refusal`, else 1 if the source is a neighbour on the link, 0 if not.
   */
  check(
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
        return addresses.has(source) ? this.#refuse(DropReason.IP_LOCAL_SOURCE) : 0;
      }
    }
    const flow = reverse.reset();
    flow.destination = source;
    flow.source = destination;
    flow.tos = tos;
    flow.mark = owner.srcValidMark ? mark : 0;
    flow.inputIndex = outputIndex === 0 ? 1 : outputIndex;
    return this.#checkReverse(flow, rpFilter, owner);
  }

  #checkReverse(flow: Flow, rpFilter: number, owner: InetDevice): number {
    const { fib } = this.#namespace;
    const { device } = owner;
    const noAddress = owner.addresses.length === 0;
    if (fib.lookup(flow, result) !== 0) return this.#lastResort(rpFilter);
    const type = result.entry?.type;
    if (type !== AddressType.UNICAST) {
      if (type !== AddressType.LOCAL) return this.#refuse(DropReason.IP_INVALID_SOURCE);
      if (!owner.acceptLocal) return this.#refuse(DropReason.IP_LOCAL_SOURCE);
    }
    const { nexthop, entry } = result;
    const uses = entry?.info.nexthops.some((other) => other.device === device) === true;
    const ownLoopback = type === AddressType.LOCAL && device.kind === "loopback";
    if (uses || ownLoopback) return (nexthop?.scope ?? 0) >= Scope.HOST ? 1 : 0;
    if (noAddress) return this.#lastResort(rpFilter);
    if (rpFilter === 1) return this.#refuse(DropReason.IP_RPFILTER);
    flow.outputIndex = device.index;
    if (fib.lookupIgnoringLink(flow, result) !== 0) return 0;
    if (result.entry?.type !== AddressType.UNICAST) return 0;
    return (result.nexthop?.scope ?? 0) >= Scope.HOST ? 1 : 0;
  }

  #lastResort(rpFilter: number): number {
    return rpFilter === 0 ? 0 : this.#refuse(DropReason.IP_RPFILTER);
  }

  #refuse(reason: DropReason): number {
    this.refusal = reason;
    return -1;
  }
}

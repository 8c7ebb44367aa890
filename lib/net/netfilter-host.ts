/**
 * What netfilter asks of a host, answered by the host's routing, addresses and ICMP.
 *
 * Kernel: net/ipv4/netfilter.c (ip_route_me_harder), net/ipv4/netfilter/nf_reject_ipv4.c,
 * nf_defrag_ipv4.c, ipt_rpfilter.c, 6.18.
 */
import { ANY_ADDRESS, type Ipv4, isMulticast, isZeroNet, LIMITED_BROADCAST } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { bridgeInfoOf } from "../netfilter/bridge-info.ts";
import { AddressType, type DefragUser, type NetfilterHost } from "../netfilter/hooks.ts";
import { boundDeviceOf } from "../netfilter/socket-owner.ts";
import type { Cpu } from "../sim/cpu.ts";
import { type DropCounters, DropReason } from "../sim/drop-reason.ts";
import type { Random } from "../sim/random.ts";
import * as ethernet from "../wire/ethernet.ts";
import type { Frame } from "../wire/frame.ts";
import type { FramePool } from "../wire/frame-pool.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4 } from "../wire/protocol-numbers.ts";
import { FibResult } from "./fib-info.ts";
import { Flow } from "./inet.ts";
import type { Namespace } from "./namespace.ts";
import { routeOf, Scope } from "./route.ts";

/** A namespace in the part that netfilter knows. */
export class NamespaceNetfilterHost implements NetfilterHost {
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly drops: DropCounters;
  readonly #namespace: Namespace;
  readonly #flow = new Flow();
  readonly #result = new FibResult();

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.name = namespace.name;
    this.cpu = namespace.cpu;
    this.random = namespace.random;
    this.pool = namespace.pool;
    this.drops = namespace.drops;
  }

  get defaultTtl(): number {
    return this.#namespace.conf.ipDefaultTtl;
  }

  addressType(address: number, device: NetDevice | null): AddressType {
    return this.#namespace.fib.addressType(address, device);
  }

  primaryAddress(device: NetDevice): number {
    return this.#namespace.inet(device).addresses[0]?.local ?? 0;
  }

  masqueradeAddress(frame: Frame, device: NetDevice): number {
    const destination = ipv4.destination(frame.view, frame.l3);
    const nexthop = routeOf(frame)?.nexthop(destination) ?? destination;
    return this.#namespace.addresses.select(device, nexthop, Scope.UNIVERSE);
  }

  rerouteOutput(frame: Frame): boolean {
    const { view, l3 } = frame;
    const flow = this.#flow.reset();
    flow.destination = ipv4.destination(view, l3);
    flow.tos = ipv4.tos(view, l3) & 0xfc;
    flow.mark = frame.mark;
    flow.protocol = ipv4.protocol(view, l3);
    flow.outputIndex = boundDeviceOf(frame);
    const source = ipv4.source(view, l3);
    const type = this.#namespace.fib.addressType(source);
    if (type === AddressType.LOCAL || type === AddressType.UNICAST) {
      flow.source = source;
      flow.anySource = true;
    }
    const route = this.#namespace.routing.output(flow);
    if (typeof route === "number") return false;
    frame.route = route;
    return true;
  }

  dropRoute(frame: Frame): void {
    frame.route = null;
  }

  hasRoute(frame: Frame): boolean {
    return routeOf(frame) !== null;
  }

  sendIcmpError(frame: Frame, type: number, code: number, info: number): void {
    if (routeOf(frame) !== null) {
      this.#namespace.icmp.sendError(frame, type, code, info);
      return;
    }
    // Before routing, any route back will do (nf_reject_fill_skb_dst).
    const flow = this.#flow.reset();
    flow.destination = ipv4.source(frame.view, frame.l3);
    const route = this.#namespace.routing.output(flow);
    if (typeof route === "number") return;
    frame.route = route;
    this.#namespace.icmp.sendError(frame, type, code, info);
    frame.route = null;
  }

  answer(frame: Frame, cause: Frame): void {
    if (this.#namespace.conf.fwmarkReflect !== 0) frame.mark = cause.mark;
    if (!this.rerouteOutput(frame)) {
      frame.drop(DropReason.IP_OUTNOROUTES, this.drops);
      return;
    }
    const port = bridgeInfoOf(cause)?.physIn ?? null;
    if (port === null) {
      this.#namespace.ipOutput.localOut(frame);
      return;
    }
    const to = ethernet.source(cause.view, cause.l2);
    const from = ethernet.destination(cause.view, cause.l2);
    ethernet.write(frame.view, frame.push(ethernet.ETHERNET_SIZE), to, from, ETHERTYPE_IPV4);
    port.queueXmit(frame);
  }

  defragment(frame: Frame, user: DefragUser): Frame | null {
    const { reassembly, loopback } = this.#namespace;
    const device = this.#namespace.deviceByIndex(frame.inputIndex) ?? loopback;
    const whole = reassembly.receive(frame, user, device);
    if (whole !== null) whole.ignoreDf = true;
    return whole;
  }

  reversePathIsGood(frame: Frame, device: NetDevice, loose: boolean, useMark: boolean): boolean {
    const { view, l3 } = frame;
    const flow = this.#flow.reset();
    flow.destination = ipv4.source(view, l3);
    flow.source = usableSource(ipv4.destination(view, l3));
    flow.tos = ipv4.tos(view, l3) & 0xfc;
    flow.mark = useMark ? frame.mark : 0;
    if (this.#namespace.fib.lookup(flow, this.#result) !== 0) return false;
    const { entry } = this.#result;
    if (entry?.type !== AddressType.UNICAST) return false;
    return loose || entry.info.nexthops.some((nexthop) => nexthop.device === device);
  }
}

function usableSource(address: Ipv4): Ipv4 {
  const isSpecial = isMulticast(address) || address === LIMITED_BROADCAST || isZeroNet(address);
  return isSpecial ? ANY_ADDRESS : address;
}

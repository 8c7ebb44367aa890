/**
 * The way out: header, OUTPUT hook, POSTROUTING hook, fragmentation, neighbour.
 *
 *     queueXmit ──▶ localOut ──▶ OUTPUT ──▶ output ──▶ POSTROUTING ──▶ fragment ──▶ neighbour
 *                                             ▲
 *                                  forwarded packets
 *
 * Kernel: net/ipv4/ip_output.c (__ip_queue_xmit, __ip_local_out, ip_output, ip_mc_output,
 * ip_finish_output, ip_fragment, ip_finish_output2), 6.18.
 * Not modelled: fragments of the segments of large TCP frames that may be cut on their way; TCP makes
 * them fit before it sends.
 */
import { EMSGSIZE, ENOBUFS, EPERM } from "../base/errno.ts";
import { ANY_ADDRESS } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType, Hook } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import * as ethernet from "../wire/ethernet.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import { ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4 } from "../wire/protocol-numbers.ts";
import { Fragmenter } from "./fragment.ts";
import { CHOOSE_ID, type PacketFields } from "./inet.ts";
import { FORWARDED } from "./ip-flags.ts";
import { IpIdents } from "./ip-ident.ts";
import type { Namespace } from "./namespace.ts";
import { type Route, routeOf } from "./route.ts";

/** One for all hosts: a header is written before the next is filled in. */
const header = {
  tos: 0,
  length: 0,
  id: 0,
  fragment: 0,
  ttl: 0,
  protocol: 0,
  source: 0,
  destination: 0,
};

/** The output side of IPv4 on one host. */
export class IpOutput {
  readonly #namespace: Namespace;
  /** Made for the first packet that no socket counts. */
  #idents: IpIdents | null = null;
  /** Those not at work. Sending a fragment may bring in an answer that is cut in turn. */
  readonly #fragmenters: Fragmenter[] = [];

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /**
   * Sends a transport's packet: `start` at the transport header. Puts the IPv4 header in front and
   * takes the frame. @hot
   */
  queueXmit(frame: Frame, route: Route, fields: PacketFields): number {
    const { options } = fields;
    const size = ipv4.IPV4_SIZE + (options === null ? 0 : options.length);
    frame.l4 = frame.start;
    const l3 = frame.push(size);
    frame.l3 = l3;
    frame.packetType = PacketType.HOST;
    frame.route = route;
    frame.ignoreDf = fields.ignoreDf;
    if (options !== null) frame.bytes.set(options, l3 + ipv4.IPV4_SIZE);
    header.tos = fields.tos;
    header.length = frame.length;
    header.fragment = fields.df ? ipv4.FLAG_DF : 0;
    header.id = fields.id === CHOOSE_ID ? this.#chooseId(frame, fields) : fields.id;
    header.ttl = this.#ttl(route, fields);
    header.protocol = fields.protocol;
    header.source = fields.source;
    header.destination = fields.destination;
    ipv4.write(frame.view, l3, header, size);
    return this.localOut(frame);
  }

  /**
   * Sends a finished packet of this host, `start` at its IPv4 header, its route set. 0, or what the
   * sender is told: -EPERM if netfilter dropped it, -ENOBUFS if the line refused it. @hot
   */
  localOut(frame: Frame): number {
    this.#namespace.snmp.ip.OutRequests += 1;
    frame.protocol = ETHERTYPE_IPV4;
    const { netfilter } = this.#namespace;
    let passed: Frame | null = frame;
    if (netfilter.active(Hook.OUTPUT)) {
      passed = netfilter.run(Hook.OUTPUT, frame, null, routeOf(frame)?.device ?? null);
      if (passed === null) return netfilter.refused ? -EPERM : 0;
    }
    return this.output(passed);
  }

  /** Sends a packet along its route, `start` at its IPv4 header (`dst_output`). As `localOut`. @hot */
  output(frame: Frame): number {
    const route = routeOf(frame);
    if (route === null) {
      frame.drop(DropReason.IP_OUTNOROUTES, this.#namespace.drops);
      return 0;
    }
    const { netfilter } = this.#namespace;
    if (route.type === AddressType.BROADCAST && route.device.kind !== "loopback") {
      this.#loopBack(frame, route.device);
    }
    if (!netfilter.active(Hook.POSTROUTING)) return this.#finish(frame, route);
    const passed = netfilter.run(Hook.POSTROUTING, frame, this.#inputDevice(frame), route.device);
    if (passed === null) return netfilter.refused ? -EPERM : 0;
    return this.#finish(passed, routeOf(passed) ?? route);
  }

  /** The MTU that bounds a frame on its route (`ip_skb_dst_mtu`). @hot */
  mtuFor(frame: Frame, route: Route): number {
    if ((frame.ipFlags & FORWARDED) === 0) return route.mtu;
    return route.forwardMtu(this.#namespace.conf.ipForwardUsePmtu !== 0);
  }

  /** 0, or -ENOBUFS when the line refused the packet or a piece of it (`net_xmit_errno`). @hot */
  #finish(frame: Frame, route: Route): number {
    const mtu = this.mtuFor(frame, route);
    const isGso = frame.gsoSize > 0 && frame.payload !== null;
    if (!isGso) {
      if (frame.length > mtu || frame.fragmentMaxSize > 0) {
        return this.#fragment(frame, route, mtu);
      }
    } else if (frame.end - frame.start + frame.gsoSize > mtu) {
      if (ipv4.hasDf(frame.view, frame.start)) return this.#refuse(frame, mtu);
    }
    return this.#toNeighbour(frame, route);
  }

  /** What is too large and must not be cut goes back as an error, to this host as to any other. */
  #refuse(frame: Frame, mtu: number): number {
    const { snmp, icmp, drops } = this.#namespace;
    snmp.ip.FragFails += 1;
    icmp.sendError(frame, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED, mtu);
    frame.drop(DropReason.PKT_TOO_BIG, drops);
    return -EMSGSIZE;
  }

  #fragment(frame: Frame, route: Route, mtu: number): number {
    const { snmp, drops } = this.#namespace;
    const { view, start } = frame;
    const largest = frame.fragmentMaxSize;
    if (ipv4.hasDf(view, start) && (!frame.ignoreDf || (largest > 0 && largest > mtu))) {
      return this.#refuse(frame, mtu);
    }
    const limit = largest > 0 && largest < mtu ? largest : mtu;
    if (frame.length <= limit) return this.#toNeighbour(frame, route);
    const fragmenter = this.#fragmenters.pop() ?? new Fragmenter();
    fragmenter.begin(frame, limit);
    let result = 0;
    for (let piece = fragmenter.next(); piece !== null; piece = fragmenter.next()) {
      snmp.ip.FragCreates += 1;
      result = this.#toNeighbour(piece, route);
      // What the device does not take the others need not follow.
      if (result !== 0) break;
    }
    this.#fragmenters.push(fragmenter);
    if (result !== 0) {
      snmp.ip.FragFails += 1;
      frame.drop(DropReason.PKT_TOO_BIG, drops);
      return result;
    }
    snmp.ip.FragOKs += 1;
    frame.deliver();
    return 0;
  }

  /** @hot */
  #toNeighbour(frame: Frame, route: Route): number {
    const { snmp } = this.#namespace;
    const { device } = route;
    snmp.ip.OutTransmits += 1;
    snmp.ipExt.OutOctets += frame.length;
    if (route.type === AddressType.MULTICAST) {
      snmp.ipExt.OutMcastPkts += 1;
      snmp.ipExt.OutMcastOctets += frame.length;
    } else if (route.type === AddressType.BROADCAST) {
      snmp.ipExt.OutBcastPkts += 1;
      snmp.ipExt.OutBcastOctets += frame.length;
    }
    let neighbour = route.neighbour;
    const nexthop = route.loopback
      ? ANY_ADDRESS
      : route.nexthop(ipv4.destination(frame.view, frame.start));
    if (neighbour === null || neighbour.dead || neighbour.address !== nexthop) {
      neighbour = this.#namespace.neighbours.get(device, nexthop);
      if (neighbour === null) {
        frame.drop(DropReason.NEIGH_CREATEFAIL, this.#namespace.drops);
        return -ENOBUFS;
      }
      route.neighbour = neighbour;
    }
    if (frame.confirmsNeighbour) neighbour.confirm();
    return neighbour.output(frame) ? 0 : -ENOBUFS;
  }

  /** A broadcast is for this host as well: it gets a copy (`ip_mc_output`). */
  #loopBack(frame: Frame, device: NetDevice): void {
    const { netfilter, cpu } = this.#namespace;
    let copy: Frame | null = frame.copy();
    if (netfilter.active(Hook.POSTROUTING)) {
      copy = netfilter.run(Hook.POSTROUTING, copy, null, device);
      if (copy === null) return;
    }
    copy.l3 = copy.start;
    copy.push(ethernet.ETHERNET_SIZE);
    copy.l2 = copy.start;
    copy.pull(ethernet.ETHERNET_SIZE);
    if (copy.checksumPending) copy.checksumVerified = true;
    copy.packetType = PacketType.HOST;
    copy.inputIndex = device.index;
    copy.receiver = this.#namespace.loopedBack;
    cpu.raise(copy);
  }

  #inputDevice(frame: Frame): NetDevice | null {
    if ((frame.ipFlags & FORWARDED) === 0) return null;
    return this.#namespace.deviceByIndex(frame.inputIndex);
  }

  #chooseId(frame: Frame, fields: PacketFields): number {
    if (fields.df && !fields.ignoreDf) return 0;
    const segments = frame.gsoSize === 0 ? 1 : Math.ceil(frame.payloadLength / frame.gsoSize);
    const { name, cpu, random } = this.#namespace;
    this.#idents ??= new IpIdents(cpu, random.stream(`${name}:ip:ident`));
    return this.#idents.reserve(fields.source, fields.destination, fields.protocol, segments);
  }

  #ttl(route: Route, fields: PacketFields): number {
    if (fields.ttl !== 0) return fields.ttl;
    if (route.isMulticast) return 1;
    const { hoplimit } = route.metrics;
    return hoplimit !== 0 ? hoplimit : this.#namespace.conf.ipDefaultTtl;
  }
}

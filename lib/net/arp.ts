/**
 * ARP: who is asked, who answers, and what is learnt on the way.
 *
 * Spec: RFC 826, RFC 5227. Kernel: net/ipv4/arp.c (arp_solicit, arp_process, arp_ignore,
 * arp_filter, arp_fwd_proxy), 6.18.
 * Not modelled: `arp_announce` on devices enslaved to a VRF, arpd (`app_solicit`).
 */
import { ANY_ADDRESS, type Ipv4, isLoopback, isMulticast } from "../base/inet.ts";
import { BROADCAST_MAC, type Mac, ZERO_MAC } from "../base/mac.ts";
import { Ring } from "../base/ring.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import { JIFFY_NS } from "../sim/jiffies.ts";
import { type Timer, WheelTimer } from "../sim/timer.ts";
import * as arp from "../wire/arp.ts";
import * as ethernet from "../wire/ethernet.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_ARP } from "../wire/protocol-numbers.ts";
import { Flow } from "./inet.ts";
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import type { Neighbour } from "./neighbour.ts";
import { Nud } from "./nud.ts";
import { routeOf, Scope } from "./route.ts";

/** `locktime` is given in ticks of USER_HZ. */
const USER_TICK_NS = 10_000_000;
const LEARNT = { override: true, admin: false };
const KEPT = { override: false, admin: false };

/** One for all hosts: a look-up ends before the next begins. */
const back = new Flow();

/** ARP on one host. */
export class Arp {
  readonly #namespace: Namespace;
  /** Requests that are answered by proxy after a random delay. */
  readonly #delayed = new Ring<Frame>(4);
  readonly #delayTimer: WheelTimer;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#delayTimer = new WheelTimer(namespace.cpu, this);
  }

  /** Asks who has the neighbour's address; `frame` waits for it, or is null (`arp_solicit`). */
  solicit(neighbour: Neighbour, frame: Frame | null): void {
    const { device, owner, address } = neighbour;
    const wanted = frame === null ? ANY_ADDRESS : this.#sourceFor(owner, frame, address);
    const source =
      wanted !== 0 ? wanted : this.#namespace.addresses.select(device, address, Scope.LINK);
    const unicast = neighbour.probes < owner.neighbourConf.ucastSolicit;
    const to = unicast ? neighbour.mac : BROADCAST_MAC;
    this.#send(device, arp.ARP_REQUEST, to, device.mac, source, ZERO_MAC, address);
  }

  /** Tells the link who has `address` (a gratuitous request, as `arp_notify` sends it). */
  announce(device: NetDevice, address: Ipv4): void {
    this.#send(device, arp.ARP_REQUEST, BROADCAST_MAC, device.mac, address, ZERO_MAC, address);
  }

  /** Takes an ARP frame, `start` at the ARP header. */
  receive(frame: Frame, device: NetDevice): void {
    const { drops } = this.#namespace;
    if (frame.packetType === PacketType.OTHERHOST || device.kind === "loopback" || device.noArp) {
      frame.drop(DropReason.OTHERHOST, drops);
      return;
    }
    if (!arp.isValid(frame.view, frame.start, frame.end)) {
      frame.drop(DropReason.ARP_INVALID, drops);
      return;
    }
    frame.l3 = frame.start;
    const reason = this.#process(frame, this.#namespace.inet(device));
    if (reason === null) return;
    if (reason === DropReason.NOT_SPECIFIED) frame.deliver();
    else frame.drop(reason, drops);
  }

  /** For the wheel timer: proxy answers are due. */
  expired(_timer: Timer): void {
    for (let frame = this.#delayed.shift(); frame !== null; frame = this.#delayed.shift()) {
      const device = this.#namespace.deviceByIndex(frame.inputIndex);
      if (device !== null) this.#answer(frame, device);
      frame.deliver();
    }
  }

  /** The reason why the frame ends, NOT_SPECIFIED if it did its work, null if it was kept. */
  #process(frame: Frame, owner: InetDevice): DropReason | null {
    const { view, l3: at } = frame;
    const operation = arp.operation(view, at);
    if (operation !== arp.ARP_REQUEST && operation !== arp.ARP_REPLY) {
      return DropReason.ARP_INVALID;
    }
    const sender = arp.senderIp(view, at);
    const target = arp.targetIp(view, at);
    if (isMulticast(target) || (isLoopback(target) && !owner.routeLocalnet)) {
      return DropReason.ARP_INVALID;
    }
    if (sender === target && owner.dropGratuitousArp) return DropReason.ARP_IGNORED;
    if (sender === 0) {
      this.#answerProbe(frame, owner, operation, target);
      return DropReason.NOT_SPECIFIED;
    }
    if (operation === arp.ARP_REQUEST) {
      const outcome = this.#request(frame, owner, sender, target);
      if (outcome !== DropReason.ARP_NOT_FOR_US) return outcome;
    }
    this.#learn(frame, owner, operation, sender, target);
    return DropReason.NOT_SPECIFIED;
  }

  /** Duplicate address detection: somebody asks before he takes the address. */
  #answerProbe(frame: Frame, owner: InetDevice, operation: number, target: Ipv4): void {
    if (operation !== arp.ARP_REQUEST) return;
    if (this.#namespace.fib.addressType(target) !== AddressType.LOCAL) return;
    if (!this.#ignores(owner, ANY_ADDRESS, target)) this.#answer(frame, owner.device);
  }

  #request(frame: Frame, owner: InetDevice, sender: Ipv4, target: Ipv4): DropReason | null {
    const { device } = owner;
    const reason = this.#namespace.routing.input(frame, target, sender, 0, device);
    const route = routeOf(frame);
    frame.route = null;
    if (reason !== null || route === null) return DropReason.ARP_NOT_FOR_US;
    if (route.type === AddressType.LOCAL) {
      if (this.#ignores(owner, sender, target)) return DropReason.ARP_IGNORED;
      if (owner.arpFilter && this.#filters(sender, target, device)) return DropReason.ARP_IGNORED;
      if (this.#hear(frame, device, sender)) this.#answer(frame, device);
      return DropReason.NOT_SPECIFIED;
    }
    if (!owner.forwarding || route.type !== AddressType.UNICAST) return DropReason.ARP_NOT_FOR_US;
    const isElsewhere = route.device !== device;
    const answers =
      (owner.proxyArp && isElsewhere) ||
      (owner.proxyArpPvlan && !isElsewhere) ||
      (isElsewhere && this.#namespace.neighbours.proxies.has(device, target));
    if (!answers) return DropReason.ARP_NOT_FOR_US;
    this.#hear(frame, device, sender);
    if (frame.packetType === PacketType.HOST || owner.neighbourConf.proxyDelay === 0) {
      this.#answer(frame, device);
      return DropReason.NOT_SPECIFIED;
    }
    return this.#answerLater(frame, owner);
  }

  /** The asker has told its own address, too (`neigh_event_ns`). */
  #hear(frame: Frame, device: NetDevice, sender: Ipv4): boolean {
    const neighbour = this.#namespace.neighbours.get(device, sender);
    neighbour?.update(arp.senderMac(frame.view, frame.l3), Nud.STALE, LEARNT);
    return neighbour !== null;
  }

  #learn(frame: Frame, owner: InetDevice, operation: number, sender: Ipv4, target: Ipv4): void {
    const { neighbours, fib, cpu } = this.#namespace;
    const { device } = owner;
    const accepts =
      owner.arpAccept === 1 ||
      (owner.arpAccept === 2 && owner.addresses.some(() => owner.isOnLink(sender, 0)));
    let neighbour = neighbours.find(device, sender);
    if (neighbour === null && !accepts) return;
    const senderMac = arp.senderMac(frame.view, frame.l3);
    const isUnicast = fib.addressType(sender) === AddressType.UNICAST;
    let gratuitous = sender === target && isUnicast;
    if (gratuitous && operation === arp.ARP_REPLY) {
      gratuitous = arp.targetMac(frame.view, frame.l3) === senderMac;
    }
    if (neighbour === null && (gratuitous || (operation === arp.ARP_REPLY && isUnicast))) {
      neighbour = neighbours.get(device, sender);
    }
    if (neighbour === null) return;
    const unlocked = cpu.now > neighbour.updatedAt + owner.neighbourConf.locktime * USER_TICK_NS;
    const solicited = operation === arp.ARP_REPLY && frame.packetType === PacketType.HOST;
    const state = solicited ? Nud.REACHABLE : Nud.STALE;
    neighbour.update(senderMac, state, unlocked || gratuitous ? LEARNT : KEPT);
  }

  /** Whether `arp_ignore` forbids an answer. */
  #ignores(owner: InetDevice, sender: Ipv4, target: Ipv4): boolean {
    switch (owner.arpIgnore) {
      case 1:
        return owner.addressOf(target) === null;
      case 2:
        return !owner.addresses.some(
          (entry) => entry.local === target && owner.isOnLink(target, sender),
        );
      case 3:
        return !this.#namespace
          .inetDevices()
          .some((other) => other.addresses.some((e) => e.local === target && e.scope < Scope.LINK));
      case 8:
        return true;
      default:
        return false;
    }
  }

  /** Whether an answer would leave by another device (`arp_filter`). */
  #filters(sender: Ipv4, target: Ipv4, device: NetDevice): boolean {
    const flow = back.reset();
    flow.destination = sender;
    flow.source = target;
    const route = this.#namespace.routing.output(flow);
    if (typeof route === "number") return true;
    if (route.device === device) return false;
    this.#namespace.snmp.ArpFilter += 1;
    return true;
  }

  /** The source of the packet that waits, if `arp_announce` lets it be told. */
  #sourceFor(owner: InetDevice, frame: Frame, target: Ipv4): Ipv4 {
    if (owner.arpAnnounce >= 2) return ANY_ADDRESS;
    const source = ipv4.source(frame.view, frame.start);
    if (this.#namespace.fib.addressType(source) !== AddressType.LOCAL) return ANY_ADDRESS;
    return owner.arpAnnounce === 0 || owner.isOnLink(target, source) ? source : ANY_ADDRESS;
  }

  #answer(frame: Frame, device: NetDevice): void {
    const { view, l3 } = frame;
    const to = arp.senderMac(view, l3);
    const asked = arp.targetIp(view, l3);
    this.#send(device, arp.ARP_REPLY, to, device.mac, asked, to, arp.senderIp(view, l3));
  }

  #answerLater(frame: Frame, owner: InetDevice): DropReason | null {
    const { proxyDelay, proxyQlen } = owner.neighbourConf;
    if (this.#delayed.length > proxyQlen) return DropReason.ARP_IGNORED;
    const stream = this.#namespace.random.stream(`${this.#namespace.name}:arp:proxy`);
    const jiffies = stream.below(Math.ceil((proxyDelay * USER_TICK_NS) / JIFFY_NS));
    this.#delayed.push(frame);
    if (!this.#delayTimer.armed) this.#delayTimer.armJiffies(jiffies);
    return null;
  }

  #send(
    device: NetDevice,
    operation: number,
    to: Mac,
    senderMac: Mac,
    senderIp: Ipv4,
    targetMac: Mac,
    targetIp: Ipv4,
  ): void {
    const frame = this.#namespace.pool.takeForPayload(arp.ARP_SIZE);
    frame.l3 = frame.start;
    frame.protocol = ETHERTYPE_ARP;
    arp.write(frame.view, frame.start, { operation, senderMac, senderIp, targetMac, targetIp });
    const at = frame.push(ethernet.ETHERNET_SIZE);
    ethernet.write(frame.view, at, to, device.mac, ETHERTYPE_ARP);
    device.queueXmit(frame);
  }
}

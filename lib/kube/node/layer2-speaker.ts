/**
 * The part of MetalLB's speaker that is on one node: it answers ARP for addresses that no device of
 * the node has, through a raw socket on each device, and announces those it has just taken over.
 *
 * Spec: MetalLB v0.14, internal/layer2 (arp.go, announcer.go); RFC 826.
 * Differs: one device is served; MetalLB opens a socket on each that is up.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { BROADCAST_MAC, type Mac } from "../../base/mac.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import { Direction, type FrameTap } from "../../capture/tap.ts";
import type { NetDevice } from "../../link/device.ts";
import type { ShellHost } from "../../shell/host.ts";
import { type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import * as arp from "../../wire/arp.ts";
import * as ethernet from "../../wire/ethernet.ts";
import type { Frame } from "../../wire/frame.ts";
import { ETHERTYPE_ARP } from "../../wire/protocol-numbers.ts";

/** An address is announced for so long, this often. */
const ANNOUNCE_NS: Ns = 5000 * NS_PER_MS;
const INTERVAL_NS: Ns = 1100 * NS_PER_MS;
/** The speaker's Ethernet library fills frames up to the least payload itself. */
const MIN_PAYLOAD = 46;
/** Questions that wait for the speaker; what a raw socket's buffer holds of them, about. */
const MAX_QUESTIONS = 256;

interface Question {
  readonly from: Mac;
  readonly sender: Ipv4;
  readonly target: Ipv4;
}

/** The speaker of one node. */
export class Layer2Speaker implements FrameTap {
  readonly #host: ShellHost;
  readonly #device: NetDevice;
  readonly #addresses = new Map<Ipv4, { announceUntil: Ns }>();
  readonly #questions: Question[] = [];
  readonly #wakeUp = new WaitQueue();
  #nextRound: Ns = Number.POSITIVE_INFINITY;

  /** Starts the speaker on a device of a host; both are borrowed. */
  constructor(host: ShellHost, device: NetDevice) {
    this.#host = host;
    this.#device = device;
    device.taps.push(this);
    host.processes.spawn("speaker", this.#run());
  }

  /** Whether this node answers for the address. */
  has(address: Ipv4): boolean {
    return this.#addresses.has(address);
  }

  /** Takes an address over; one that is here already is not announced again. */
  add(address: Ipv4): void {
    if (this.#addresses.has(address)) return;
    const { now } = this.#host.namespace.cpu;
    this.#addresses.set(address, { announceUntil: now + ANNOUNCE_NS });
    this.#announce(address);
    this.#nextRound = Math.min(this.#nextRound, now + INTERVAL_NS);
    this.#wakeUp.wake();
  }

  /** Gives an address up: nothing is said of it. */
  remove(address: Ipv4): void {
    this.#addresses.delete(address);
  }

  /** A frame passes the device. */
  frame(frame: Frame, direction: Direction): void {
    if (direction !== Direction.IN || this.#addresses.size === 0) return;
    const { view, l2, end } = frame;
    const at = l2 + ethernet.ETHERNET_SIZE;
    if (ethernet.type(view, l2) !== ETHERTYPE_ARP || !arp.isValid(view, at, end)) return;
    const to = ethernet.destination(view, l2);
    if (to !== BROADCAST_MAC && to !== this.#device.mac) return;
    if (arp.operation(view, at) !== arp.ARP_REQUEST) return;
    const target = arp.targetIp(view, at);
    if (!this.#addresses.has(target) || this.#questions.length >= MAX_QUESTIONS) return;
    this.#questions.push({
      from: arp.senderMac(view, at),
      sender: arp.senderIp(view, at),
      target,
    });
    this.#wakeUp.wake();
  }

  *#run(): Program<number> {
    const { cpu } = this.#host.namespace;
    for (;;) {
      yield waitFor([this.#wakeUp], Math.max(0, this.#nextRound - cpu.now));
      for (let next = this.#questions.shift(); next !== undefined; next = this.#questions.shift()) {
        cpu.spend(cpu.costs.syscallNs);
        this.#send(next.from, arp.ARP_REPLY, next.target, next.from, next.sender);
      }
      if (cpu.now >= this.#nextRound) this.#announceAgain();
    }
  }

  #announceAgain(): void {
    const { now } = this.#host.namespace.cpu;
    const due = [...this.#addresses].filter(([, { announceUntil }]) => now <= announceUntil);
    for (const [address] of due) this.#announce(address);
    this.#nextRound = due.length === 0 ? Number.POSITIVE_INFINITY : now + INTERVAL_NS;
  }

  /** A request and a reply of one's own address, for those who believe only one of them. */
  #announce(address: Ipv4): void {
    for (const operation of [arp.ARP_REQUEST, arp.ARP_REPLY]) {
      this.#send(BROADCAST_MAC, operation, address, BROADCAST_MAC, address);
    }
  }

  #send(to: Mac, operation: number, senderIp: Ipv4, targetMac: Mac, targetIp: Ipv4): void {
    const device = this.#device;
    const frame = this.#host.namespace.pool.takeForPayload(MIN_PAYLOAD);
    frame.bytes.fill(0, frame.start, frame.end);
    frame.l3 = frame.start;
    frame.protocol = ETHERTYPE_ARP;
    arp.write(frame.view, frame.start, {
      operation,
      senderMac: device.mac,
      senderIp,
      targetMac,
      targetIp,
    });
    const at = frame.push(ethernet.ETHERNET_SIZE);
    ethernet.write(frame.view, at, to, device.mac, ETHERTYPE_ARP);
    device.queueXmit(frame);
  }
}

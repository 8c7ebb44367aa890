/**
 * A router of two cables that has netfilter and no more of a network stack than netfilter asks for:
 * it forwards between `a` (10.1.0.0/16) and `b` (everything else), and swallows what is for itself.
 */
import { parseMac } from "../../lib/base/mac.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import { attachAnswer } from "../../lib/netfilter/conntrack/connection.ts";
import { AddressType, Hook, type NetfilterHost } from "../../lib/netfilter/hooks.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { KERNEL_SOCKET } from "../../lib/netfilter/socket-owner.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import { DropCounters, DropReason } from "../../lib/sim/drop-reason.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import { type Frame, HEADROOM, PacketType } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_ICMP } from "../../lib/wire/protocol-numbers.ts";
import { PlainDevice } from "./plain-device.ts";

/** An end of the router. */
export type Side = "a" | "b";

/** A packet that came out of a cable. */
export interface Emitted {
  readonly side: Side;
  readonly bytes: Buffer;
}

const ADDRESS_A = 0x0a010001;
const ADDRESS_B = 0x0a020001;
const MACS = {
  a: { router: parseMac("02:00:00:00:00:0a"), far: parseMac("02:00:00:00:00:fa") },
  b: { router: parseMac("02:00:00:00:00:0b"), far: parseMac("02:00:00:00:00:fb") },
};

/** The router. */
export class FakeRouter implements NetfilterHost {
  readonly name = "router";
  readonly cpu = new Cpu(new Scheduler());
  readonly random = new Random(1);
  readonly pool = new FramePool({ poison: true });
  readonly drops = new DropCounters();
  readonly defaultTtl = 64;
  readonly netfilter: Netfilter;
  readonly a: NetDevice;
  readonly b: NetDevice;
  #emitted: Emitted[] = [];
  /** Whether OUTPUT has asked for another route of the frame that it looks at. */
  #isRerouted = false;

  constructor() {
    this.a = new PlainDevice(this, "va", 2);
    this.b = new PlainDevice(this, "vb", 3);
    this.netfilter = new Netfilter(this);
  }

  /** Takes a packet in from a cable at `now` (ns); returns what comes out. */
  inject(side: Side, packet: Uint8Array, now = this.cpu.scheduler.now + 5_000_000): Emitted[] {
    this.#emitted = [];
    this.cpu.scheduler.now = now;
    const frame = this.pool.take(2048);
    frame.packetId = this.pool.nextPacketId();
    frame.start = HEADROOM;
    frame.l2 = HEADROOM - ethernet.ETHERNET_SIZE;
    frame.l3 = HEADROOM;
    frame.end = HEADROOM + packet.length;
    const macs = MACS[side];
    ethernet.write(frame.view, frame.l2, macs.router, macs.far, ETHERTYPE_IPV4);
    frame.bytes.set(packet, HEADROOM);
    frame.l4 = HEADROOM + ipv4.headerSize(frame.view, HEADROOM);
    frame.packetType = PacketType.HOST;
    const device = side === "a" ? this.a : this.b;
    frame.inputIndex = device.index;
    const routed = this.netfilter.run(Hook.PREROUTING, frame, device, null);
    if (routed !== null) this.#route(routed, device);
    return this.#emitted;
  }

  #route(frame: Frame, from: NetDevice): void {
    const destination = ipv4.destination(frame.view, frame.l3);
    if (this.addressType(destination) === AddressType.LOCAL) {
      this.netfilter.run(Hook.INPUT, frame, from, null)?.deliver();
      return;
    }
    if (ipv4.ttl(frame.view, frame.l3) <= 1) {
      this.sendIcmpError(frame, icmp.ICMP_TIME_EXCEEDED, 0, 0);
      frame.drop(DropReason.TTL_EXCEEDED, this.drops);
      return;
    }
    ipv4.decreaseTtl(frame.view, frame.l3);
    const out = this.#deviceTo(destination);
    const passed = this.netfilter.run(Hook.FORWARD, frame, from, out);
    if (passed !== null) this.#output(passed, out);
  }

  #output(frame: Frame, out: NetDevice): void {
    const passed = this.netfilter.run(Hook.POSTROUTING, frame, null, out);
    if (passed === null) return;
    const bytes = Buffer.from(passed.bytes.subarray(passed.start, passed.end));
    this.#emitted.push({ side: out === this.a ? "a" : "b", bytes });
    passed.deliver();
  }

  #deviceTo(destination: number): NetDevice {
    return destination >>> 16 === 0x0a01 ? this.a : this.b;
  }

  addressType(address: number, device: NetDevice | null = null): AddressType {
    const isOwn = address === ADDRESS_A || address === ADDRESS_B || address >>> 24 === 127;
    if (isOwn && (device === null || this.primaryAddress(device) === address)) {
      return AddressType.LOCAL;
    }
    if (address === 0x0a01ffff || address === 0x0a02ffff || address === -1) {
      return AddressType.BROADCAST;
    }
    return address >>> 28 === 14 ? AddressType.MULTICAST : AddressType.UNICAST;
  }

  primaryAddress(device: NetDevice): number {
    return device === this.a ? ADDRESS_A : ADDRESS_B;
  }

  masqueradeAddress(_frame: Frame, device: NetDevice): number {
    return this.primaryAddress(device);
  }

  rerouteOutput(): boolean {
    this.#isRerouted = true;
    return true;
  }

  dropRoute(): void {}

  hasRoute(): boolean {
    return true;
  }

  sendIcmpError(cause: Frame, type: number, code: number, info: number): void {
    // No error about an error (RFC 1122 §3.2.2).
    const isIcmp = ipv4.protocol(cause.view, cause.l3) === IPPROTO_ICMP;
    if (isIcmp && icmp.isError(icmp.type(cause.view, cause.l4))) return;
    const quoted = Math.min(cause.end - cause.l3, 576 - ipv4.IPV4_SIZE - icmp.ICMP_SIZE);
    const frame = this.pool.takeForPayload(ipv4.IPV4_SIZE + icmp.ICMP_SIZE + quoted);
    const { view, start } = frame;
    const source = ipv4.source(cause.view, cause.l3);
    const l4 = start + ipv4.IPV4_SIZE;
    cause.bytes.copy(frame.bytes, l4 + icmp.ICMP_SIZE, cause.l3, cause.l3 + quoted);
    icmp.write(view, l4, frame.end, type, code, info);
    ipv4.write(view, start, {
      tos: 0xc0 | (ipv4.tos(cause.view, cause.l3) & 0x1e),
      length: frame.end - start,
      id: 0,
      fragment: 0,
      ttl: 64,
      protocol: IPPROTO_ICMP,
      source: this.primaryAddress(this.#deviceTo(source)),
      destination: source,
    });
    attachAnswer(frame, cause);
    frame.socket = KERNEL_SOCKET;
    this.answer(frame);
  }

  answer(frame: Frame): void {
    frame.l3 = frame.start;
    frame.l4 = frame.start + ipv4.IPV4_SIZE;
    const out = this.#deviceTo(ipv4.destination(frame.view, frame.l3));
    this.#isRerouted = false;
    const passed = this.netfilter.run(Hook.OUTPUT, frame, null, out);
    if (passed === null) return;
    const to = ipv4.destination(passed.view, passed.l3);
    this.#output(passed, this.#isRerouted ? this.#deviceTo(to) : out);
  }

  defragment(frame: Frame): Frame {
    return frame;
  }

  reversePathIsGood(frame: Frame, device: NetDevice, loose: boolean): boolean {
    return loose || this.#deviceTo(ipv4.source(frame.view, frame.l3)) === device;
  }

  // As the host of its devices: frames come in by `inject` alone.
  receive(frame: Frame): void {
    frame.deliver();
  }

  deviceChanged(): void {}
}
